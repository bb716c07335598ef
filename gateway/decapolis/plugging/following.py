"""Registries that were added at run time, as the store has them: opened at the start, and followed by every replica."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection

from decapolis.cache import Changes, entries_scope
from decapolis.ids import LedgerConflict
from decapolis.operations.plugging import PluggingRefused
from decapolis.safe import NoKey, UnusableKey
from decapolis.settings import RegistryEntry
from decapolis.store import Store, StoreUnavailable
from decapolis.store.plugged import PluggedRow, all_pins, all_plugged
from decapolis.web import enter_call, own_call
from decapolis_translators.discovery import BrokenTypeError, UnknownTypeError
from decapolis_translators.errors import RegistryError

from .building import Builder, Spoken
from .keeping import Given, Keeper, without_secrets
from .running import Running, Slot
from .type_loading import TypeLoader

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
_UNUSABLE = (
    PluggingRefused,
    NoKey,
    UnusableKey,
    UnknownTypeError,
    BrokenTypeError,
    ValidationError,
    RegistryError,
    OSError,
    ValueError,
)


class TakenByFile(ValueError):
    """A file declares a registry whose id was given at run time before."""

    def __init__(self, registry_id: str, file: str | None) -> None:
        super().__init__(
            f"registry {registry_id} was added through the API before{f' {file} declared it' if file else ''}: take it out of "
            f"the file, remove the other one with DELETE /api/v1/registries/{registry_id}, then declare it"
        )


class Follower:
    """Brings what runs to what the store says."""

    def __init__(
        self,
        running: Running,
        builder: Builder,
        keeper: Keeper,
        store: Store,
        changes: Changes,
        loader: TypeLoader,
        opened: Callable[[Given], Awaitable[Spoken]],
    ) -> None:
        self._running = running
        self._builder = builder
        self._keeper = keeper
        self._store = store
        self._changes = changes
        self._loader = loader
        self._opened = opened
        self._seen = -1

    async def open(self, declared_in: str | None) -> None:
        """Opens everything that was added; TakenByFile where a file declares the same id."""
        rows, _ = await self._store.read(_everything)
        for row in rows:
            if row.id in self._running.slots:
                raise TakenByFile(row.id, declared_in)
        await self.follow()

    async def watch(self) -> None:
        """Follows what other replicas change, as long as this one runs."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            enter_call(own_call())
            try:
                async with self._running.changing:
                    await self.follow()
            except StoreUnavailable as away:
                log.debug("changes of other gateways cannot be seen now", extra={"reason": str(away)})

    async def follow(self) -> None:
        """Takes over what changed since it looked last; called by whoever holds `running.changing`."""
        number = await self._changes.number_of(entries_scope())
        if number == self._seen:
            return
        rows, pins = await self._store.read(_everything)
        before = self._running.slots
        slots = {key: slot for key, slot in before.items() if slot.source == "file"}
        for row in rows:
            if row.id in slots:
                log.warning("a file declares a registry that was added at run time", extra={"registry": row.id})
                continue
            old = before.get(row.id)
            slots[row.id] = old if old is not None and old.revision == row.revision else await self._made(row, old)
        if slots != before or pins != self._running.pins:
            await self._running.install(slots.values(), pins=pins)
        self._seen = number

    async def _made(self, row: PluggedRow, old: Slot | None) -> Slot:
        try:
            given = self._given(row)
            live = await self._builder.live(given.entry, await self._opened(given))
        except (*_UNUSABLE, LedgerConflict) as unusable:
            reason = str(unusable)
            log.error("a registry cannot be opened", extra={"registry": row.id, "reason": reason})  # noqa: TRY400 - the reason says it
            if old is not None:
                return old
            live = await self._builder.broken(_bare(row.body), f"it cannot be opened: {reason}")
            known = {key: value for key, value in row.body.items() if key != "config"}
            return Slot(live, "api", row.revision, without_secrets(row.body), known)
        log.info("registry plugged in", extra={"registry": row.id, "type": given.entry.type})
        return Slot(live, "api", row.revision, given.shown, given.body)

    def _given(self, row: PluggedRow) -> Given:
        body = self._keeper.from_kept(row.id, row.body)
        try:
            return self._keeper.read(body)
        except UnknownTypeError:
            # another replica may have loaded it from its folder
            self._loader.load_folder()
            return self._keeper.read(body)


def _everything(connection: Connection) -> tuple[list[PluggedRow], dict[str, str]]:
    return all_plugged(connection), all_pins(connection)


def _bare(body: Mapping[str, Any]) -> RegistryEntry:
    """The entry without what could not be read: enough to stand in its place."""
    kept = {key: body[key] for key in ("id", "type", "enabled", "ids", "routes") if key in body}
    return RegistryEntry.model_validate(kept)
