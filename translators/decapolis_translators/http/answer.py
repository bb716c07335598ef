"""One HTTP answer, read whole and not yet believed."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx
import orjson

from decapolis_translators.errors import Garbled


class LateHeaders(Mapping[str, str]):
    """Headers that are read when somebody asks for one; most answers are good, and nobody does."""

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    @cached_property
    def _read(self) -> httpx.Headers:
        return httpx.Headers(list(self._raw))

    def __getitem__(self, name: str) -> str:
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


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

    def text(self) -> str:
        """The content as text; Garbled where it is no UTF-8."""
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            raise Garbled(f"Expected a text, got {len(self.content)} bytes that are none") from None

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, None where nothing readable is said: the header is a number or a date."""
        given = self.headers.get("retry-after", "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d+)?", given):
            return float(given)
        try:
            moment = email.utils.parsedate_to_datetime(given)
        except ValueError:
            return None
        return max(0.0, moment.timestamp() - time.time())
