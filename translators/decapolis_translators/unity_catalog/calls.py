"""One call to Unity Catalog and what it may end in, for everything that speaks to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from decapolis_translators.errors import Garbled
from decapolis_translators.http import Answer, Call, HttpClient

from .faults import Asked, refusal

API: Final = "/api/2.1/unity-catalog"
_OK: Final = range(200, 300)
_MOST_PAGES: Final = 20_000


def segment(name: str) -> str:
    """A name as one segment of a path."""
    return quote(name, safe="")


class UnityCalls:
    """Answers as they were asked for, or one of our errors."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def scrub(self, text: str) -> str:
        """The text without any secret of ours."""
        return self._client.scrub(text)

    async def sent(self, call: Call, asked: Asked) -> Answer:
        """The answer of a call that succeeded."""
        answer = await self._client.call(call)
        if answer.status not in _OK:
            raise refusal(answer, asked, self.scrub)
        return answer

    async def told(self, call: Call, asked: Asked) -> Mapping[str, Any]:
        """The object that a call is answered with."""
        said = (await self.sent(call, asked)).json()
        if not isinstance(said, Mapping):
            raise Garbled("Expected an object, got something else")
        return said

    async def pages(self, path: str, query: Mapping[str, str], key: str, asked: Asked) -> list[Mapping[str, Any]]:
        """Everything of a list. A page may be empty and not the last, and a list of nothing may say nothing."""
        found: list[Mapping[str, Any]] = []
        token = ""
        for _ in range(_MOST_PAGES):
            page = await self.told(
                Call("GET", path, query={**query, **({"page_token": token} if token else {})}), asked
            )
            items = page.get(key) or []
            if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
                raise Garbled(f"Expected a list of objects under {key!r}")
            found.extend(items)
            before, token = token, str(page.get("next_page_token") or "")
            if not token:
                return found
            if token == before:
                raise Garbled(f"The list of {asked.what} names the same page twice")
        raise Garbled(f"The list of {asked.what} does not end")
