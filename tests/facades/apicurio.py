"""Apicurio Registry: its fakes, and the real one, where DECAPOLIS_LIVE_APICURIO names it or a script may start it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from decapolis_translators.apicurio import ApicurioRegistry
from decapolis_translators.contract import Translator
from decapolis_translators.testing.facade import Facade
from decapolis_translators.testing.fakes import Loopback
from decapolis_translators.testing.fakes.apicurio import ApicurioFake
from tests.real_servers import real_server

LIVE = "DECAPOLIS_LIVE_APICURIO"


class FakeApicurio(Facade):
    """The fake of a server of release 3."""

    name = "apicurio-3"
    kind = "fake"

    def __init__(self) -> None:
        self.fake = self.made()
        self._served = Loopback(self.fake)

    def made(self) -> ApicurioFake:
        """A fake as a new server comes."""
        return ApicurioFake()

    def start(self) -> None:
        """Opens the port."""
        self._served.start()

    def stop(self) -> None:
        """Closes the port."""
        self._served.stop()

    def config(self) -> Mapping[str, Any]:
        """The URL alone."""
        return {"url": self._served.url}

    def translator_type(self) -> type[Translator[Any]]:
        """The type."""
        return ApicurioRegistry


class FakeApicurioGlobalIds(FakeApicurio):
    """A server in legacy id mode, and a group of its own."""

    name = "apicurio-3-global"

    def made(self) -> ApicurioFake:
        """A fake that gives every version an id."""
        return ApicurioFake(global_ids=True)

    def config(self) -> Mapping[str, Any]:
        """A group with a name that must travel encoded."""
        return {**super().config(), "group": "team a/b"}


class FakeApicurio2(FakeApicurio):
    """A server of release 2."""

    name = "apicurio-2"

    def made(self) -> ApicurioFake:
        """A fake without the newer API."""
        return ApicurioFake(older=True)


class RealApicurio(Facade):
    """A genuine server, shared by all tests; nothing in it is ours alone."""

    name = "apicurio-real"
    kind = "real"
    variable = LIVE

    def available(self) -> str | None:
        """Why none runs here."""
        return real_server("apicurio", self.variable)[1]

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """The end of the run stops it."""

    def config(self) -> Mapping[str, Any]:
        """Its URL, and patience for busy machines."""
        return {"url": real_server("apicurio", self.variable)[0], "timeout": 20}

    def translator_type(self) -> type[Translator[Any]]:
        """The type."""
        return ApicurioRegistry


class RealApicurioGroup(RealApicurio):
    """Another group than the default one."""

    name = "apicurio-real-group"

    def config(self) -> Mapping[str, Any]:
        """A group with a name that must travel encoded."""
        return {**super().config(), "group": "team a/b"}


class RealApicurioGlobalIds(RealApicurio):
    """The same, understood as a server in legacy id mode, which has an id for every version."""

    name = "apicurio-real-global"

    def config(self) -> Mapping[str, Any]:
        """Global ids, and a group of their own."""
        return {**super().config(), "ids": "global", "group": "global"}


class RealApicurioOlderApi(RealApicurio):
    """The same through version 2 of its API, which newer servers still have."""

    name = "apicurio-real-v2"

    def config(self) -> Mapping[str, Any]:
        """The older API."""
        return {**super().config(), "api": "v2"}


class RealApicurioOnKafka(RealApicurio):
    """A genuine server that keeps everything in a real Kafka; `make test-registries` starts both."""

    name = "apicurio-real-kafka"
    variable = "DECAPOLIS_LIVE_APICURIO_KAFKA"

    def available(self) -> str | None:
        """Only where one is named."""
        return None if os.environ.get(self.variable) else f"nobody named one: {self.variable} is not set"
