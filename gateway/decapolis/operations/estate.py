"""Keeps the index of the estate fresh, so that lists and searches ask no registry for a subject.

What changed through a gateway is looked at before the next search is answered; what others change in a registry is found in
the background, a few subjects at a time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial

from decapolis.cache import subject_scope
from decapolis.gateway import Gateway
from decapolis.registries.live import LiveRegistry
from decapolis.store.estate import (
    EstateRow,
    changed_subjects,
    drop_rows,
    keep_rows,
    known_versions,
    latest_versions,
)
from decapolis.web import enter_call, own_call
from decapolis_translators.contract import StoredVersion
from decapolis_translators.errors import Absent, RegistryError, RegistryFault
from decapolis_translators.subjects import Subject

from .annotated import whole_metadata
from .described import described, tags_in, words_of
from .levels import read_levels

log = logging.getLogger(__name__)

TOGETHER = 16
BATCH = 100
BEGIN_SECONDS = 5.0
"""A start belongs to those who wait for it: the background begins when that is over."""
NAMES_SECONDS = 20.0
"""How long a listing of names counts as fresh while nothing changed through a gateway."""
FEW = 200
"""So many subjects are looked at while somebody waits; more are left to the background, within the registry's budget."""
LOOKED_AT_ONCE = 20
"""How many subjects of a registry are looked at anew in one turn of the background."""


class StillLooking(RegistryFault):
    """The index of a large registry is not whole yet."""

    def __init__(self, registry: str, missing: int, total: int) -> None:
        super().__init__(
            f"Registry {registry} is still being looked at: {missing} of {total} subjects are not known yet"
        )


async def is_fresh(gateway: Gateway, registry: LiveRegistry) -> bool:
    """Whether the rows of a registry were whole a moment ago and nothing changed through a gateway since."""
    memory = gateway.estate
    checked = memory.checked.get(registry.id)
    return checked is not None and await gateway.changes.unchanged((registry.id,), checked)


async def freshen(gateway: Gateway, registry: LiveRegistry) -> None:
    """Brings the rows of a registry up to date while somebody waits; StillLooking where that is left to the background."""
    if await is_fresh(gateway, registry):
        return
    async with gateway.estate.lock(registry.id):
        if await is_fresh(gateway, registry):
            return
        made = await gateway.changes.now()
        names = await _names(gateway, registry, made)
        known = await gateway.store.read(lambda c: known_versions(c, registry.id))
        todo = await _to_look_at(gateway, registry, names, known)
        if len(todo) > FEW and not registry.is_local:
            raise StillLooking(registry.id, len(todo), len(names))
        await _drop_gone(gateway, registry, names, known)
        await _look(gateway, registry, sorted(todo))
        gateway.estate.checked[registry.id] = made


async def look_on(gateway: Gateway, registry: LiveRegistry) -> None:
    """One turn of the background: everything that is missing, and the rows that were looked at longest ago."""
    made = await gateway.changes.now()
    names = frozenset(await registry.subjects())
    gateway.estate.keep_names(registry.id, names, made, time.monotonic() + NAMES_SECONDS)
    known = await gateway.store.read(lambda c: known_versions(c, registry.id))
    todo = await _to_look_at(gateway, registry, names, known)
    oldest = sorted((seen, name) for name, (_, seen) in known.items() if name in names)
    again = {name for _, name in oldest[:LOOKED_AT_ONCE]}
    await _drop_gone(gateway, registry, names, known)
    budget = gateway.estate.budget(registry.id, registry.entry.resilience.background_calls)
    for at in range(0, len(missing := sorted(todo | again)), TOGETHER):
        some = missing[at : at + TOGETHER]
        for _ in some if not registry.is_local else ():
            await budget.wait()
        await _look(gateway, registry, some)
    async with gateway.estate.lock(registry.id):
        gateway.estate.checked[registry.id] = made


async def _drop_gone(
    gateway: Gateway, registry: LiveRegistry, names: frozenset[str], known: dict[str, tuple[int, int]]
) -> None:
    gone = [name for name in known if name not in names]
    if gone:
        await gateway.store.write(lambda c: drop_rows(c, registry.id, gone))


async def _names(gateway: Gateway, registry: LiveRegistry, made: int) -> frozenset[str]:
    kept = gateway.estate.names.get(registry.id)
    if (
        kept is not None
        and time.monotonic() < kept.until
        and await gateway.changes.unchanged((registry.id,), kept.made)
    ):
        return kept.value
    names = frozenset(await registry.subjects())
    gateway.estate.keep_names(registry.id, names, made, time.monotonic() + NAMES_SECONDS)
    return names


async def _to_look_at(
    gateway: Gateway, registry: LiveRegistry, names: frozenset[str], known: dict[str, tuple[int, int]]
) -> set[str]:
    """Subjects that are not in the index, or that changed through a gateway after they were looked at."""
    newest = await gateway.store.read(lambda c: latest_versions(c, registry.id))
    found = {name for name in names if name not in known}
    for (context, plain), version in newest.items():
        name = str(Subject(context, plain))
        if name in names and name in known and known[name][0] != version:
            found.add(name)
    changes = gateway.changes
    if changes.shared:
        since = gateway.estate.checked.get(registry.id, 0)
        changed = await gateway.store.read(lambda c: changed_subjects(c, registry.id, since))
        return found | (names & changed.keys())
    looked = gateway.estate.looked
    return found | {
        name
        for name in names
        if changes.last.get(subject_scope(registry.id, name), 0) > looked.get((registry.id, name), 0)
    }


async def _look(gateway: Gateway, registry: LiveRegistry, names: Sequence[str]) -> None:
    places = asyncio.Semaphore(TOGETHER)

    async def one(name: str) -> EstateRow | None:
        async with places:
            return await _row(gateway, registry, name)

    for at in range(0, len(names), BATCH):
        some = names[at : at + BATCH]
        made = await gateway.changes.now()
        rows = [row for row in await asyncio.gather(*(one(name) for name in some)) if row is not None]
        await gateway.store.write(partial(keep_rows, rows=rows))
        gateway.estate.looked.update({(registry.id, name): made for name in some})


async def _row(gateway: Gateway, registry: LiveRegistry, name: str) -> EstateRow | None:
    try:
        stored = await registry.fetch(name)
        known = await registry.dependencies(stored.schema, Subject.parse(name).context, deleted=True)
    except Absent:
        return None  # it went meanwhile; the next listing will not name it
    metadata = await whole_metadata(gateway, registry, stored)
    facts = await asyncio.to_thread(described, stored.schema, known)
    owner = metadata.get("owner") or registry.entry.metadata.get("owner")
    return EstateRow(
        registry.id,
        name,
        stored.version,
        stored.native_id if isinstance(stored.native_id, int) else 0,
        stored.schema.format.value,
        stored.schema.guid,
        await _kind(registry, stored),
        facts.namespace,
        None if owner is None else str(owner),
        sorted({*facts.tags, *tags_in(metadata)}),
        [list(each) for each in facts.fields],
        words_of(name, facts, metadata),
        int(time.time() * 1000),
    )


async def _kind(registry: LiveRegistry, stored: StoredVersion) -> str | None:
    """How the subject's table is kept (`iceberg`, `delta`), where there is a table and its catalog answers."""
    try:
        table = await registry.table(stored.subject)
    except RegistryError:
        return None
    # the catalog's own words, the kind of its files last: EXTERNAL ICEBERG
    return table.kind.lower().rpartition(" ")[2] if table is not None and table.kind else None


async def look_forever(gateway: Gateway, registry: LiveRegistry, seconds: float) -> None:
    """Looks at a registry in turns, at its texts and at its levels, for as long as the gateway runs."""
    await asyncio.sleep(BEGIN_SECONDS)
    while True:
        for turn in (look_on, read_levels):
            enter_call(own_call())
            try:
                await turn(gateway, registry)
            except RegistryError as fault:
                log.debug("the estate was not looked at", extra={"registry": registry.id, "reason": str(fault)})
            except Exception as error:  # the index of one registry must not end the looking at it for good
                log.warning("the estate was not looked at", extra={"registry": registry.id}, exc_info=error)
        await asyncio.sleep(seconds)


async def look_at_all_forever(gateway: Gateway, seconds: float) -> None:
    """Has a task for each enabled registry; those that come and go at run time are followed."""
    tasks: dict[LiveRegistry, asyncio.Task[None]] = {}
    try:
        while True:
            there = {registry for registry in gateway.registries.all if registry.entry.enabled}
            for registry in there - tasks.keys():
                tasks[registry] = asyncio.create_task(look_forever(gateway, registry, seconds))
            for registry in tasks.keys() - there:
                tasks.pop(registry).cancel()
            await asyncio.sleep(1.0)
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
