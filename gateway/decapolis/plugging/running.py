"""The registries that run now: others are put into their place at once, and go once nobody asks them any more."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from decapolis.cache import Changes, ReadyAnswers, table_scope
from decapolis.operations.effective import settings_scope
from decapolis.registries.live import LiveRegistry
from decapolis.registries.routing import Registries
from decapolis.settings import RouteEntry, with_own_routes
from decapolis_translators.errors import RegistryError

log = logging.getLogger(__name__)

GRACE_SECONDS = 15.0
"""How long a registry that was replaced stays open at the least: a write asks more than once."""
LONGEST_SECONDS = 60.0
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Slot:
    """A registry that runs, and where its entry comes from."""

    live: LiveRegistry
    source: str
    revision: str
    config: Mapping[str, Any]
    """As it may be shown."""
    body: Mapping[str, Any] = field(default_factory=dict)
    """As it was given, for one that was added at run time."""

    @property
    def id(self) -> str:
        return self.live.id


class Running:
    """What is in force, and what still ends."""

    def __init__(self, registries: Registries, changes: Changes, answers: ReadyAnswers) -> None:
        self.registries = registries
        self.slots: dict[str, Slot] = {}
        self.pins: dict[str, str] = {}
        self.changing = asyncio.Lock()
        """Held by whoever changes what is in force: one at a time."""
        self.file_routes: Sequence[RouteEntry] = ()
        """The rules of the files, those of registries declared there among them."""
        self._changes = changes
        self._answers = answers
        self._ending: set[asyncio.Task[None]] = set()
        self._old: set[LiveRegistry] = set()

    async def install(
        self,
        slots: Iterable[Slot],
        *,
        pins: Mapping[str, str] | None = None,
        file_routes: Sequence[RouteEntry] | None = None,
    ) -> None:
        """Puts these registries and rules in force, all at once; those that are not among them any more end."""
        before = self.slots
        self.slots = {slot.id: slot for slot in slots}
        self.pins = dict(self.pins if pins is None else pins)
        self.file_routes = self.file_routes if file_routes is None else file_routes
        self.registries.swap([slot.live for slot in self.slots.values()], self.routes, self.pins)
        # after the swap: an answer that was begun before it is not kept as if it were made after it
        new = [slot.id for slot in self.slots.values() if slot is not before.get(slot.id)]
        await self._changes.count(table_scope(), *new, *(settings_scope(each) for each in new))
        self._answers.clear()
        for old in {slot.live for slot in before.values()} - {slot.live for slot in self.slots.values()}:
            self._end(old)

    @property
    def routes(self) -> tuple[RouteEntry, ...]:
        """Every rule in order, those of registries that were added at run time among them."""
        added = [slot.live.entry for slot in self.slots.values() if slot.source == "api"]
        return with_own_routes(self.file_routes, added)

    def _end(self, old: LiveRegistry) -> None:
        self._old.add(old)
        task = asyncio.create_task(self._close_later(old))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _close_later(self, old: LiveRegistry) -> None:
        began = time.monotonic()
        while time.monotonic() - began < GRACE_SECONDS or not old.is_idle:
            if time.monotonic() - began > LONGEST_SECONDS:
                log.warning("a registry is closed while it is asked", extra={"registry": old.id})
                break
            await asyncio.sleep(_LOOK)
        self._old.discard(old)
        await _closed(old)

    async def close(self) -> None:
        """Closes everything that is open, at once: nobody asks any more."""
        for task in tuple(self._ending):
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)
        slots, self.slots = self.slots, {}
        for each in (*self._old, *(slot.live for slot in slots.values())):
            await _closed(each)


async def _closed(live: LiveRegistry) -> None:
    try:
        await live.close()
    except RegistryError as fault:
        log.warning("a registry did not close", extra={"registry": live.id, "reason": str(fault)})
