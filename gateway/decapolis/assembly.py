"""Opens and closes everything, in order: the only place that calls the constructors of services."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from decapolis.audit import Audit
from decapolis.cache import Changes, EstateMemory, ReadyAnswers, SettingsMemory
from decapolis.gateway import Gateway
from decapolis.hangup import Hangup
from decapolis.ids import Ledger, LedgerConflict
from decapolis.jobs import Jobs
from decapolis.judge import Judge, PolicyFile, Workers
from decapolis.judge.policies import watch
from decapolis.locks import Locks
from decapolis.metrics import Metrics
from decapolis.operations.effective import settings_scope
from decapolis.operations.estate import look_at_all_forever
from decapolis.operations.plugging import Plugging
from decapolis.operations.reconcile import reconcile
from decapolis.plugging import Builder, Keeper, Plugs, Running
from decapolis.plugging.building import Spoken, spoken, whole
from decapolis.registries.catalog import CatalogRegistry, restore
from decapolis.registries.live import LiveRegistry
from decapolis.registries.overlay import pinned_range, rebuild
from decapolis.registries.routing import Registries
from decapolis.registries.stored import StoredConfig, StoredRegistry
from decapolis.safe import Safe
from decapolis.sealing import Sealer
from decapolis.settings import DEFAULT_SPAN, FIRST_BASE, REGISTRY_TYPES, Configuration, IdRange, RegistryEntry
from decapolis.store import store_at
from decapolis.telling import Teller
from decapolis.web import enter_call, own_call
from decapolis_translators.contract import Feature, Translator
from decapolis_translators.discovery import Types
from decapolis_translators.errors import RegistryError

if TYPE_CHECKING:
    from decapolis.sharing import SharedAnswers

log = logging.getLogger(__name__)

PROBE_SECONDS = 10.0
ESTATE_SECONDS = 15.0
"""How long the index of the estate rests between two turns through all registries."""
FRONT = "~front"
"""Under which name the store keeps settings of a front that has no home; no registry may be called so."""


class Assembled(NamedTuple):
    """A running gateway, and the services above it that faces offer."""

    gateway: Gateway
    plugging: Plugs


@asynccontextmanager
async def running(configuration: Configuration) -> AsyncIterator[Assembled]:
    """A running gateway; everything that was opened is closed again, also after a start that failed half way."""
    types = Types()
    _refuse_missing(configuration, types)  # before the store notes anything about a start that cannot be
    _tell_types(configuration, types)
    async with AsyncExitStack() as stack:
        store = store_at(configuration.gateway.store)
        stack.push_async_callback(store.close)
        await store.open()
        sealer, teller = Sealer(store), Teller(store, configuration.gateway.audit)
        stack.push_async_callback(teller.close)
        stack.push_async_callback(sealer.close)
        ledger = Ledger(store)
        await ledger.open({entry.id: entry.ids for entry in configuration.registries}, configuration.home)
        changes, metrics = Changes(store), Metrics()
        cache = configuration.gateway.cache
        judge = _judge(configuration, stack)
        answers, registries = ReadyAnswers(cache.answers, cache.bytes), Registries([], (), configuration.home)
        gateway = Gateway(
            configuration=configuration,
            store=store,
            ledger=ledger,
            registries=registries,
            changes=changes,
            answers=answers,
            shared_answers=_shared_answers(cache.redis, stack),
            settings_memory=SettingsMemory(),
            estate=EstateMemory(),
            locks=Locks(store),
            audit=Audit(store),
            judge=judge,
            metrics=metrics,
            types=types,
            front=StoredRegistry(FRONT, StoredConfig(), store),
        )
        hangup = Hangup()
        stack.push_async_callback(hangup.close)
        plugs = _plugs(gateway)
        stack.push_async_callback(plugs.close)
        await plugs.open()
        _run(_probe_forever(gateway), stack)
        _run(sealer.run(), stack)
        for telling in teller.telling():
            _run(telling, stack)
        _run(look_at_all_forever(gateway, ESTATE_SECONDS), stack)
        if judge.file.path is not None:
            _run(watch(judge.file, hangup.bell(), lambda: _judge_anew(gateway), day=judge.today), stack)
        if configuration.origin is not None:
            _run(plugs.reloader.watch(hangup.bell()), stack)
        if not store.exclusive:
            _run(plugs.follower.watch(), stack)
        hangup.open()
        yield Assembled(gateway, plugs)


@asynccontextmanager
async def assembled(configuration: Configuration) -> AsyncIterator[Gateway]:
    """The gateway alone, for whoever changes nothing about it."""
    async with running(configuration) as parts:
        yield parts.gateway


def _run(work: Coroutine[Any, Any, None], stack: AsyncExitStack) -> None:
    """Work of the gateway's own, until it stops."""
    stack.push_async_callback(_end, asyncio.create_task(work))


def _plugs(gateway: Gateway) -> Plugs:
    configuration, registries = gateway.configuration, gateway.registries
    builder = Builder(
        gateway.store,
        gateway.ledger,
        gateway.changes,
        gateway.metrics,
        gateway.types,
        home=configuration.home,
        stale_after=configuration.gateway.limits.stale_after_seconds,
        projections=lambda registry: partial(registries.projection, registry),
    )
    return Plugs(
        configuration,
        Running(registries, gateway.changes, gateway.answers),
        builder,
        Keeper(gateway.types, Safe.of_environment(os.environ), os.environ),
        gateway.store,
        gateway.changes,
        gateway.locks,
        gateway.audit,
        gateway.types,
        lambda: _policies_again(gateway),
    )


async def _policies_again(gateway: Gateway) -> str | None:
    """Reads the policies again; why the old ones stay, None where those of the file are in force."""
    file = gateway.judge.file
    if await asyncio.to_thread(file.refresh, force=True):
        await _judge_anew(gateway)
    return file.problem


def jobs_of(gateway: Gateway, plugging: Plugging) -> AbstractAsyncContextManager[Jobs]:
    """The jobs of a running gateway, worked at until the block ends."""
    return Jobs(gateway, plugging).at_work()


class TypeNotInstalled(LookupError):
    """An enabled registry is of a known type that nothing in this installation can speak to."""

    def __init__(self, entry: RegistryEntry) -> None:
        super().__init__(
            f"Registry {entry.id} is of type {entry.type}, which this installation cannot speak to yet: "
            "set `enabled: false` there to start without it"
        )


def _refuse_missing(configuration: Configuration, types: Types) -> None:
    for entry in configuration.registries:
        if entry.enabled and entry.type in REGISTRY_TYPES and entry.type not in types.names():
            raise TypeNotInstalled(entry)
        if entry.enabled:
            types.named(entry.type)


def _tell_types(configuration: Configuration, types: Types) -> None:
    """One line a type with where it comes from; a type that nobody uses is not loaded for that."""
    used = {entry.type for entry in configuration.registries if entry.enabled}
    for each in types.all():
        facts = {"type": each.name, "source": each.source, "package": each.package, "version": each.version}
        log.info("registry type loaded" if each.name in used else "registry type found", extra=facts)
    for entry in configuration.registries:
        state = "registry configured" if entry.enabled else "registry disabled"
        log.info(state, extra={"registry": entry.id, "type": entry.type})


def _shared_answers(url: str | None, stack: AsyncExitStack) -> SharedAnswers | None:
    if url is None:
        return None
    from decapolis.sharing import SharedAnswers  # loads a client that most gateways never need

    shared = SharedAnswers(url)
    stack.push_async_callback(shared.close)
    return shared


def _judge(configuration: Configuration, stack: AsyncExitStack) -> Judge:
    settings = configuration.gateway
    workers = Workers(settings.limits.judge_processes, settings.limits.judge_seconds)
    stack.push_async_callback(workers.close)
    # whole histories take long: whoever writes must not queue behind them
    background = Workers(settings.limits.judge_processes, settings.limits.judge_seconds * 6, background=True)
    stack.push_async_callback(background.close)
    file = PolicyFile(settings.policies_file)
    file.open()
    return Judge(settings.dialect.default_level, file, workers, background=background)


async def _judge_anew(gateway: Gateway) -> None:
    """Forgets every kept verdict and level, because other policies are in force."""
    await gateway.changes.count(*(settings_scope(registry.id) for registry in gateway.registries.all))


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found: how many versions, and the number below the registry's range."""

    versions: int
    base: int


class NothingToRebuild(ValueError):
    """The registry gives out its own ids: no store can lose them."""


async def rebuilt(configuration: Configuration, registry_id: str) -> Rebuilt:
    """Reads the ids of one registry back into the store; NothingToRebuild, LedgerConflict or a RegistryError."""
    entry = configuration.entry(registry_id)
    async with AsyncExitStack() as stack:
        store = store_at(configuration.gateway.store)
        stack.push_async_callback(store.close)
        await store.open()
        speaking = spoken(entry, store, Types())
        if isinstance(speaking, Translator) and speaking.capabilities.has(Feature.INTEGER_IDS):
            raise NothingToRebuild(f"Registry {registry_id} gives out its own ids: there is nothing to rebuild")
        await speaking.open()
        stack.push_async_callback(speaking.close)
        pinned = await _pinned_base(speaking)
        wanted = entry.ids or (IdRange(base=pinned, span=DEFAULT_SPAN) if pinned else None)
        ledger = Ledger(store)
        await ledger.open({registry_id: wanted}, configuration.home)
        given = ledger.range_of(registry_id)
        if pinned is not None and pinned != given.base and isinstance(speaking, Translator):
            raise LedgerConflict(
                f"registry {registry_id} carries ids that were given from base {pinned} on, but its range has base "
                f"{given.base} here: start with a new store, or put `ids: {{base: {pinned}}}` into its entry"
            )
        routed = Registries([], configuration.routes, configuration.home)
        found_in = whole(speaking, store, given, partial(routed.projection, registry_id))
        found = await (restore(found_in) if isinstance(found_in, CatalogRegistry) else rebuild(found_in))
        return Rebuilt(found, given.base)


async def _pinned_base(speaking: Spoken) -> int | None:
    """The number below the range that a registry's ids were given from, as far as it can tell."""
    if isinstance(speaking, Translator):
        pinned = await pinned_range(speaking)
        return None if pinned is None else pinned.base
    lowest = min((copy.public_id for copy in await speaking.mirrored()), default=0)
    # a registry that was given its range by the ledger has one of the usual size
    return FIRST_BASE + (lowest - FIRST_BASE - 1) // DEFAULT_SPAN * DEFAULT_SPAN if lowest > FIRST_BASE else None


async def _probe_forever(gateway: Gateway) -> None:
    """Asks every registry now and then whether it is there, and binds its range to the cluster that answers."""
    while True:
        await asyncio.gather(*(_probe(gateway, registry) for registry in gateway.registries.all))
        await asyncio.sleep(PROBE_SECONDS)


async def _probe(gateway: Gateway, registry: LiveRegistry) -> None:
    if not registry.entry.enabled:
        return
    enter_call(own_call())
    try:
        ping = await registry.ping()
        await gateway.ledger.recognise(registry.id, ping.cluster_id)
        await reconcile(gateway, registry)
    except LedgerConflict as conflict:
        registry.quarantine(str(conflict))
        log.warning("another cluster answers", extra={"registry": registry.id, "reason": str(conflict)})
    except RegistryError as fault:
        log.warning("registry does not answer", extra={"registry": registry.id, "reason": str(fault)})


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
