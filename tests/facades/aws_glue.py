"""AWS Glue Schema Registry: the strict fake, moto with what it lacks, and a real one where an account is named.

DECAPOLIS_LIVE_AWS_GLUE names the region and the registry, `eu-west-1/decapolis-tests`; credentials come from the usual chain.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from decapolis_translators.aws_glue import GlueConfig, GlueRegistry
from decapolis_translators.contract import Translator
from decapolis_translators.testing.facade import Facade
from decapolis_translators.testing.fakes import Loopback
from decapolis_translators.testing.fakes.glue import GlueFake
from tests.moto_glue import MotoGlue

LIVE = "DECAPOLIS_LIVE_AWS_GLUE"
KEYS = {"region": "us-east-1", "aws_access_key_id": "AKIAFAKE", "aws_secret_access_key": "fake-secret"}


class GlueFacade(Facade):
    """What all ways to Glue share."""

    def unreachable(self) -> Translator[Any]:
        """A port that nobody listens on."""
        config = {**KEYS, "endpoint_url": "http://127.0.0.1:9", "timeout": 1}
        return GlueRegistry("nowhere", GlueConfig.model_validate(config))

    def translator_type(self) -> type[Translator[Any]]:
        """The type."""
        return GlueRegistry


class FakeGlue(GlueFacade):
    """The strict fake."""

    name = "aws-glue"
    kind = "fake"

    def __init__(self) -> None:
        self.fake = GlueFake()
        self._served = Loopback(self.fake)

    def start(self) -> None:
        """Opens the port."""
        self._served.start()

    def stop(self) -> None:
        """Closes the port; the fake keeps its state."""
        self._served.stop()

    def config(self) -> Mapping[str, Any]:
        """Its URL, any keys, and patience for busy machines."""
        return {**KEYS, "endpoint_url": self._served.url, "registry_name": "schemas", "timeout": 10}


class FakeGlueLate(FakeGlue):
    """The same, which judges late, and makes its default registry by itself."""

    name = "aws-glue-late"

    def __init__(self) -> None:
        super().__init__()
        self.fake.state.pending_reads = 2
        self.fake.state.deleting_reads = 1

    def config(self) -> Mapping[str, Any]:
        """Without the name of a registry."""
        return {key: value for key, value in super().config().items() if key != "registry_name"}


class Moto(GlueFacade):
    """moto, extended by what it lacks."""

    name = "aws-glue-moto"
    kind = "fake"

    def __init__(self) -> None:
        self.moto = MotoGlue()

    def available(self) -> str | None:
        """It comes with the development tools."""
        return self.moto.missing

    def start(self) -> None:
        """Opens a port on loopback."""
        self.moto.start()

    def stop(self) -> None:
        """Closes it and forgets everything."""
        self.moto.stop()

    def config(self) -> Mapping[str, Any]:
        """A registry that is made when it is first needed."""
        where = {"endpoint_url": self.moto.url, "registry_name": "dev-schemas", "create_registry": True}
        return {**KEYS, **where, "timeout": 20}


class RealGlue(GlueFacade):
    """A genuine registry; nothing in it is ours alone."""

    name = "aws-glue-real"
    kind = "real"
    variable = LIVE

    def available(self) -> str | None:
        """Only where one is named."""
        return None if os.environ.get(LIVE) else f"no account of AWS: {LIVE} is not set"

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It is not ours to stop."""

    def config(self) -> Mapping[str, Any]:
        """The named region and registry."""
        region, _, registry = os.environ[LIVE].partition("/")
        return {"region": region, "registry_name": registry, "create_registry": True, "timeout": 20}
