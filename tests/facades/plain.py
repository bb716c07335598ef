"""The smallest registry without integers, as it is."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from decapolis_translators.contract import Translator
from decapolis_translators.testing.facade import Facade
from decapolis_translators.testing.fakes.plain import SHELVES, PlainRegistry


class Plain(Facade):
    """In memory, a shelf of its own each time."""

    name = "plain"
    kind: ClassVar[Literal["fake", "real"]] = "fake"

    def start(self) -> None:
        self._shelf = uuid.uuid4().hex

    def stop(self) -> None:
        SHELVES.pop(self._shelf, None)

    def config(self) -> Mapping[str, Any]:
        return {"shelf": self._shelf}

    def translator_type(self) -> type[Translator[Any]]:
        return PlainRegistry

    def unreachable(self) -> Translator[Any] | None:
        return None
