"""What a plan of levels would do, place by place, without doing any of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from decapolis.gateway import Gateway, View
from decapolis.operations.demanded import LEVEL, held_to_floor
from decapolis.operations.errors import BelowTheFloor, OperationRefused
from decapolis.operations.history_check import history_check
from decapolis.operations.set_level import level_at, place_of
from decapolis.registries.routing import UnknownRegistry
from decapolis.web import current_call
from decapolis_formats import FormatError
from decapolis_translators.errors import RegistryError

from .plan import StepPlan

CHANGE, UNCHANGED, REFUSED, ERROR = "change", "unchanged", "refused", "error"
TOGETHER = 4
"""Histories that are read at once from one registry; each is read eight versions at a time."""


@dataclass(frozen=True, slots=True)
class Previewed:
    """One step with what is there, what would be there, and what speaks against it."""

    plan: StepPlan
    before: str | None
    after: str | None
    would: str
    is_compatible: bool | None = None
    """Whether the history that is there satisfies the level; None where there is none to ask."""
    broken_pairs: int = 0
    messages: tuple[str, ...] = ()


async def previewed(gateway: Gateway, steps: Sequence[StepPlan], *, histories: bool) -> list[Previewed]:
    """Every step, looked at; the registries are asked side by side."""
    places = {step.registry: asyncio.Semaphore(TOGETHER if histories else TOGETHER * 8) for step in steps}

    async def one(step: StepPlan) -> Previewed:
        async with places[step.registry]:
            return await _previewed(gateway, step, histories=histories)

    current_call().demand_fresh()
    return list(await asyncio.gather(*(one(step) for step in steps)))


async def _previewed(gateway: Gateway, step: StepPlan, *, histories: bool) -> Previewed:
    wanted, spelled = str(step.after["level"]), step.subject or None
    try:
        registry = gateway.registries.at(step.registry)
        view, subject = View(gateway, registry.id), place_of(registry, spelled)
        before = await level_at(view, spelled)
        planned = replace(step, before={"level": before})
        try:
            after = str((await held_to_floor(gateway, registry, subject, {LEVEL: wanted}))[LEVEL])
        except BelowTheFloor as below:
            return Previewed(planned, before, before, REFUSED, messages=(str(below),))
        found = Previewed(planned, before, after, UNCHANGED if before == after else CHANGE)
        if not histories or spelled is None:
            return found
        checked = await history_check(view, spelled, after)
    except (RegistryError, OperationRefused, FormatError, UnknownRegistry) as error:
        return Previewed(step, None, wanted, ERROR, messages=(str(error),))
    messages = tuple(
        f"versions {each.older} and {each.newer} ({each.direction}): {message}"
        for each in checked.broken[:5]
        for message in each.messages[:2]
    )
    return replace(
        found, is_compatible=checked.satisfied, broken_pairs=checked.broken_pairs, messages=found.messages + messages
    )
