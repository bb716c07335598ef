"""Compatibility over the estate: who is held to what, and one candidate judged in every registry."""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field

from decapolis.operations.candidate import Request
from decapolis.operations.check_everywhere import Checked, check_in, demand_dialect, format_of
from decapolis.operations.errors import OperationRefused
from decapolis.operations.everywhere import Failed, everywhere
from decapolis.operations.history_check import HistoryChecked, history_check, level_named
from decapolis.operations.overview import Levels, differing, overview
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_formats import Format, FormatError
from decapolis_formats.spelling import references_from
from decapolis_policies import Level
from decapolis_translators.errors import Absent, SubjectNotFound

from .desk import Desk
from .endpoint import REGISTRIES, Answer, Asked, Endpoint, Inputs, Listed, Shape, named
from .problems import Refused
from .shapes import FailedEntry, failed_entry, partial
from .subjects import format_named


class OverviewInputs(Inputs):
    """Which registries are shown."""

    registries: Listed = named(
        "registries", "registry_ids", "registry_id", description="only these; else all enabled ones"
    )
    effective: bool = Field(default=False, description="whether the level of every subject is listed, with its origin")


class EffectiveShape(Shape):
    """The level that decides for a subject, and what made it so."""

    level: str
    configured: str
    origin: str = Field(description="subject, context, global or default; `+ floor` where a policy asks for more")


class OverviewShape(Shape):
    """The levels of one registry."""

    global_: str = Field(serialization_alias="global")
    enforced_by: str = Field(description="registry where it holds levels itself, else gateway")
    subjects: dict[str, str] = Field(description="the subjects with a level of their own")
    effective: dict[str, EffectiveShape] | None = Field(description="every subject; null unless it was asked for")
    distribution: dict[str, int] = Field(description="how many subjects each level decides for")
    differing: dict[str, dict[str, str]] = Field(
        description="subjects that other registries hold under another level: the level by registry"
    )


class CheckInputs(Inputs):
    """A candidate, or a subject whose whole history is asked about."""

    subject: str = Field(min_length=1)
    schema_content: str | None = Field(
        default=None,
        validation_alias=AliasChoices("schema_content", "schema"),
        description="the candidate; without it the subject's whole history is held against target_mode",
    )
    schema_format: str | None = Field(default=None, description="the subject's own, else AVRO")
    references: list[dict[str, Any]] | None = Field(default=None, description="name, subject, version of each")
    version: int | None = Field(default=None, ge=1, description="only against this version")
    target_mode: str | None = Field(
        default=None,
        validation_alias=AliasChoices("target_mode", "check_type", "mode", "level"),
        description="as if the subject were set to this level, in any case",
    )
    registries: Listed = named(*REGISTRIES, "registry_id", description="only these; else all enabled ones")
    normalize: bool = False


class ViolationShape(Shape):
    """One demand that does not hold."""

    rule: str
    path: str
    message: str
    version: int | None
    type: str
    direction: str


class NativeShape(Shape):
    """What the registry itself says."""

    is_compatible: bool | None = Field(description="null where it does not judge")
    messages: list[str]
    reason: str | None = Field(description="why it does not judge")


class RepairShape(Shape):
    """The smallest edit that would pass, proved by judging it."""

    sentence: str
    schema_content: str


class BrokenShape(Shape):
    """Two versions of which one cannot read what was written with the other."""

    older: int
    newer: int
    direction: str = Field(description="backward: the newer cannot read the older's data; forward: the reverse")
    rule: str
    paths: list[str]
    messages: list[str]


class HistoryShape(Shape):
    """Whether the whole history of a subject satisfies a level, in one registry."""

    is_compatible: bool
    mode: str = Field(description="the level that was asked about, deeper where a policy's floor is")
    compatibility_level: str = Field(description="the same")
    configured: str = Field(description="the level that holds for the subject now")
    messages: list[str]
    errors: list[str]
    schema_format: str
    versions: list[int]
    pairs: int = Field(description="how many pairs of versions were compared")
    broken: list[BrokenShape]
    broken_pairs: int


class CheckShape(Shape):
    """The verdict in one registry."""

    is_compatible: bool
    mode: str = Field(description="the level that was judged with")
    compatibility_level: str = Field(description="the same")
    messages: list[str]
    errors: list[str] = Field(description="why nothing could be judged: the candidate cannot be read, or is refused")
    schema_format: str
    versions: list[int] = Field(description="the versions it was compared with")
    violations: list[ViolationShape]
    warnings: list[ViolationShape]
    policy_set: str | None
    repair: RepairShape | None
    native: NativeShape
    disagreement: bool = Field(description="the registry itself says something else")


async def compatibility_overview(asked: Asked[OverviewInputs]) -> Answer:
    """The levels of each registry by its id."""
    current_call().demand_fresh()
    desk = asked.desk
    found = await overview(desk.gateway, desk.chosen(asked.inputs.registries))
    unlike = differing(found)
    entries = {
        registry_id: failed_entry(each) if isinstance(each, Failed) else _overview(each, unlike, asked.inputs)
        for registry_id, each in found.items()
    }
    return Answer(entries, headers=partial(entries))


def _overview(levels: Levels, unlike: dict[str, dict[str, str]], inputs: OverviewInputs) -> OverviewShape:
    return OverviewShape(
        global_=levels.global_level,
        enforced_by=levels.enforced_by,
        subjects=dict(levels.subjects),
        effective={
            name: EffectiveShape(level=each.level, configured=each.configured, origin=each.origin)
            for name, each in levels.effective.items()
        }
        if inputs.effective
        else None,
        distribution=levels.distribution,
        differing={name: by_registry for name, by_registry in unlike.items() if levels.registry in by_registry},
    )


async def check_compatibility(asked: Asked[CheckInputs]) -> Answer:
    """The verdict of each registry by its id."""
    current_call().demand_fresh()
    inputs, desk = asked.inputs, asked.desk
    level = None if inputs.target_mode is None else level_named(inputs.target_mode)
    format = None if inputs.schema_format is None else format_named(inputs.schema_format)
    if inputs.schema_content is None:
        return await _check_histories(asked, level)
    text = inputs.schema_content

    async def one(registry: LiveRegistry) -> CheckShape:
        return await _checked(desk, registry, inputs, text, format, level)

    found = await everywhere(desk.chosen(inputs.registries), one)
    entries = {name: failed_entry(each) if isinstance(each, Failed) else each for name, each in found.items()}
    return Answer(entries, headers=partial(entries))


async def _check_histories(asked: Asked[CheckInputs], level: Level | None) -> Answer:
    """Whether everything that each registry holds of the subject satisfies the level; unknown subjects are left out."""
    inputs, desk = asked.inputs, asked.desk
    target = None if level is None else level.name
    if target is None:
        raise Refused(
            400, "invalid-request", "name schema_content, the candidate, or target_mode, a level for the whole history"
        )

    async def one(registry: LiveRegistry) -> HistoryShape | None:
        try:
            return _history_shape(await history_check(desk.door(registry.id), inputs.subject, target))
        except SubjectNotFound:
            return None

    found = await everywhere(desk.chosen(inputs.registries), one)
    entries = {
        name: failed_entry(each) if isinstance(each, Failed) else each
        for name, each in found.items()
        if each is not None
    }
    if not entries:
        raise SubjectNotFound(inputs.subject)
    return Answer(entries, headers=partial(entries))


def _history_shape(found: HistoryChecked) -> HistoryShape:
    messages = [
        f"versions {each.older} and {each.newer} ({each.direction}): {message}"
        for each in found.broken
        for message in each.messages
    ]
    return HistoryShape(
        is_compatible=found.satisfied,
        mode=found.level,
        compatibility_level=found.level,
        configured=found.configured,
        messages=messages,
        errors=[],
        schema_format=format_named(found.schema_type).value,
        versions=list(found.versions),
        pairs=found.pairs,
        broken=[
            BrokenShape(
                older=each.older,
                newer=each.newer,
                direction=each.direction,
                rule=each.rule,
                paths=list(each.paths),
                messages=list(each.messages),
            )
            for each in found.broken
        ],
        broken_pairs=found.broken_pairs,
    )


async def _checked(
    desk: Desk, registry: LiveRegistry, inputs: CheckInputs, text: str, format: Format | None, level: Level | None
) -> CheckShape:
    known = format or await format_of(registry, inputs.subject)
    request = Request(text=text, schema_type=known.schema_type, references=references_from(inputs.references))
    try:
        demand_dialect(known)
        found = await check_in(
            desk.gateway,
            registry,
            inputs.subject,
            request,
            version=inputs.version,
            level=level,
            normalize=inputs.normalize,
        )
    except (OperationRefused, FormatError, Absent) as refused:
        return _not_judged(known, level or desk.gateway.judge.default_level, str(refused))
    return _check_shape(found, known)


def _check_shape(found: Checked, format: Format) -> CheckShape:
    verdict, native = found.weighed.verdict, found.native
    said = native.verdict
    return CheckShape(
        is_compatible=verdict.allowed,
        mode=verdict.level.name,
        compatibility_level=verdict.level.name,
        messages=list(found.weighed.messages),
        errors=[],
        schema_format=format.value,
        versions=list(found.weighed.versions),
        violations=[_violation(each) for each in verdict.violations],
        warnings=[_violation(each) for each in verdict.warnings],
        policy_set=verdict.policy_set,
        repair=(
            None
            if verdict.repair is None
            else RepairShape(sentence=verdict.repair.sentence, schema_content=verdict.repair.text)
        ),
        native=NativeShape(
            is_compatible=None if said is None else said.compatible,
            messages=[] if said is None else list(said.messages),
            reason=native.silent_because,
        ),
        disagreement=found.disagrees,
    )


def _violation(violation: Any) -> ViolationShape:
    return ViolationShape(
        rule=violation.rule,
        path=violation.path,
        message=violation.message,
        version=violation.version,
        type=violation.type,
        direction=violation.direction,
    )


def _not_judged(format: Format, level: Level, reason: str) -> CheckShape:
    return CheckShape(
        is_compatible=False,
        mode=level.name,
        compatibility_level=level.name,
        messages=[],
        errors=[reason],
        schema_format=format.value,
        versions=[],
        violations=[],
        warnings=[],
        policy_set=None,
        repair=None,
        native=NativeShape(is_compatible=None, messages=[], reason="The candidate was not judged."),
        disagreement=False,
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/compatibility/overview",
        compatibility_overview,
        "Show the levels of every registry: global, per subject, what holds, how often, and who differs from whom",
        "compatibility",
        inputs=OverviewInputs,
        answers={200: dict[str, OverviewShape | FailedEntry]},
    ),
    Endpoint(
        "POST",
        "/compatibility/check",
        check_compatibility,
        "Judge one candidate in many registries at once, or a subject's whole history against a level",
        "compatibility",
        inputs=CheckInputs,
        answers={200: dict[str, CheckShape | HistoryShape | FailedEntry]},
    ),
)
