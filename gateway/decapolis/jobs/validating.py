"""Reads back what a job changed, from the registries themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from decapolis.gateway import Gateway, View
from decapolis.operations.set_level import level_at
from decapolis.registries.routing import UnknownRegistry
from decapolis.store.jobs import DONE, UNDONE, JobRow, StepRow
from decapolis.web import current_call
from decapolis_translators.errors import RegistryError

from .service import Jobs

TOGETHER = 16


@dataclass(frozen=True, slots=True)
class Difference:
    """A place that is not as the job left it, or that the job did not bring to where it was to be."""

    registry: str
    subject: str
    expected: str | None
    found: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Validated:
    """What reading everything back found."""

    checked: int
    as_expected: int
    differences: Sequence[Difference]


async def validated(gateway: Gateway, jobs: Jobs, job: JobRow) -> Validated:
    """Reads the level of every place of a job again, and compares it with what the job's journal says."""
    current_call().demand_fresh()
    places = asyncio.Semaphore(TOGETHER)
    differences: list[Difference] = []
    checked = 0

    async def one(step: StepRow) -> Difference | None:
        async with places:
            return await _difference(gateway, step)

    page: list[StepRow] = []
    async for step in jobs.steps(job.id):
        if step.action != "set-level":
            continue
        checked += 1
        page.append(step)
        if len(page) >= 10 * TOGETHER:
            differences += [each for each in await asyncio.gather(*map(one, page)) if each is not None]
            page = []
    differences += [each for each in await asyncio.gather(*map(one, page)) if each is not None]
    return Validated(checked, checked - len(differences), differences)


async def _difference(gateway: Gateway, step: StepRow) -> Difference | None:
    wanted = str((step.outcome or {}).get("level") or step.after["level"])
    before = None if step.before is None else step.before["level"]
    expected = before if step.state == UNDONE else wanted
    try:
        registry = gateway.registries.at(step.registry)
        found = await level_at(View(gateway, registry.id), step.subject or None)
    except (RegistryError, UnknownRegistry) as error:
        return Difference(step.registry, step.subject, expected, None, f"could not be read: {error}")
    if found == expected:
        return None
    if step.state in {DONE, UNDONE}:
        return Difference(step.registry, step.subject, expected, found, "somebody changed it since")
    return Difference(step.registry, step.subject, expected, found, step.reason or f"the step is {step.state}")
