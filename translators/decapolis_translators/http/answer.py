"""One HTTP answer, read whole and not yet believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from decapolis_translators.errors import Garbled


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and bounded content of an answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The content as JSON; Garbled where it is none."""
        try:
            return orjson.loads(self.content)
        except ValueError:
            kind = self.headers.get("content-type", "no content type")[:100]
            raise Garbled(f"Expected JSON, got {len(self.content)} bytes of {kind}") from None
