"""Moving subjects to another level: what an analysis says as a whole, and the plan that carries it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from decapolis.operations.errors import OperationRefused
from decapolis.store.jobs import DONE, FAILED, JobRow, StepRow, now_ms
from decapolis_policies import Level
from decapolis_translators.errors import SubjectNotFound

from .histories import BLOCKED, PHASES, READY, REPAIRABLE
from .levels import MOST_KEPT
from .plan import JobPlan, OnFailure, StepPlan
from .selecting import Selected
from .service import Jobs

ANALYZE, MIGRATE = "analyze", "migrate"
ANALYSIS_SECONDS = 3600.0
"""How long an analysis may be acted upon."""


class NoAnalysis(OperationRefused):
    """The job is not a finished analysis."""


class StaleAnalysis(OperationRefused):
    """The analysis is too old to be acted upon."""


class NotMovable(OperationRefused):
    """A subject that was asked for cannot be moved."""


def analysis_plan(chosen: Selected, level: Level, request: dict[str, Any]) -> JobPlan:
    """One subject a step."""
    steps = [StepPlan(registry, name, "analyze", {"level": level.name}) for registry, name in chosen.places()]
    title = f"Analyse {len(steps)} subject(s) for {level.name}"
    asked = {**request, "target_mode": level.name, "failures": chosen.told}
    return JobPlan(ANALYZE, title, steps, asked, "continue", changes=False)


@dataclass(slots=True)
class Totals:
    """An analysis in numbers."""

    statuses: Counter[str] = field(default_factory=Counter)
    risks: Counter[str] = field(default_factory=Counter)
    phases: Counter[int] = field(default_factory=Counter)
    errors: int = 0

    def add(self, step: StepRow) -> None:
        """Counts one subject."""
        facts = step.outcome or {}
        if step.state == FAILED:
            self.errors += 1
        if step.state != DONE:
            return
        self.statuses[facts["status"]] += 1
        if facts["risk"] is not None:
            self.risks[facts["risk"]] += 1
            self.phases[facts["phase"]] += 1


async def totals_of(jobs: Jobs, analysis: str) -> Totals:
    """The numbers of an analysis, as far as it is."""
    totals = Totals()
    async for step in jobs.steps(analysis):
        totals.add(step)
    return totals


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of an analysis is to be carried out, and how."""

    analysis: str
    subjects: Sequence[str] | None = None
    phases: Sequence[int] | None = None
    repair: bool = False
    create_backup: bool = True
    on_failure: OnFailure = "stop"


async def migration_plan(jobs: Jobs, wanted: Wanted) -> JobPlan:
    """The plan for what an analysis found movable; NoAnalysis, StaleAnalysis, or NotMovable naming subject and reason."""
    analysis = await jobs.get(wanted.analysis)
    _demand_usable(analysis)
    left_out: Counter[str] = Counter()
    named, found, chosen = set(wanted.subjects or ()), set[str](), 0
    async for step in jobs.steps(analysis.id):
        if named and step.subject not in named:
            continue
        found.add(step.subject)
        reason = _why_not(step, wanted)
        if reason is None:
            chosen += 1
        elif named and not _outside_phases(step, wanted):
            raise NotMovable(reason)
        else:
            left_out[_kind(step)] += 1
    missing = sorted(named - found)
    if missing:
        raise SubjectNotFound(missing[0])
    if not chosen:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(left_out.items())) or "none at all"
        raise NotMovable(f"Analysis {analysis.id} has no subject that could be moved this way (left out: {told})")
    target = analysis.request["target_mode"]
    request = {
        "analysis_id": analysis.id,
        "target_mode": target,
        "subjects": None if wanted.subjects is None else list(wanted.subjects),
        "phases": None if wanted.phases is None else list(wanted.phases),
        "repair": wanted.repair,
        "create_backup": wanted.create_backup,
        "left_out": dict(left_out),
    }
    title = f"Move {chosen} subject(s) to {target}"
    return JobPlan(MIGRATE, title, _steps(jobs, analysis, wanted), request, wanted.on_failure)


def _demand_usable(analysis: JobRow) -> None:
    if analysis.kind != ANALYZE:
        raise NoAnalysis(f"Job {analysis.id} is not an analysis: POST /migration/analyze makes one")
    if analysis.state != DONE:
        raise NoAnalysis(f"Analysis {analysis.id} is {analysis.state}: wait until it is done, or make a new one")
    age = (now_ms() - (analysis.ended_ms or analysis.created_ms)) / 1000
    if age > ANALYSIS_SECONDS:
        raise StaleAnalysis(
            f"Analysis {analysis.id} was made {age / 60:.0f} minutes ago: make a new one, for much may have changed since"
        )


def _kind(step: StepRow) -> str:
    return str((step.outcome or {}).get("status", step.state)) if step.state == DONE else "not analysed"


def _outside_phases(step: StepRow, wanted: Wanted) -> bool:
    return wanted.phases is not None and (step.outcome or {}).get("phase") not in {*wanted.phases, None}


def _why_not(step: StepRow, wanted: Wanted) -> str | None:
    """Why a subject is not moved, None where it is."""
    facts, where = step.outcome or {}, f"{step.subject} of registry {step.registry}"
    if step.state != DONE:
        return f"{where} was not analysed: {step.reason or step.state}"
    if facts["status"] == BLOCKED:
        return f"{where} is BLOCKED: {facts['reason']}"
    if _outside_phases(step, wanted):
        return f"{where} belongs to phase {facts['phase']}"
    if facts["status"] == REPAIRABLE and not wanted.repair:
        return f"{where} is REPAIRABLE: ask for `repair: true`, which registers the bridging version first"
    return None


async def _steps(jobs: Jobs, analysis: JobRow, wanted: Wanted) -> AsyncIterator[StepPlan]:
    """Snapshots first, then each subject: the bridging version where one is needed, then the level."""
    number = 0
    if wanted.create_backup:
        async for snapshot in _snapshots(jobs, analysis, wanted):
            number += 1
            yield snapshot
    async for step in _movable(jobs, analysis, wanted):
        for plan in _moves(step, analysis.request["target_mode"], number):
            number += 1
            yield plan


async def _movable(jobs: Jobs, analysis: JobRow, wanted: Wanted) -> AsyncIterator[StepRow]:
    named = set(wanted.subjects or ())
    async for step in jobs.steps(analysis.id):
        if (not named or step.subject in named) and _why_not(step, wanted) is None:
            yield step


async def _snapshots(jobs: Jobs, analysis: JobRow, wanted: Wanted) -> AsyncIterator[StepPlan]:
    kept: dict[str, list[str]] = {}
    async for step in _movable(jobs, analysis, wanted):
        names = kept.setdefault(step.registry, [])
        names.append(step.subject)
        if len(names) >= MOST_KEPT:
            yield StepPlan(step.registry, "", "snapshot", {"subjects": kept.pop(step.registry)}, phase=0)
    for registry, names in kept.items():
        yield StepPlan(registry, "", "snapshot", {"subjects": names}, phase=0)


def _moves(step: StepRow, target: str, number: int) -> Iterable[StepPlan]:
    facts: Mapping[str, Any] = step.outcome
    phase, versions = int(facts["phase"]), list(facts["versions"])
    needs = None
    if facts["status"] == REPAIRABLE and facts["bridging"]["version"] is None:
        bridging = {
            key: facts["bridging"][key] for key in ("schema", "schemaType", "references", "metadata", "ruleSet")
        }
        needs = number + 1
        yield StepPlan(step.registry, step.subject, "register", {**bridging, "versions": versions}, phase=phase)
    level = {"level": target, "versions": versions}
    yield StepPlan(step.registry, step.subject, "set-level", level, {"level": facts["own"]}, phase, needs)


KNOWN_PHASES = tuple(PHASES.values())
STATUSES = (READY, REPAIRABLE, BLOCKED)
