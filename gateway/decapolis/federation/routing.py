"""Routes and policies: which registry takes a subject, what is demanded there, and why."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from decapolis.operations.demanded import facts_of
from decapolis.operations.effective import effective_config
from decapolis.web import current_call
from decapolis_policies.explaining import explain
from decapolis_translators.subjects import Subject

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape
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
)
