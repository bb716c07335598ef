"""Which subjects have a level of their own, without a call a subject at the time of asking.

Many registries tell levels one by one only. A few are asked for at once; where there are many, they are read in the background
within the registry's budget, kept in the store, and only those that changed through a gateway since are asked for again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from decapolis.cache import subject_scope
from decapolis.gateway import Gateway
from decapolis.registries.live import LiveRegistry
from decapolis.store.estate import changed_subjects
from decapolis_translators.errors import RegistryFault
from decapolis_translators.subjects import Subject

from .demanded import LEVEL
from .effective import own_config

FEW = 100
"""So many subjects are asked for at once, whatever is remembered; what others just changed is seen then."""
TOGETHER = 16
KEPT_EVERY = 250
"""After how many readings the background writes down what it knows."""
_NAME = "levels"


class StillReading(RegistryFault):
    """The levels of a large registry are not all known yet."""

    def __init__(self, registry: str, known: int, total: int) -> None:
        super().__init__(
            f"The levels of registry {registry} are still being read: {known} of {total} subjects are known; ask again"
        )


async def set_levels(gateway: Gateway, registry: LiveRegistry, names: Iterable[str]) -> dict[str, str]:
    """The subjects that have a level of their own, with it; StillReading while too many are not known yet."""
    if registry.config_holder is None or registry.keeps_settings_here:
        return await _kept_here(registry)
    wanted = sorted({*names, *await _configured(registry)})
    if len(wanted) <= FEW:
        return _set(await _asked(gateway, registry, wanted))
    memory = gateway.estate
    made = await gateway.changes.now()
    unknown = await _unknown(gateway, registry, wanted)
    if len(unknown) > FEW:
        raise StillReading(registry.id, len(wanted) - len(unknown), len(wanted))
    for name, level in (await _asked(gateway, registry, unknown)).items():
        memory.keep_level(registry.id, name, level, made)
    known = memory.levels[registry.id]
    return _set({name: known[name][0] for name in wanted if name in known})


def _set(levels: dict[str, str | None]) -> dict[str, str]:
    return {name: level for name, level in levels.items() if level is not None}


async def _kept_here(registry: LiveRegistry) -> dict[str, str]:
    """The levels that the gateway keeps for a registry, read at once."""
    found = {}
    for (kind, subject), body in (await registry.settings_here()).items():
        level = body.get(LEVEL) if kind == "config" and subject.name else None
        if level is not None:
            found[str(subject)] = str(level)
    return found


async def _configured(registry: LiveRegistry) -> list[str]:
    """Subjects that have a configuration here, perhaps before they have a version."""
    return [name for name in await registry.configured_subjects() if Subject.parse(name).name]


async def _asked(gateway: Gateway, registry: LiveRegistry, names: Sequence[str]) -> dict[str, str | None]:
    places = asyncio.Semaphore(TOGETHER)

    async def one(name: str) -> tuple[str, str | None]:
        async with places:
            return name, await _level(gateway, registry, name)

    return dict(await asyncio.gather(*(one(name) for name in names)))


async def _level(gateway: Gateway, registry: LiveRegistry, name: str) -> str | None:
    level = (await own_config(gateway, registry, name) or {}).get(LEVEL)
    return None if level is None else str(level)


async def _unknown(gateway: Gateway, registry: LiveRegistry, names: Sequence[str]) -> list[str]:
    """Subjects that were never read, or that changed through a gateway after they were."""
    memory = gateway.estate
    if registry.id not in memory.levels:
        await _recall(gateway, registry)
    known, changes = memory.levels.get(registry.id, {}), gateway.changes
    if not changes.shared:
        return [n for n in names if n not in known or changes.last.get(subject_scope(registry.id, n), 0) > known[n][1]]
    since = min((made for _, made in known.values()), default=0)
    numbers = await gateway.store.read(lambda c: changed_subjects(c, registry.id, since))
    return [n for n in names if n not in known or numbers.get(n, 0) > known[n][1]]


async def _recall(gateway: Gateway, registry: LiveRegistry) -> None:
    """What was known when the gateway last ran; changes since then are found by reading on."""
    gateway.estate.levels[registry.id] = {}
    kept = None if registry.memory is None else await registry.memory.snapshot(_NAME)
    if kept is not None:
        for name, level in kept[0].items():
            gateway.estate.keep_level(registry.id, name, level, 0)


async def read_levels(gateway: Gateway, registry: LiveRegistry) -> None:
    """Reads the levels of a large registry once through, within its budget; for the background."""
    if registry.config_holder is None or registry.keeps_settings_here or registry.memory is None:
        return
    names = await registry.subjects()
    if len(names) <= FEW:
        return
    memory = gateway.estate
    unknown = set(await _unknown(gateway, registry, names))
    budget = gateway.estate.budget(registry.id, registry.entry.resilience.background_calls)
    for number, name in enumerate(sorted(names, key=lambda each: each not in unknown), 1):
        await budget.wait()
        made = await gateway.changes.now()
        memory.keep_level(registry.id, name, await _level(gateway, registry, name), made)
        if number % KEPT_EVERY == 0:
            await _keep(gateway, registry, names)
    await _keep(gateway, registry, names)


async def _keep(gateway: Gateway, registry: LiveRegistry, names: Sequence[str]) -> None:
    memory, known = registry.memory, gateway.estate.levels.get(registry.id, {})
    if memory is None:
        return
    there = set(names)
    for gone in [name for name in known if name not in there]:
        del known[gone]
    await memory.keep_snapshot(_NAME, {name: level for name, (level, _) in known.items()})
