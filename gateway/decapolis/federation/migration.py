"""Moving subjects to another level: analyse, carry out, validate, take back."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AliasChoices, Field

from decapolis.jobs import JobPlan
from decapolis.jobs.histories import PHASES
from decapolis.jobs.migrating import ANALYZE, MIGRATE, Wanted, analysis_plan, migration_plan
from decapolis.jobs.results import MOST_RESULTS
from decapolis.jobs.selecting import selected
from decapolis.jobs.validating import validated
from decapolis.operations.history_check import level_named
from decapolis.store.jobs import DONE, ENDED, JobRow, StepRow

from .bulk import FILTER, OnFailure
from .endpoint import REGISTRIES, Answer, Asked, Endpoint, Inputs, Listed, Shape, named
from .jobs import JobShape, RollbackInputs, job_shape
from .problems import Refused
from .started import Starting, accepted, begun


class AnalyzeInputs(Starting):
    """Which subjects are to be moved where."""

    registries: Listed = named(*REGISTRIES, description="only these; else all enabled ones")
    subject_filter: str | None = Field(default=None, description=f"{FILTER}; without it all subjects")
    target_mode: str = Field(
        default="FORWARD_FULL",
        validation_alias=AliasChoices("target_mode", "mode", "level"),
        description="the level to move to, in any case",
    )


class ExecuteInputs(Starting):
    """Which part of an analysis is carried out, and how."""

    analysis_id: str = Field(min_length=1, description="the job of a finished analysis, not older than an hour")
    subjects: list[str] | None = Field(default=None, min_length=1, description="only these; else all that can be moved")
    phases: list[int] | None = Field(default=None, min_length=1, description="only these phases; else all")
    create_backup: bool = Field(
        default=True, description="keep everybody's whole configuration before anything changes"
    )
    on_failure: OnFailure = Field(default="stop", description="what becomes of the rest when a step fails")
    repair: bool = Field(default=False, description="register the bridging version of REPAIRABLE subjects first")


class PhaseShape(Shape):
    """Subjects that are moved together."""

    phase: int
    risk: Literal["low", "medium", "high"]
    total: int
    subjects: list[str] = Field(description="registry and subject, a slash between them")


class AnalysedShape(Shape):
    """One subject, analysed."""

    registry: str
    subject: str
    status: Literal["READY", "REPAIRABLE", "BLOCKED", "ERROR"]
    risk: Literal["low", "medium", "high"] | None
    phase: int | None
    reason: str
    current: str | None = Field(description="its own level; null where it has none")
    configured: str | None = Field(description="the level that holds for it now")
    versions: list[int]
    broken_pairs: int
    broken: list[dict[str, Any]]
    bridging: dict[str, Any] | None
    bridged_by: int | None


class AnalysisShape(Shape):
    """What an analysis says as a whole."""

    target_mode: str
    totals: dict[str, int] = Field(description="by status")
    risks: dict[str, int]
    phases: list[PhaseShape]
    subjects: list[AnalysedShape]


class StatusShape(Shape):
    """How far an analysis or a migration is."""

    job: JobShape
    percent: float
    analysis: AnalysisShape | None = Field(description="the findings, once an analysis is done")


class DifferenceShape(Shape):
    """A place that is not as the job left it, or was to leave it."""

    registry: str
    subject: str
    expected: str | None
    found: str | None
    reason: str


class ValidationShape(Shape):
    """What reading everything back found."""

    job: str
    checked: int
    as_expected: int
    valid: bool
    differences: list[DifferenceShape]


async def analyze_migration(asked: Asked[AnalyzeInputs]) -> Answer:
    """A job that says of each subject whether it can be moved."""

    async def plan() -> JobPlan:
        inputs, desk = asked.inputs, asked.desk
        level = level_named(inputs.target_mode)
        registries = desk.chosen(inputs.registries)
        request = {"registries": [each.id for each in registries], "subject_filter": inputs.subject_filter}
        return analysis_plan(await selected(desk.gateway, registries, inputs.subject_filter), level, request)

    return await accepted(asked, await begun(asked, plan))


async def execute_migration(asked: Asked[ExecuteInputs]) -> Answer:
    """A job that moves what the analysis found movable."""
    inputs = asked.inputs
    unknown = sorted(set(inputs.phases or ()) - set(PHASES.values()))
    if unknown:
        raise Refused(400, "unknown-phase", f"There is no phase {unknown[0]} (known: {sorted(PHASES.values())})")
    wanted = Wanted(
        inputs.analysis_id, inputs.subjects, inputs.phases, inputs.repair, inputs.create_backup, inputs.on_failure
    )
    return await accepted(asked, await begun(asked, lambda: migration_plan(asked.desk.jobs, wanted)))


async def _job(asked: Asked[Any], *kinds: str) -> JobRow:
    job = await asked.desk.jobs.get(asked.path["job_id"])
    if job.kind not in kinds:
        raise Refused(409, "another-kind-of-job", f"Job {job.id} is of kind {job.kind}, not {' or '.join(kinds)}")
    return job


async def migration_status(asked: Asked[Inputs]) -> Answer:
    """Progress, and the findings of an analysis."""
    job = await _job(asked, ANALYZE, MIGRATE)
    shape = await job_shape(asked.desk.jobs, job, result=job.kind == MIGRATE)
    analysis = await _analysis(asked, job) if job.kind == ANALYZE and job.state in ENDED else None
    percent = 100.0 * shape.done / shape.total if shape.total else 100.0
    return Answer(StatusShape(job=shape, percent=round(percent, 1), analysis=analysis))


async def _analysis(asked: Asked[Any], job: JobRow) -> AnalysisShape:
    totals: dict[str, int] = {}
    risks: dict[str, int] = {}
    phases: dict[str, list[str]] = {}
    subjects: list[AnalysedShape] = []
    async for step in asked.desk.jobs.steps(job.id):
        shape = _analysed(step)
        totals[shape.status] = totals.get(shape.status, 0) + 1
        if shape.risk is not None:
            risks[shape.risk] = risks.get(shape.risk, 0) + 1
            phases.setdefault(shape.risk, []).append(f"{shape.registry}/{shape.subject}")
        if len(subjects) < MOST_RESULTS:
            subjects.append(shape)
    return AnalysisShape.model_validate(
        {
            "target_mode": job.request["target_mode"],
            "totals": totals,
            "risks": risks,
            "phases": [
                {"phase": phase, "risk": risk, "total": len(phases[risk]), "subjects": phases[risk][:MOST_RESULTS]}
                for risk, phase in PHASES.items()
                if risk in phases
            ],
            "subjects": subjects,
        }
    )


def _analysed(step: StepRow) -> AnalysedShape:
    facts = (step.outcome or {}) if step.state == DONE else {}
    return AnalysedShape(
        registry=step.registry,
        subject=step.subject,
        status=facts.get("status", "ERROR"),
        risk=facts.get("risk"),
        phase=facts.get("phase"),
        reason=facts.get("reason") or step.reason or f"the step is {step.state}",
        current=facts.get("own"),
        configured=facts.get("configured"),
        versions=facts.get("versions", []),
        broken_pairs=facts.get("broken_pairs", 0),
        broken=facts.get("broken", []),
        bridging=facts.get("bridging"),
        bridged_by=facts.get("bridged_by"),
    )


async def pause_migration(asked: Asked[Inputs]) -> Answer:
    """No further step begins."""
    job = await asked.desk.jobs.pause((await _job(asked, ANALYZE, MIGRATE)).id)
    return Answer(await job_shape(asked.desk.jobs, job), 202)


async def resume_migration(asked: Asked[Inputs]) -> Answer:
    """It goes on."""
    job = await asked.desk.jobs.resume((await _job(asked, ANALYZE, MIGRATE)).id)
    return Answer(await job_shape(asked.desk.jobs, job), 202)


async def roll_back_migration(asked: Asked[RollbackInputs]) -> Answer:
    """Levels are what they were, wherever nobody changed them since."""
    job = await asked.desk.jobs.rollback((await _job(asked, MIGRATE)).id, asked.inputs.scope)
    return Answer(await job_shape(asked.desk.jobs, job), 202)


async def validate_migration(asked: Asked[Inputs]) -> Answer:
    """Every subject read again from its registry."""
    job = await _job(asked, MIGRATE, "set-levels")
    found = await validated(asked.desk.gateway, asked.desk.jobs, job)
    return Answer(
        ValidationShape(
            job=job.id,
            checked=found.checked,
            as_expected=found.as_expected,
            valid=not found.differences,
            differences=[
                DifferenceShape(
                    registry=each.registry,
                    subject=each.subject or "global",
                    expected=each.expected,
                    found=each.found,
                    reason=each.reason,
                )
                for each in found.differences
            ],
        )
    )


def _of_job(verb: str, serve: Any, summary: str, inputs: type[Inputs] = Inputs, status: int = 202) -> Endpoint:
    answers = {202: JobShape} if status == 202 else {200: ValidationShape}
    return Endpoint(
        "POST", f"/migration/{{job_id}}/{verb}", serve, summary, "migration", inputs, answers, (400, 404, 409)
    )


ENDPOINTS = (
    Endpoint(
        "POST",
        "/migration/analyze",
        analyze_migration,
        "Find out of each subject whether it can be moved to a level: READY, REPAIRABLE or BLOCKED",
        "migration",
        AnalyzeInputs,
        {200: JobShape, 202: JobShape},
        (400, 404, 409, 422),
    ),
    Endpoint(
        "POST",
        "/migration/execute",
        execute_migration,
        "Move what an analysis found movable, wherever nothing changed since",
        "migration",
        ExecuteInputs,
        {200: JobShape, 202: JobShape},
        (400, 404, 409, 422),
    ),
    Endpoint(
        "GET",
        "/migration/status/{job_id}",
        migration_status,
        "Show how far an analysis or a migration is, and what the analysis found",
        "migration",
        Inputs,
        {200: StatusShape},
        (404, 409),
    ),
    _of_job("pause", pause_migration, "Pause an analysis or a migration"),
    _of_job("resume", resume_migration, "Let a paused one go on"),
    _of_job(
        "rollback", roll_back_migration, "Take a migration back, all of it or where something failed", RollbackInputs
    ),
    _of_job(
        "validate", validate_migration, "Read every subject back from its registry and report differences", status=200
    ),
)
