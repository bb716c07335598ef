"""Routes and policies: which registry takes a subject, what is demanded there, and why."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from decapolis.operations.demanded import facts_of
from decapolis.operations.effective import effective_config
from decapolis.operations.preview import policies_from, preview
from decapolis.web import current_call
from decapolis_policies.explaining import explain
from decapolis_policies.sets import UnusablePolicies
from decapolis_translators.subjects import Subject

from .endpoint import REGISTRIES, Answer, Asked, Endpoint, Inputs, Listed, Shape, named
from .problems import Refused
from .shapes import PARTIAL, FailedEntry, failed_entry
from .subjects import format_named


class RouteShape(Shape):
    """One rule; the first that matches wins, one without `match` takes every subject."""

    match: str | None
    registry: str
    projection: str | None


class RoutesShape(Shape):
    """All rules in their order, and the home."""

    routes: list[RouteShape]
    home: str | None


class SubjectInputs(Inputs):
    """Which subject is asked about."""

    subject: str = Field(min_length=1)


class RouteExplained(Shape):
    """Which registry takes a subject, and the rule that says so."""

    subject: str
    registry: str
    rule: str
    match: str | None
    enabled: bool


class ExplainInputs(SubjectInputs):
    """Which subject is asked about, as it would be with this format and registry."""

    registry: str | None = Field(default=None, description="instead of the one that owns the subject")
    schema_format: str | None = None


async def list_routes(asked: Asked[Inputs]) -> Answer:
    """The rules as they are now."""
    registries = asked.desk.gateway.registries
    shapes = [
        RouteShape(match=each.match, registry=each.registry, projection=each.projection)
        for each in registries.route_entries
    ]
    home = registries.home
    return Answer(RoutesShape(routes=shapes, home=None if home is None else home.id))


async def explain_route(asked: Asked[SubjectInputs]) -> Answer:
    """The owner and the rule."""
    registries, subject = asked.desk.gateway.registries, asked.inputs.subject
    owner, rule = registries.explain(subject)
    route = registries.route(subject)
    enabled = registries.at(owner).entry.enabled
    return Answer(RouteExplained(subject=subject, registry=owner, rule=rule, match=route.match, enabled=enabled))


async def explain_policy(asked: Asked[ExplainInputs]) -> Answer:
    """What the policies demand there, and which sets were passed over."""
    current_call().demand_fresh()
    gateway, inputs = asked.desk.gateway, asked.inputs
    subject = Subject.parse(inputs.subject)
    registry = asked.desk.registry(inputs.registry) if inputs.registry else gateway.registries.owner(inputs.subject)
    format = None if inputs.schema_format is None else format_named(inputs.schema_format)
    config = await effective_config(gateway, registry, subject)
    facts = facts_of(registry, subject, format)
    found = explain(gateway.judge.policies, facts, gateway.judge.today(), gateway.judge.level(config))
    return Answer(found)


class PolicySetShape(Shape):
    """A set of demands; the first whose `match` holds counts."""

    name: str
    match: dict[str, Any]
    floor: str
    stance: str
    rules: list[str]


class PoliciesShape(Shape):
    """The sets in force, in their order, and why a newer file is not in force."""

    policies: list[PolicySetShape]
    problem: str | None


class PreviewInputs(Inputs):
    """Policies to be tried on what is there."""

    policies: list[dict[str, Any]] = Field(description="sets as in policies.yaml")
    registries: Listed = named(*REGISTRIES, description="only these; else all enabled ones")
    subject_filter: str | None = Field(default=None, description="a glob, re: and an expression, or a prefix")
    limit: int = Field(default=1000, ge=1, le=10_000, description="how many subjects are looked at")


class FindingShape(Shape):
    """One demand that a version of the past breaks."""

    registry: str
    subject: str
    version: int
    policy_set: str
    rule: str
    path: str
    message: str
    stance: str


class PreviewShape(Shape):
    """What the policies would have refused or warned about."""

    subjects: int
    versions: int
    refused: int
    warned: int
    complete: bool = Field(description="false where more subjects were left out by the limit")
    findings: list[FindingShape]
    failures: dict[str, FailedEntry]


async def list_policies(asked: Asked[Inputs]) -> Answer:
    """The sets as they are now."""
    judge = asked.desk.gateway.judge
    shapes = [
        PolicySetShape(
            name=each.name,
            match=each.entry.match.model_dump(mode="json", exclude_defaults=True),
            floor=each.floor.name,
            stance=each.entry.stance.value,
            rules=[rule.name for rule in each.rules],
        )
        for each in judge.policies.sets
    ]
    return Answer(PoliciesShape(policies=shapes, problem=judge.file.problem))


async def preview_policies(asked: Asked[PreviewInputs]) -> Answer:
    """What they would have refused; nothing is put in force."""
    current_call().demand_fresh()
    inputs, desk = asked.inputs, asked.desk
    try:
        policies = policies_from(inputs.policies)
    except UnusablePolicies as unusable:
        raise Refused(400, "invalid-policies", str(unusable), faults=unusable.faults) from unusable
    found = await preview(desk.gateway, desk.chosen(inputs.registries), policies, inputs.subject_filter, inputs.limit)
    findings = [FindingShape(**each.as_json()) for each in found.findings]
    failures = {name: failed_entry(each) for name, each in found.failed.items()}
    shape = PreviewShape(
        subjects=found.subjects,
        versions=found.versions,
        refused=sum(each.stance == "enforce" for each in findings),
        warned=sum(each.stance != "enforce" for each in findings),
        complete=found.complete,
        findings=findings,
        failures=failures,
    )
    return Answer(shape, headers={PARTIAL: "true"} if failures else {})


ENDPOINTS = (
    Endpoint(
        "GET",
        "/routes",
        list_routes,
        "List the routing rules in their order",
        "routing",
        answers={200: RoutesShape},
        problems=(),
    ),
    Endpoint(
        "GET",
        "/routes/explain",
        explain_route,
        "Tell which registry takes a subject and which rule chose it",
        "routing",
        inputs=SubjectInputs,
        answers={200: RouteExplained},
    ),
    Endpoint(
        "GET",
        "/policies/explain",
        explain_policy,
        "Tell which policy set holds for a subject, why, and what it demands",
        "policies",
        inputs=ExplainInputs,
        answers={200: dict[str, Any]},
    ),
    Endpoint(
        "GET",
        "/policies",
        list_policies,
        "List the policy sets in force, in their order",
        "policies",
        answers={200: PoliciesShape},
        problems=(),
    ),
    Endpoint(
        "POST",
        "/policies/preview",
        preview_policies,
        "Tell what policies would have refused in the past, before anyone turns them on",
        "policies",
        inputs=PreviewInputs,
        answers={200: PreviewShape},
    ),
)
