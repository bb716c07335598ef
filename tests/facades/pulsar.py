"""Apache Pulsar: the strict fake, and a real standalone broker: DECAPOLIS_LIVE_PULSAR names it, or a script may start it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from decapolis_translators.contract import Translator
from decapolis_translators.pulsar import PulsarRegistry
from decapolis_translators.testing.facade import Facade
from decapolis_translators.testing.fakes import Loopback
from decapolis_translators.testing.fakes.pulsar import PulsarFake
from tests.real_servers import real_server

LIVE = "DECAPOLIS_LIVE_PULSAR"


class PulsarFacade(Facade):
    """What all ways to Pulsar share."""

    def translator_type(self) -> type[Translator[Any]]:
        """The type."""
        return PulsarRegistry


class FakePulsar(PulsarFacade):
    """The strict fake."""

    name = "pulsar"
    kind = "fake"

    def __init__(self) -> None:
        self.fake = PulsarFake()
        self._served = Loopback(self.fake)

    def start(self) -> None:
        """Opens the port."""
        self._served.start()

    def stop(self) -> None:
        """Closes the port; the fake keeps its state."""
        self._served.stop()

    def config(self) -> Mapping[str, Any]:
        """Its URL, and patience for busy machines."""
        return {"url": self._served.url, "timeout": 10}


class FakePulsarIdentity(FakePulsar):
    """The same, where subjects are the names of topics, and deletions erase."""

    name = "pulsar-identity"

    def config(self) -> Mapping[str, Any]:
        """The other mapping and the other way to delete."""
        return {**super().config(), "subjects": "identity", "erase": True}


class RealPulsar(PulsarFacade):
    """A genuine standalone broker, shared by all tests of a run; each façade has a namespace of its own."""

    name = "pulsar-real"
    kind = "real"
    variable = LIVE

    def __init__(self) -> None:
        self._namespace = f"t-{uuid.uuid4().hex[:12]}"

    def available(self) -> str | None:
        """Why none runs here."""
        return real_server("pulsar", LIVE)[1]

    def start(self) -> None:
        """Makes the namespace."""
        url = f"{real_server('pulsar', LIVE)[0]}/admin/v2/namespaces/public/{self._namespace}"
        httpx.put(url, json={}, timeout=30, trust_env=False).raise_for_status()

    def stop(self) -> None:
        """The end of the run stops the broker."""

    def config(self) -> Mapping[str, Any]:
        """Its URL, and patience for busy machines."""
        return {"url": real_server("pulsar", LIVE)[0], "namespace": self._namespace, "timeout": 20}
