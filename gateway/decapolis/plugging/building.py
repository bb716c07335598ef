"""Makes registries ready to be asked: the translator, what the gateway keeps beside it, and the bounds around both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from decapolis.cache import Changes
from decapolis.ids import Ledger
from decapolis.metrics import Metrics
from decapolis.registries.catalog import CatalogRegistry, ModeOf
from decapolis.registries.disabled import DisabledRegistry
from decapolis.registries.embedded import EmbeddedRegistry
from decapolis.registries.live import LiveRegistry
from decapolis.registries.memory import Memory
from decapolis.registries.overlay import overlaid
from decapolis.registries.stored import StoredConfig
from decapolis.settings import RegistryEntry
from decapolis.store import Store
from decapolis.store.ledger import RangeRow
from decapolis_translators.catalog import Catalog
from decapolis_translators.contract import Ping, Translator, TranslatorConfig
from decapolis_translators.discovery import Types
from decapolis_translators.errors import RegistryFault
from decapolis_translators.guard import Guard, guard

Spoken = Translator[Any] | Catalog[Any]


class Builder:
    """Builds live registries from their entries."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        changes: Changes,
        metrics: Metrics,
        types: Types,
        *,
        home: str | None,
        stale_after: float,
        projections: Callable[[str], ModeOf],
    ) -> None:
        self.types = types
        self._store = store
        self._ledger = ledger
        self._changes = changes
        self._metrics = metrics
        self._home = home
        self._stale_after = stale_after
        self._projections = projections

    async def spoken(self, entry: RegistryEntry, obeyed: Guard | None = None) -> Spoken:
        """The translator or catalog of an entry, opened; its client obeys the guard."""
        made = spoken(entry, self._store, self.types)
        before = guard.set(obeyed)
        try:
            await made.open()
        finally:
            guard.reset(before)
        return made

    async def live(self, entry: RegistryEntry, made: Spoken) -> LiveRegistry:
        """The registry around a translator that is open; LedgerConflict where its ids contradict those given before."""
        await self._ledger.demand(entry.id, entry.ids, self._home)
        given = self._ledger.range_of(entry.id)
        translator = whole(made, self._store, given, self._projections(entry.id))
        memory = None
        if not isinstance(translator, EmbeddedRegistry):
            memory = Memory(entry.id, self._store, relearn=entry.on_reissued_id == "relearn")
            await memory.open()
        registry = LiveRegistry(
            entry,
            translator,
            memory,
            self._changes,
            self._metrics,
            passes_through=self._home == entry.id and entry.type == "confluent",
            stale_after=self._stale_after,
        )
        await translator.open()
        return registry

    async def demand_same(self, entry: RegistryEntry, cluster_id: str | None) -> None:
        """LedgerConflict where another cluster answers than the one that the ids were given for."""
        await self._ledger.demand(entry.id, entry.ids, self._home)
        await self._ledger.recognise(entry.id, cluster_id)

    async def broken(self, entry: RegistryEntry, reason: str) -> LiveRegistry:
        """A stand-in for a registry that cannot be opened: it is asked nothing, and its ids resolve from the store."""
        registry = await self.live(entry, DisabledRegistry(entry.id, TranslatorConfig()))
        registry.quarantine(reason)
        return registry


def spoken(entry: RegistryEntry, store: Store, types: Types) -> Spoken:
    """The translator or catalog of an entry, not opened yet."""
    if not entry.enabled and entry.type != EmbeddedRegistry.type:
        return DisabledRegistry(entry.id, TranslatorConfig())
    kind = types.named(entry.type)
    config = kind.Config.model_validate(entry.config)
    if issubclass(kind, EmbeddedRegistry):
        return kind(entry.id, StoredConfig(), store)
    return kind(entry.id, config)


def whole(made: Spoken, store: Store, given: RangeRow, mode_of: ModeOf) -> Translator[Any]:
    """The registry with everything that the gateway must keep for it."""
    if isinstance(made, Catalog):
        return CatalogRegistry(made, store, given.base, given.span, mode_of)
    return overlaid(made, store, given.base, given.span)


class Answered(NamedTuple):
    """What a registry said of itself, and how long that took."""

    ping: Ping
    latency_ms: float


async def asked(made: Spoken, seconds: float) -> Answered:
    """What the registry says of itself within so many seconds; a RegistryError otherwise."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(seconds):
            ping = await made.ping()
    except TimeoutError:
        raise RegistryFault(f"it did not answer within {seconds:g} s") from None
    except (TypeError, ValueError, KeyError, AttributeError) as odd:
        raise RegistryFault(f"it answered in a way that cannot be read ({type(odd).__name__})") from odd
    return Answered(ping, round((time.perf_counter() - began) * 1000, 2))
