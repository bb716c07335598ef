"""Adds, replaces and removes registries while requests go on: opened and asked first, then put into place at once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import Connection

from decapolis.audit import Audit
from decapolis.cache import Changes, entries_scope
from decapolis.ids import LedgerConflict
from decapolis.locks import Locks
from decapolis.operations.configured import shown_config
from decapolis.operations.pinged import CHECKED, Tested
from decapolis.operations.plugging import (
    DeclaredInFile,
    EntryChanged,
    EntryInvalid,
    NotReachable,
    Plugged,
    RegistryInUse,
    RegistryTaken,
    Reloaded,
)
from decapolis.settings import Configuration, RegistryEntry
from decapolis.store import Store
from decapolis.store.plugged import PluggedRow, drop_pin, drop_plugged, keep_pin, keep_plugged, removed_type
from decapolis.web import current_call
from decapolis_translators.discovery import KnownType, Types
from decapolis_translators.errors import RegistryError

from .addresses import demand_allowed, guard_for
from .building import Answered, Builder, Spoken, asked
from .following import Follower
from .keeping import Given, Keeper
from .noting import Noted, audited
from .reloading import Reloader
from .running import Running, Slot
from .type_loading import TypeLoader

LOCK = "~plugged"


class Plugs:
    """The registries of one gateway, as they come and go."""

    def __init__(
        self,
        configuration: Configuration,
        running: Running,
        builder: Builder,
        keeper: Keeper,
        store: Store,
        changes: Changes,
        locks: Locks,
        audit: Audit,
        types: Types,
        policies: Callable[[], Awaitable[str | None]],
    ) -> None:
        self.configuration = configuration
        self.running = running
        self._builder = builder
        self._keeper = keeper
        self._store = store
        self._changes = changes
        self._locks = locks
        self._audit = audit
        self._types = types
        self._loader = TypeLoader(types, configuration.gateway.plugins)
        self.follower = Follower(running, builder, keeper, store, changes, self._loader, self._guarded)
        self.reloader = Reloader(configuration, running, builder, audit, policies)

    async def open(self) -> None:
        """Opens what the files declare, then what was added at run time; a fault of the files refuses the start."""
        self._loader.load_folder()
        await self.reloader.open()
        await self.follower.open(self.reloader.declared_in)

    async def close(self) -> None:
        """Closes every registry."""
        await self.running.close()

    # --- looking

    def plugged(self, registry_id: str) -> Plugged:
        """A registry with its configuration; UnknownRegistry otherwise."""
        return self._shown(self._slot(registry_id))

    def everything(self) -> list[Plugged]:
        """Every registry, in the order of the files, then those that were added at run time."""
        return [self._shown(slot) for slot in self.running.slots.values()]

    def _slot(self, registry_id: str) -> Slot:
        self.running.registries.at(registry_id)
        return self.running.slots[registry_id]

    def _shown(self, slot: Slot) -> Plugged:
        entry = slot.live.entry
        declared_in = None
        config, metadata = slot.config, slot.body.get("metadata", {})
        if slot.source == "file":
            declared_in = self.reloader.declared_in
            config, metadata = shown_config(entry, self._types), entry.metadata
        return Plugged(slot.live, config, metadata, slot.source, declared_in, slot.revision, slot.live.problem)

    # --- changing

    async def add(self, body: Mapping[str, Any], *, test: bool = True) -> Plugged:
        """Opens, asks and adds a registry; unless `test` it need not answer yet."""
        name = str(body.get("id", ""))
        async with self._audited("add-registry", name) as noted:
            given = self._keeper.read(body)
            noted.facts["after"] = _noted(given)
            if given.entry.id in self.running.slots:
                raise RegistryTaken(f"There is a registry {given.entry.id} already: replace it, or choose another id")
            return await self._put(given, noted, test=test, expected=None, is_new=True)

    async def replace(
        self, registry_id: str, body: Mapping[str, Any], *, expected: str | None = None, test: bool = True
    ) -> Plugged:
        """Puts another entry in place of the one there; what is under way ends with the old one."""
        async with self._audited("replace-registry", registry_id) as noted:
            old = self._changeable(registry_id, noted)
            if body.get("id", registry_id) != registry_id:
                raise EntryInvalid([("id", f"is {body['id']}, but the registry's id is {registry_id} and stays so")])
            given = self._keeper.read({**body, "id": registry_id}, before=old.body)
            noted.facts["after"] = _noted(given)
            return await self._put(given, noted, test=test, expected=expected or old.revision)

    async def switch(self, registry_id: str, *, enabled: bool, test: bool = True) -> Plugged:
        """Enables or disables it."""
        async with self._audited("enable-registry" if enabled else "disable-registry", registry_id) as noted:
            old = self._changeable(registry_id, noted)
            given = self._keeper.read({**old.body, "enabled": enabled})
            noted.facts["after"] = _noted(given)
            return await self._put(given, noted, test=test, expected=old.revision)

    async def remove(self, registry_id: str, *, expected: str | None = None) -> None:
        """Removes it; its ids keep their meaning, and its range stays reserved."""
        async with self._audited("remove-registry", registry_id) as noted:
            self._changeable(registry_id, noted)
            async with self._alone():
                old = self._changeable(registry_id, noted)
                _demand_expected(old, expected)
                pinned = sorted(subject for subject, owner in self.running.pins.items() if owner == registry_id)
                if pinned:
                    named = ", ".join(pinned[:10]) + (" …" if len(pinned) > 10 else "")
                    raise RegistryInUse(f"Registry {registry_id} owns subjects that were routed to it by name: {named}")

                def work(connection: Connection) -> None:
                    noted.within(connection)
                    drop_plugged(connection, registry_id, old.live.entry.type)

                await self._store.write(work)
                await self.running.install(slot for slot in self.running.slots.values() if slot is not old)
                await self._changes.count(entries_scope())

    def _changeable(self, registry_id: str, noted: Noted) -> Slot:
        slot = self._slot(registry_id)
        noted.facts["before"] = {
            "enabled": slot.live.entry.enabled,
            "type": slot.live.entry.type,
            "config": slot.config,
        }
        if slot.source == "file":
            noted.facts["before"]["config"] = shown_config(slot.live.entry, self._types)
            where = self.reloader.declared_in
            edit = f"edit {where}, then POST /api/v1/reload" if where else "give the gateway a registries_file"
            raise DeclaredInFile(f"Registry {registry_id} is declared by the configuration, not by this API: {edit}")
        return slot

    async def _put(
        self, given: Given, noted: Noted, *, test: bool, expected: str | None, is_new: bool = False
    ) -> Plugged:
        """Opens and asks the registry, keeps the entry, and puts it into place; whatever fails leaves everything as it was."""
        entry = given.entry
        kept = self._keeper.to_keep(given)
        made, found = await self._opened(given, test=test and entry.enabled)
        in_place = False
        try:
            async with self._alone():
                if is_new and entry.id in self.running.slots:
                    raise RegistryTaken(f"There is a registry {entry.id} already: somebody else added it just now")
                if is_new:
                    _demand_type(entry, await self._store.read(lambda c: removed_type(c, entry.id)))
                else:
                    old = self._changeable(entry.id, noted)
                    _demand_expected(old, expected)
                    _demand_type(entry, old.live.entry.type)
                live = await self._builder.live(entry, made)
                if found is not None:
                    await self._builder.demand_same(entry, found.ping.cluster_id)
                    live.note_ping(found.ping, found.latency_ms)
                actor = current_call().actor

                def work(connection: Connection) -> PluggedRow:
                    noted.within(connection)
                    return keep_plugged(connection, entry.id, kept, actor)

                row = await self._store.write(work)
                in_place = True
                slot = Slot(live, "api", row.revision, given.shown, given.body)
                await self.running.install({**self.running.slots, entry.id: slot}.values())
                await self._changes.count(entries_scope())
        finally:
            if not in_place:
                await made.close()
        return self._shown(slot)

    async def _opened(self, given: Given, *, test: bool) -> tuple[Spoken, Answered | None]:
        """The translator, open, and what it answered where it was asked; NotReachable where it does not."""
        made = await self._guarded(given)
        if not test:
            return made, None
        try:
            return made, await asked(made, given.entry.resilience.deadline)
        except RegistryError as fault:
            await made.close()
            raise NotReachable(f"Registry {given.entry.id} was not taken over: {fault}") from fault

    async def _guarded(self, given: Given) -> Spoken:
        """The translator of an entry that came over the wire, its addresses checked."""
        allow_private = self.configuration.gateway.allow_private_networks
        await demand_allowed(given.entry.config, allow_private=allow_private)
        obeyed = guard_for(self._keeper.model(given.entry.type), allow_private=allow_private)
        return await self._builder.spoken(given.entry, obeyed)

    async def test_body(self, body: Mapping[str, Any]) -> Tested:
        """Asks a registry that is not added; nothing is kept."""
        given = self._keeper.read({"id": "test", **body, "enabled": True})
        made = await self._guarded(given)
        try:
            return await _tested(given.entry, made)
        finally:
            await made.close()

    async def route(self, subject: str, registry_id: str | None) -> None:
        """Gives a subject to a registry, before every rule and in all replicas; None leaves it to the rules again."""
        async with self._audited("route-subject", registry_id or "", subject) as noted, self._alone():
            before = self.running.pins.get(subject)
            noted.facts |= {"before": before, "after": registry_id}
            pins = {key: owner for key, owner in self.running.pins.items() if key != subject}
            if registry_id is not None:
                pins[subject] = self.running.registries.at(registry_id).id

            def work(connection: Connection) -> None:
                noted.within(connection)
                if registry_id is None:
                    drop_pin(connection, subject)
                else:
                    keep_pin(connection, subject, registry_id)

            await self._store.write(work)
            await self.running.install(self.running.slots.values(), pins=pins)
            await self._changes.count(entries_scope())

    async def reload(self) -> Reloaded:
        """Reads the files again."""
        return await self.reloader.reload(self._loader.load_folder())

    # --- types

    def types(self) -> list[KnownType]:
        """Every registry type that is known, usable or not."""
        return self._loader.everything()

    async def load_type(self, module: str) -> list[KnownType]:
        """Loads the types of a module of the plug-in folder."""
        async with self._audited("load-type", "", module) as noted:
            self._loader.demand_allowed()
            loaded = self._loader.load(module)
            noted.facts["after"] = [each.name for each in loaded]
        return list(loaded)

    async def unload_type(self, name: str) -> None:
        """Forgets a type that was loaded at run time."""
        async with self._audited("unload-type", "", name):
            self._loader.demand_allowed()
            using = [slot.id for slot in self.running.slots.values() if slot.live.entry.type == name]
            self._loader.unload(name, using)

    # --- one at a time, and noted

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """One change at a time across all replicas, made on what all others did before."""
        async with self._locks.hold(LOCK, "entries"), self.running.changing:
            if not self._store.exclusive:
                await self.follower.follow()
            yield

    def _audited(self, action: str, registry_id: str, target: str | None = None) -> AbstractAsyncContextManager[Noted]:
        return audited(self._audit, action, registry_id, registry_id if target is None else target)


def _noted(given: Given) -> dict[str, Any]:
    entry = given.entry
    return {"enabled": entry.enabled, "type": entry.type, "config": given.shown, "routes": list(entry.routes)}


def _demand_expected(slot: Slot, expected: str | None) -> None:
    if expected is not None and slot.revision != expected:
        raise EntryChanged(f"Somebody else changed registry {slot.id} meanwhile: read it again, then decide again")


def _demand_type(entry: RegistryEntry, before: str | None) -> None:
    """Ids that one type gave mean nothing to another; they stay in messages for ever."""
    if before is not None and before != entry.type:
        raise LedgerConflict(
            f"the ids of registry {entry.id} were given while it was of type {before}: give the one of type {entry.type} "
            "an id of its own"
        )


async def _tested(entry: RegistryEntry, made: Spoken) -> Tested:
    began = time.perf_counter()
    try:
        found = await asked(made, entry.resilience.deadline)
    except RegistryError as fault:
        taken = round((time.perf_counter() - began) * 1000, 2)
        return Tested(entry.id, "error", taken, CHECKED[:1], error=str(fault))
    ping = found.ping
    return Tested(entry.id, "ok", found.latency_ms, CHECKED, ping.version, ping.cluster_id, None, dict(ping.facts))
