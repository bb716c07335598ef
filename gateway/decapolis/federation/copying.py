"""Moving schemas between registries: subjects with their versions, references, levels and, where that is possible, ids."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from pydantic import AliasChoices, Field

from decapolis.jobs import JobPlan
from decapolis.jobs.copying import compare_plan, copy_plan, mirror_plan
from decapolis.jobs.cutting import NoRoutes, cut_plan, retire_plan
from decapolis.jobs.selecting import Selected, selected
from decapolis.operations.copying import demand_copyable
from decapolis.operations.errors import NotAllowed
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_translators.errors import SubjectNotFound

from .bulk import FILTER, OnFailure
from .endpoint import Answer, Asked, Endpoint, Shape
from .jobs import JobShape
from .started import Starting, accepted, begun

TOGETHER = 16


class BetweenInputs(Starting):
    """Two registries, and which subjects are meant."""

    from_: str = Field(
        validation_alias=AliasChoices("from", "source", "from_registry"), description="the registry that is read"
    )
    to: str = Field(
        validation_alias=AliasChoices("to", "target", "to_registry"), description="the registry that is written to"
    )
    subject_filter: str | None = Field(default=None, description=f"{FILTER}; without it all subjects")
    ids: Literal["keep", "new"] = Field(
        default="new", description="keep: the same ids and version numbers (administrators, IMPORT mode)"
    )
    levels: bool = Field(default=True, description="whether subjects get the level that they have of their own")


class MirrorInputs(BetweenInputs):
    """What is kept alike."""

    seconds: float = Field(default=30, ge=1, le=86_400, description="how long it rests between two looks at the source")


class CopyInputs(BetweenInputs):
    """What is copied, and from where to where."""

    on_failure: OnFailure = Field(default="continue", description="what becomes of the rest when a step fails")
    dry_run: bool = False


class RetireInputs(Starting):
    """What is retired where."""

    from_: str = Field(
        validation_alias=AliasChoices("from", "source", "from_registry"), description="the registry that was left"
    )
    subject_filter: str | None = Field(default=None, description=f"{FILTER}; without it all subjects")
    on_failure: OnFailure = Field(default="continue", description="what becomes of the rest when a step fails")


class CopyStepShape(Shape):
    """What would be copied."""

    subject: str
    versions: list[int] = Field(description="the versions that the source has")
    there: list[int] = Field(description="the versions that the target has under that name")


class CopyPlanShape(Shape):
    """A copy that was only looked at."""

    dry_run: Literal[True] = True
    from_: str = Field(serialization_alias="from")
    to: str
    ids: Literal["keep", "new"]
    total: int
    subjects: list[CopyStepShape]


def _registries(asked: Asked[Any]) -> tuple[LiveRegistry, LiveRegistry]:
    inputs, desk = asked.inputs, asked.desk
    source, target = desk.registry(inputs.from_), desk.registry(inputs.to)
    demand_copyable(source, target, keep_ids=inputs.ids == "keep")
    if inputs.ids == "keep" and not current_call().administrator:
        raise NotAllowed("Only an administrator may impose ids")
    return source, target


async def _selected(asked: Asked[Any]) -> tuple[LiveRegistry, LiveRegistry, Selected]:
    source, target = _registries(asked)
    return source, target, await selected(asked.desk.gateway, [source], asked.inputs.subject_filter)


def _request(inputs: BetweenInputs) -> dict[str, Any]:
    return {
        "from": inputs.from_,
        "to": inputs.to,
        "subject_filter": inputs.subject_filter,
        "ids": inputs.ids,
        "levels": inputs.levels,
    }


async def copy_subjects(asked: Asked[CopyInputs]) -> Answer:
    """The plan of a dry run, or the job."""
    if asked.inputs.dry_run:
        return Answer(await _looked_at(asked))

    async def plan() -> JobPlan:
        inputs = asked.inputs
        _, target, chosen = await _selected(asked)
        return copy_plan(chosen, target.id, inputs.on_failure, _request(inputs))

    return await accepted(asked, await begun(asked, plan))


async def compare_registries(asked: Asked[BetweenInputs]) -> Answer:
    """A job that says of each subject whether both registries hold the same."""

    async def plan() -> JobPlan:
        _, target, chosen = await _selected(asked)
        return compare_plan(chosen, target.id, _request(asked.inputs))

    return await accepted(asked, await begun(asked, plan))


async def mirror_subjects(asked: Asked[MirrorInputs]) -> Answer:
    """A job that goes on until it is cancelled."""

    async def plan() -> JobPlan:
        _, target = _registries(asked)
        return mirror_plan(target.id, {**_request(asked.inputs), "seconds": asked.inputs.seconds})

    return await accepted(asked, await begun(asked, plan))


async def cut_over(asked: Asked[CopyInputs]) -> Answer:
    """A job after which the front asks the target; rolling it back is the step back."""
    if asked.inputs.dry_run:
        return Answer(await _looked_at(asked))
    if asked.desk.jobs.routes is None:
        raise NoRoutes

    async def plan() -> JobPlan:
        _, target, chosen = await _selected(asked)
        return cut_plan(chosen, target.id, asked.inputs.on_failure, _request(asked.inputs))

    return await accepted(asked, await begun(asked, plan))


async def retire_subjects(asked: Asked[RetireInputs]) -> Answer:
    """A job after which nobody writes to the old place any more."""

    async def plan() -> JobPlan:
        inputs, desk = asked.inputs, asked.desk
        source = desk.registry(inputs.from_)
        chosen = await selected(desk.gateway, [source], inputs.subject_filter)
        request = {"from": source.id, "subject_filter": inputs.subject_filter}
        return retire_plan(chosen, inputs.on_failure, request)

    return await accepted(asked, await begun(asked, plan))


async def _looked_at(asked: Asked[CopyInputs]) -> CopyPlanShape:
    source, target, chosen = await _selected(asked)
    places = asyncio.Semaphore(TOGETHER)

    async def one(name: str) -> CopyStepShape:
        async with places:
            return CopyStepShape(
                subject=name, versions=await _versions(source, name), there=await _versions(target, name)
            )

    found = await asyncio.gather(*(one(name) for _, name in chosen.places()))
    return CopyPlanShape(from_=source.id, to=target.id, ids=asked.inputs.ids, total=len(found), subjects=list(found))


async def _versions(registry: LiveRegistry, name: str) -> list[int]:
    try:
        return await registry.versions(name)
    except SubjectNotFound:
        return []


ENDPOINTS = (
    Endpoint(
        "POST",
        "/migration/copy",
        copy_subjects,
        "Copy subjects from one registry to another: versions, references, levels, and ids where the target can",
        "migration",
        CopyInputs,
        {200: CopyPlanShape | JobShape, 202: JobShape},
        (400, 404, 409, 422),
    ),
    Endpoint(
        "POST",
        "/migration/compare",
        compare_registries,
        "Compare subjects of two registries, version by version, text by text",
        "migration",
        BetweenInputs,
        {200: JobShape, 202: JobShape},
        (400, 404, 409, 422),
    ),
    Endpoint(
        "POST",
        "/migration/mirror",
        mirror_subjects,
        "Keep on copying what is new in one registry to another, until the job is cancelled",
        "migration",
        MirrorInputs,
        {200: JobShape, 202: JobShape},
        (400, 404, 409, 422),
    ),
    Endpoint(
        "POST",
        "/migration/cutover",
        cut_over,
        "Copy subjects and route them to another registry while clients go on; a rollback routes them back",
        "migration",
        CopyInputs,
        {200: CopyPlanShape | JobShape, 202: JobShape},
        (400, 404, 409, 422, 501),
    ),
    Endpoint(
        "POST",
        "/migration/retire",
        retire_subjects,
        "Make subjects read-only in the registry that they were routed away from",
        "migration",
        RetireInputs,
        {200: JobShape, 202: JobShape},
        (400, 404, 409, 422),
    ),
)
