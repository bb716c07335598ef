"""The registries that files declare: opened at the start, and brought to what the files say when those change."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from decapolis.audit import Audit
from decapolis.files import ConfigurationFault, load
from decapolis.ids import LedgerConflict
from decapolis.operations.plugging import Reloaded
from decapolis.registries.live import LiveRegistry
from decapolis.settings import Configuration, RegistryEntry
from decapolis.web import enter_call, own_call
from decapolis_translators.discovery import BrokenTypeError, UnknownTypeError
from decapolis_translators.errors import RegistryError

from .building import Builder, Spoken, asked
from .following import TakenByFile
from .running import Running, Slot

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
RETRY_SECONDS = 10.0
_LIVE = frozenset({"routes", "registries_file"})
"""Keys of the gateway file that count at once."""

Seen = tuple[tuple[int, int, int] | None, ...]


class Reloader:
    """Brings what runs to what the files say."""

    def __init__(
        self,
        configuration: Configuration,
        running: Running,
        builder: Builder,
        audit: Audit,
        policies: Callable[[], Awaitable[str | None]],
    ) -> None:
        self.configuration = configuration
        self._running = running
        self._builder = builder
        self._audit = audit
        self._policies = policies
        self._seen = self._states()
        self._retry_at: float | None = None

    @property
    def declared_in(self) -> str | None:
        """The file that declares registries, None where there is none."""
        origin = self.configuration.origin
        return None if origin is None or origin.registries is None else str(origin.registries)

    async def open(self) -> None:
        """Opens every declared registry, without asking any; what is wrong refuses the start."""
        slots = []
        for entry in self.configuration.registries:
            made = await self._builder.spoken(entry)
            slots.append(_slot(await self._builder.live(entry, made)))
        await self._running.install(slots, file_routes=self.configuration.routes)

    async def watch(self, told: asyncio.Event) -> None:
        """Looks at the files every second, and reads them at once when told."""
        while True:
            # not wait_for: in Python 3.11 it may swallow the cancellation that ends this
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await told.wait()
            force = told.is_set()
            told.clear()
            due = self._retry_at is not None and time.monotonic() >= self._retry_at
            if force or due or await asyncio.to_thread(self._states) != self._seen:
                enter_call(own_call())
                await self.reload()

    def _states(self) -> Seen:
        origin = self.configuration.origin
        paths = () if origin is None else (origin.path, origin.registries)
        return tuple(_state(path) for path in paths if path is not None)

    async def reload(self, types: Mapping[str, str | None] | None = None) -> Reloaded:
        """Reads the files again; a fault in them leaves everything as it was, and is told."""
        async with self._running.changing:
            found = await self._reloaded()
        found = replace(found, policies=await self._policies(), types=types or {})
        await self._tell(found)
        return found

    async def _tell(self, found: Reloaded) -> None:
        facts = {"added": found.added, "replaced": found.replaced, "removed": found.removed, "failures": found.failures}
        if found.problems:
            log.warning("registries not taken over", extra={"reason": "; ".join(found.problems)})
            await self._audit.note("reload", "", "files", {}, "refused", reason="; ".join(found.problems))
        elif any(facts.values()):
            log.info("registries taken over", extra=facts)
            await self._audit.note("reload", "", "files", {"after": facts}, "done")

    async def _reloaded(self) -> Reloaded:
        origin = self.configuration.origin
        self._retry_at = None
        if origin is None or origin.path is None:
            return Reloaded()
        self._seen = await asyncio.to_thread(self._states)
        try:
            wanted = await asyncio.to_thread(load, origin.path, origin.changes, os.environ)
        except ConfigurationFault as fault:
            return Reloaded(problems=tuple(str(fault).splitlines()))
        refused = self._refusals(wanted)
        return Reloaded(problems=tuple(refused)) if refused else await self._taken_over(wanted)

    def _refusals(self, wanted: Configuration) -> list[str]:
        """What the files ask for that cannot be had while the gateway runs."""
        slots, known = self._running.slots, {entry.id for entry in wanted.registries}
        file = None if wanted.origin is None else str(wanted.origin.registries)
        found = [
            str(TakenByFile(name, file)) for name in sorted(known) if name in slots and slots[name].source == "api"
        ]
        if wanted.home != self.configuration.home:
            found.append(f"home is {self.configuration.home or 'not set'} and stays so while ids are in messages")
        for entry in wanted.registries:
            old = slots.get(entry.id)
            if old is not None and old.source == "file" and old.live.entry.type != entry.type:
                found.append(
                    f"the ids of registry {entry.id} were given while it was of type {old.live.entry.type}: declare the "
                    f"one of type {entry.type} under an id of its own"
                )
        for subject, owner in self._running.pins.items():
            if owner not in known and owner in slots and slots[owner].source == "file":
                found.append(f"registry {owner} cannot go: the subject {subject} was routed to it by name")
        return found

    async def _taken_over(self, wanted: Configuration) -> Reloaded:
        before = self._running.slots
        slots: dict[str, Slot] = {}
        failures: dict[str, str] = {}
        opened: list[Spoken] = []
        try:
            for entry in wanted.registries:
                old = before.get(entry.id)
                slots[entry.id] = (
                    old
                    if old is not None and old.live.entry == entry
                    else await self._changed(entry, old, opened, failures)
                )
        except (LedgerConflict, UnknownTypeError, BrokenTypeError, ValidationError, RegistryError, OSError) as unusable:
            for made in opened:
                await made.close()
            return Reloaded(problems=(str(unusable),))
        added_here = {key: slot for key, slot in before.items() if slot.source == "api"}
        await self._running.install((slots | added_here).values(), file_routes=wanted.routes)
        old_settings = self.configuration.gateway
        differing = [
            name
            for name in type(old_settings).model_fields
            if name not in _LIVE and getattr(wanted.gateway, name) != getattr(old_settings, name)
        ]
        taken = {"registries": wanted.registries, "routes": wanted.routes, "origin": wanted.origin}
        self.configuration = self.configuration.model_copy(update=taken)
        self._seen = await asyncio.to_thread(self._states)
        if any(slots[name] is before.get(name) for name in failures):
            self._retry_at = time.monotonic() + RETRY_SECONDS
        return Reloaded(
            added=tuple(name for name in slots if name not in before),
            replaced=tuple(name for name, slot in slots.items() if name in before and before[name] is not slot),
            removed=tuple(name for name, slot in before.items() if slot.source == "file" and name not in slots),
            failures=failures,
            needs_restart=tuple(differing),
        )

    async def _changed(
        self, entry: RegistryEntry, old: Slot | None, opened: list[Spoken], failures: dict[str, str]
    ) -> Slot:
        """The registry as the file says now, asked first; one that does not answer leaves the old one in place."""
        made = await self._builder.spoken(entry)
        opened.append(made)
        found = None
        try:
            if entry.enabled:
                found = await asked(made, entry.resilience.deadline)
                await self._builder.demand_same(entry, found.ping.cluster_id)
        except (RegistryError, LedgerConflict) as fault:
            if old is not None:
                failures[entry.id] = f"{fault}; the old one is still in place"
                opened.remove(made)
                await made.close()
                return old
            failures[entry.id] = f"{fault}; it is there, but does not answer yet"
        live = await self._builder.live(entry, made)
        if found is not None:
            live.note_ping(found.ping, found.latency_ms)
        return _slot(live)


def _slot(live: LiveRegistry) -> Slot:
    return Slot(live, "file", "file", {})


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
