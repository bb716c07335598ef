"""Apicurio Registry: the real one, where DECAPOLIS_LIVE_APICURIO names it or a script beside us starts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis_translators.apicurio import ApicurioRegistry
from decapolis_translators.contract import Translator
from decapolis_translators.testing.facade import Facade
from tests.real_servers import real_server

LIVE = "DECAPOLIS_LIVE_APICURIO"


class RealApicurio(Facade):
    """A genuine server, shared by all tests; nothing in it is ours alone."""

    name = "apicurio-real"
    kind = "real"

    def available(self) -> str | None:
        """Why none runs here."""
        return real_server("apicurio", LIVE)[1]

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """The end of the run stops it."""

    def config(self) -> Mapping[str, Any]:
        """Its URL, and patience for busy machines."""
        return {"url": real_server("apicurio", LIVE)[0], "timeout": 20}

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
