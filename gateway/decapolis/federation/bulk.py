"""Many subjects of many registries at once: ask every history about a level, or set a level."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AliasChoices, Field

from decapolis.jobs import JobPlan
from decapolis.jobs.bulk import (
    PLAN_SECONDS,
    PlanNeeded,
    check_plan,
    demand_administrator,
    global_plan,
    levels_plan,
    plan_again,
)
from decapolis.jobs.plan import GLOBAL
from decapolis.jobs.previewing import Previewed, previewed
from decapolis.jobs.reports import iso
from decapolis.jobs.results import result_map
from decapolis.jobs.selecting import selected
from decapolis.operations.history_check import level_named

from .endpoint import REGISTRIES, Answer, Asked, Endpoint, Listed, Shape, named
from .jobs import JobShape
from .problems import Refused
from .started import Starting, accepted, begun, told, waited

OnFailure = Literal["stop", "continue", "rollback"]
FILTER = "a glob (user-*), an expression after re:, or the beginning of names"


class SetInputs(Starting):
    """Which level, where, and whether it is only looked at."""

    mode: str | None = named(
        "mode", "target_mode", "level", description="the level, in any case; a plan brings its own"
    )
    registries: Listed = named(*REGISTRIES, description="only these; else all enabled ones")
    subject_filter: str | None = Field(default=None, description=f"{FILTER}; without it each registry's global level")
    dry_run: bool = False
    check_history: bool = Field(
        default=True, description="in a dry run: whether every history is held against the level, too"
    )
    plan_id: str | None = named("plan_id", "dry_run_id", description="run the plan of a dry run, as it was seen")
    on_failure: OnFailure = Field(default="continue", description="what becomes of the rest when a step fails")


class CheckInputs(Starting):
    """Which histories are asked about which level."""

    registries: Listed = named(*REGISTRIES, description="only these; else all enabled ones")
    subject_filter: str | None = Field(default=None, description=f"{FILTER}; without it all subjects")
    target_mode: str | None = Field(
        default=None,
        validation_alias=AliasChoices("target_mode", "mode", "check_type", "level"),
        description="the level, in any case; each subject's own where it is left out",
    )


class PlanStepShape(Shape):
    """What would become of one place."""

    registry: str
    subject: str
    scope: Literal["subject", "global"]
    before: str | None = Field(description="the level that is set there; null where none is")
    after: str | None
    verdict: Literal["change", "unchanged", "refused", "error"]
    is_compatible: bool | None = Field(description="whether the history that is there satisfies the level")
    broken_pairs: int
    messages: list[str]


class PlanShape(Shape):
    """A plan that was only looked at."""

    plan_id: str = Field(description="runs this plan as it was seen")
    dry_run: Literal[True] = True
    mode: str
    total: int
    verdicts: dict[str, int]
    steps: list[PlanStepShape]
    failures: dict[str, str] = Field(description="registries that could not be asked, and why")
    expires_at: str


async def _plan(asked: Asked[SetInputs]) -> JobPlan:
    inputs, desk = asked.inputs, asked.desk
    if inputs.mode is None:
        raise Refused(400, "invalid-request", "mode: name the level that is to be set")
    level = level_named(inputs.mode)
    registries = desk.chosen(inputs.registries)
    request: dict[str, Any] = {
        "mode": level.name,
        "registries": [registry.id for registry in registries],
        "subject_filter": inputs.subject_filter,
        "dry_run": inputs.dry_run,
    }
    if not inputs.subject_filter:
        demand_administrator()
        return global_plan(registries, level, inputs.on_failure, request)
    found = await selected(desk.gateway, registries, inputs.subject_filter)
    return levels_plan(found, level, inputs.on_failure, request)


async def set_levels(asked: Asked[SetInputs]) -> Answer:
    """The plan of a dry run, or the job."""
    inputs = asked.inputs
    if inputs.dry_run:
        return await _dry_run(asked)
    job, over = await waited(asked, await begun(asked, lambda: _to_run(asked)))
    if over:
        return Answer(await result_map(asked.desk.jobs, job), headers={"Location": f"/api/v1/jobs/{job.id}"})
    return await told(asked, job, over)


async def _to_run(asked: Asked[SetInputs]) -> JobPlan:
    inputs, jobs = asked.inputs, asked.desk.jobs
    if inputs.plan_id is not None:
        draft = await jobs.get(inputs.plan_id)
        plan = plan_again(draft, jobs.steps(draft.id), inputs.on_failure)
        if inputs.mode is not None and level_named(inputs.mode).name != plan.request["mode"]:
            raise Refused(422, "another-plan", f"The plan {draft.id} sets {plan.request['mode']}, not {inputs.mode}")
        if not plan.request["subject_filter"]:
            demand_administrator()
        return plan
    asked.desk.chosen(inputs.registries)
    if not inputs.subject_filter:
        raise PlanNeeded(
            "Without a subject_filter the global level of whole registries changes: make a dry run (dry_run: true), "
            "look at it, then send its plan_id"
        )
    return await _plan(asked)


async def _dry_run(asked: Asked[SetInputs]) -> Answer:
    inputs, desk = asked.inputs, asked.desk
    plan = await _plan(asked)
    steps = [each async for each in plan.each()]
    found = await previewed(desk.gateway, steps, histories=inputs.check_history)
    seen = JobPlan(plan.kind, plan.title, [each.plan for each in found], plan.request, plan.on_failure)
    draft = await desk.jobs.draft(seen)
    verdicts: dict[str, int] = {}
    for each in found:
        verdicts[each.would] = verdicts.get(each.would, 0) + 1
    shape = PlanShape(
        plan_id=draft.id,
        mode=plan.request["mode"],
        total=len(found),
        verdicts=verdicts,
        steps=[_shape(each) for each in found],
        failures=plan.request.get("failures") or {},
        expires_at=iso(draft.created_ms + int(PLAN_SECONDS * 1000)) or "",
    )
    return Answer(shape)


def _shape(each: Previewed) -> PlanStepShape:
    return PlanStepShape.model_validate(
        {
            "registry": each.plan.registry,
            "subject": each.plan.subject or GLOBAL,
            "scope": "subject" if each.plan.subject else GLOBAL,
            "before": each.before,
            "after": each.after,
            "verdict": each.would,
            "is_compatible": each.is_compatible,
            "broken_pairs": each.broken_pairs,
            "messages": list(each.messages),
        }
    )


async def check_histories(asked: Asked[CheckInputs]) -> Answer:
    """A job with a verdict per subject."""

    async def plan() -> JobPlan:
        inputs, desk = asked.inputs, asked.desk
        level = None if inputs.target_mode is None else level_named(inputs.target_mode)
        registries = desk.chosen(inputs.registries)
        request = {
            "target_mode": None if level is None else level.name,
            "registries": [registry.id for registry in registries],
            "subject_filter": inputs.subject_filter,
        }
        return check_plan(await selected(desk.gateway, registries, inputs.subject_filter), level, request)

    return await accepted(asked, await begun(asked, plan))


ENDPOINTS = (
    Endpoint(
        "POST",
        "/bulk/set-compatibility",
        set_levels,
        "Set a level on many subjects, or the global level of registries: as a plan to look at, or as a job",
        "bulk",
        SetInputs,
        {200: PlanShape | dict[str, Any], 202: JobShape},
        (400, 404, 409, 422),
    ),
    Endpoint(
        "POST",
        "/bulk/check-compatibility",
        check_histories,
        "Ask the whole history of many subjects about a level, as a job",
        "bulk",
        CheckInputs,
        {200: JobShape, 202: JobShape},
        (400, 404, 409, 422),
    ),
)
