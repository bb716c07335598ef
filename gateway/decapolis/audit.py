"""Who changed what: an intent is durable before a change, its outcome after it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from decapolis.store import Store
from decapolis.store.seals import chain, count_unsealed
from decapolis.store.trail import (
    Intent,
    OpenIntent,
    Sought,
    authors,
    entries,
    open_intents,
    sought,
    unfinished,
    write_closed,
    write_intent,
    write_outcome,
)
from decapolis.verifying import PAGE, Chain, Verified
from decapolis.web import current_call

Along = Callable[[Connection, dict[str, Any]], None]


E = TypeVar("E", bound=Exception)


def told(error: E) -> E:
    """The error, marked as one that the trail tells of already."""
    error.__dict__["in_trail"] = True
    return error


def is_told(error: Exception) -> bool:
    """Whether the trail tells of it already."""
    return bool(error.__dict__.get("in_trail"))


class Audit:
    """The trail of changes in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def intend(self, action: str, registry: str, target: str, facts: dict[str, Any]) -> int:
        """Notes what is about to be done and answers the number that `close` wants.

        An intent of the same kind on the same target that was never closed is taken over: it is the same change, whose
        answer was lost.
        """
        call = current_call()
        intent = Intent(call.request_id, call.actor, action, registry, target, facts)

        def work(connection: Any) -> int:
            for number, earlier in open_intents(connection, registry, target):
                if earlier == facts:
                    return number
            return write_intent(connection, intent)

        return await self._store.write(work)

    def alongside(self, action: str, registry: str, target: str, facts: dict[str, Any]) -> Along:
        """Notes a change inside the transaction that makes it, for registries that live in the same store."""
        call = current_call()
        intent = Intent(call.request_id, call.actor, action, registry, target, facts)
        return lambda connection, result: write_closed(connection, intent, "done", result)

    async def close(self, number: int, outcome: str, **result: Any) -> None:
        """Notes how it ended: `done`, `refused` or `failed`."""
        await self._store.write(lambda c: write_outcome(c, number, outcome, result))

    async def note(
        self, action: str, registry: str, target: str, facts: dict[str, Any], outcome: str, **result: Any
    ) -> None:
        """Notes at once what was asked for and how it ended: for refusals, and for changes of the gateway itself."""
        call = current_call()
        intent = Intent(call.request_id, call.actor, action, registry, target, facts)
        await self._store.write(lambda c: write_closed(c, intent, outcome, result))

    async def unfinished(self, registry: str, *, older_than: float) -> list[OpenIntent]:
        """Changes of which nobody knows how they ended, older than so many seconds."""
        before = int((time.time() - older_than) * 1000)
        return await self._store.read(lambda c: unfinished(c, registry, before))

    async def authors(self, registry: str, target: str) -> dict[int, tuple[int, str]]:
        """When (in milliseconds) and by whom each version of a subject was registered through a gateway."""
        return await self._store.read(lambda c: authors(c, registry, target))

    async def sought(self, wanted: Sought, *, before: int | None = None, limit: int) -> list[dict[str, Any]]:
        """The entries that are wanted, newest first, older than `before`."""
        return await self._store.read(lambda c: sought(c, wanted, before=before, limit=limit))

    async def verified(self, expected: str | None = None) -> Verified:
        """Recomputes the chain over the trail, page by page; `expected` is a hash that it must contain."""
        held, after = Chain(expected), 0
        while rows := await self._store.read(partial(chain, after=after, limit=PAGE)):
            if not held.take(rows):
                break
            after = rows[-1].number
        return held.result(await self._store.read(count_unsealed))

    async def newest(self, limit: int = 1000) -> list[dict[str, Any]]:
        """The newest entries, newest first."""
        return await self._store.read(lambda c: entries(c, limit=limit))
