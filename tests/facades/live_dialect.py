"""A real server of the dialect, where somebody started one and says so.

DECAPOLIS_LIVE_DIALECT_URL names its base URL, for Apicurio for example `http://127.0.0.1:18080/apis/ccompat/v7`;
DECAPOLIS_LIVE_DIALECT_TYPE the type to speak with (confluent without it).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from decapolis_translators.confluent import ConfluentRegistry
from decapolis_translators.contract import Translator
from decapolis_translators.karapace import KarapaceRegistry
from decapolis_translators.redpanda import RedpandaRegistry
from decapolis_translators.testing.facade import Facade

_URL = "DECAPOLIS_LIVE_DIALECT_URL"
_TYPE = "DECAPOLIS_LIVE_DIALECT_TYPE"
_TYPES: dict[str, type[Translator[Any]]] = {
    each.type: each for each in (ConfluentRegistry, KarapaceRegistry, RedpandaRegistry)
}


class LiveDialect(Facade):
    """Somebody else's process; it is neither started nor stopped here."""

    name = "live-dialect"
    kind = "real"

    def available(self) -> str | None:
        """Only where a URL is given."""
        return None if os.environ.get(_URL) else f"no real server of the dialect: {_URL} is not set"

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It is not ours to stop."""

    def config(self) -> Mapping[str, Any]:
        """The given URL, and patience for slow machines."""
        return {"url": os.environ[_URL], "timeout": 20}

    def translator_type(self) -> type[Translator[Any]]:
        """The given type."""
        return _TYPES[os.environ.get(_TYPE, "confluent")]
