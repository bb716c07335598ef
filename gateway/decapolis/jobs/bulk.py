"""Plans over many subjects: set a level, or ask every history about one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from decapolis.operations.errors import NotAllowed, OperationRefused
from decapolis.registries.live import LiveRegistry
from decapolis.store.jobs import JobRow, StepRow, now_ms
from decapolis.web import current_call
from decapolis_policies import Level

from .plan import JobPlan, OnFailure, StepPlan
from .selecting import Selected

SET_LEVELS, CHECK = "set-levels", "check"
PLAN_SECONDS = 3600.0
"""How long a plan that was looked at may be run as it was seen."""


class PlanNeeded(OperationRefused):
    """A change of global levels must have been looked at first."""


class PlanTooOld(OperationRefused):
    """What the plan saw was too long ago."""


def levels_plan(chosen: Selected, level: Level, on_failure: OnFailure, request: dict[str, Any]) -> JobPlan:
    """One step a subject."""
    steps = [StepPlan(registry, name, "set-level", {"level": level.name}) for registry, name in chosen.places()]
    title = f"Set {level.name} on {len(steps)} subject(s)"
    return JobPlan(SET_LEVELS, title, steps, {**request, "failures": chosen.told}, on_failure)


def global_plan(
    registries: Sequence[LiveRegistry], level: Level, on_failure: OnFailure, request: dict[str, Any]
) -> JobPlan:
    """One step a registry: its global level."""
    steps = [StepPlan(registry.id, "", "set-level", {"level": level.name}) for registry in registries]
    return JobPlan(SET_LEVELS, f"Set {level.name} globally in {len(steps)} registries", steps, request, on_failure)


def check_plan(chosen: Selected, level: Level | None, request: dict[str, Any]) -> JobPlan:
    """One history a step."""
    wanted = None if level is None else level.name
    steps = [StepPlan(registry, name, "check-history", {"level": wanted}) for registry, name in chosen.places()]
    title = f"Check {len(steps)} histories against {wanted or 'their own levels'}"
    return JobPlan(CHECK, title, steps, {**request, "failures": chosen.told}, "continue", changes=False)


def demand_administrator() -> None:
    """Global levels decide for subjects that nobody looked at."""
    if not current_call().administrator:
        raise NotAllowed("Only an administrator may change the global level of registries in bulk")


def plan_again(draft: JobRow, steps: AsyncIterator[StepRow], on_failure: OnFailure) -> JobPlan:
    """The plan of a dry run, to be run only where everything is still as it was seen; PlanTooOld."""
    if not draft.draft or draft.kind != SET_LEVELS:
        raise PlanNeeded(f"{draft.id} is not the plan of a dry run")
    age = (now_ms() - draft.created_ms) / 1000
    if age > PLAN_SECONDS:
        raise PlanTooOld(f"The dry run was made {age / 60:.0f} minutes ago: make a new one, then run it")
    request = {**draft.request, "dry_run": False, "plan_id": draft.id}
    return JobPlan(SET_LEVELS, draft.title, _as_seen(steps), request, on_failure)


async def _as_seen(steps: AsyncIterator[StepRow]) -> AsyncIterator[StepPlan]:
    async for step in steps:
        yield StepPlan(step.registry, step.subject, step.action, step.after, step.before, step.phase, step.needs)
