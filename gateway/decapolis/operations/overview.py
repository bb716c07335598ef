"""Levels over the whole estate: what is set where, what holds, how often, and who differs from whom."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from decapolis.gateway import Gateway
from decapolis.registries.live import LiveRegistry
from decapolis_translators.contract import Feature
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from .demanded import LEVEL, facts_of
from .effective import own_config
from .everywhere import Failed, everywhere
from .levels import FEW, set_levels


@dataclass(frozen=True, slots=True)
class Effective:
    """The level that decides for a subject, and what made it so."""

    level: str
    configured: str
    origin: str
    """`subject`, `context`, `global`, or `default`; with `+ floor` where a policy asks for more."""


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of one registry."""

    registry: str
    global_level: str
    enforced_by: str
    """`registry` where it holds levels itself, else `gateway`."""
    subjects: Mapping[str, str]
    """The subjects with a level of their own."""
    effective: Mapping[str, Effective]
    """Every subject."""

    @property
    def distribution(self) -> dict[str, int]:
        """How many subjects each level decides for."""
        return dict(Counter(each.level for each in self.effective.values()))


async def levels_of(gateway: Gateway, registry: LiveRegistry) -> Levels:
    """The levels of a registry: what is set, and what holds for each subject."""
    names, overall = await asyncio.gather(_names(gateway, registry), _global_level(gateway, registry))
    own = await set_levels(gateway, registry, names)
    contexts = {Subject.parse(name).context for name in names} - {DEFAULT_CONTEXT}
    of_context = {each: await _context_level(gateway, registry, each) for each in sorted(contexts)}
    effective = {name: _effective(gateway, registry, name, own, of_context, overall) for name in names}
    enforced_by = "registry" if registry.capabilities.has(Feature.LEVELS) else "gateway"
    shown = overall or gateway.judge.default_level.name
    return Levels(registry.id, shown, enforced_by, own, effective)


async def _names(gateway: Gateway, registry: LiveRegistry) -> Sequence[str]:
    """The subjects; of a large registry as they were listed a moment ago, unless something changed through a gateway."""
    kept = gateway.estate.names.get(registry.id)
    if (
        kept is not None
        and len(kept.value) > FEW
        and time.monotonic() < kept.until
        and await gateway.changes.unchanged((registry.id,), kept.made)
    ):
        return sorted(kept.value)
    return await registry.subjects()


async def _global_level(gateway: Gateway, registry: LiveRegistry) -> str | None:
    config = await own_config(gateway, registry, None) or {}
    level = config.get(LEVEL)
    return None if level is None else str(level)


async def _context_level(gateway: Gateway, registry: LiveRegistry, context: str) -> str | None:
    config = await own_config(gateway, registry, f":{context}:") or {}
    level = config.get(LEVEL)
    return None if level is None else str(level)


def _effective(
    gateway: Gateway,
    registry: LiveRegistry,
    name: str,
    own: Mapping[str, str],
    of_context: Mapping[str, str | None],
    overall: str | None,
) -> Effective:
    subject = Subject.parse(name)
    context = of_context.get(subject.context) if subject.context != DEFAULT_CONTEXT else None
    choices = (("subject", own.get(name)), ("context", context), ("global", overall))
    default = ("default", gateway.judge.default_level.name)
    origin, configured = next(((o, level) for o, level in choices if level is not None), default)
    if not gateway.judge.policies.sets:
        return Effective(configured, configured, origin)
    enforced = gateway.judge.enforced(facts_of(registry, subject), {LEVEL: configured}).name
    return Effective(enforced, configured, origin if enforced == configured else f"{origin} + floor")


async def overview(gateway: Gateway, registries: list[LiveRegistry]) -> dict[str, Levels | Failed]:
    """The levels of each registry by its id, or why they are not known."""
    return await everywhere(registries, lambda registry: levels_of(gateway, registry))


def differing(found: Mapping[str, Levels | Failed]) -> dict[str, dict[str, str]]:
    """Subjects that several registries hold under different levels: the level by registry."""
    by_subject: dict[str, dict[str, str]] = {}
    for registry_id, levels in found.items():
        if isinstance(levels, Levels):
            for name, effective in levels.effective.items():
                by_subject.setdefault(name, {})[registry_id] = effective.level
    return {name: levels for name, levels in sorted(by_subject.items()) if len(set(levels.values())) > 1}
