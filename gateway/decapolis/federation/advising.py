"""Suggestions with their evidence, drift of tables, and who is asking."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from decapolis.operations.everywhere import Failed, everywhere
from decapolis.operations.recommend import drift_of, recommend
from decapolis.web import current_call

from .endpoint import REGISTRIES, Answer, Asked, Endpoint, Inputs, Listed, Shape, named
from .shapes import PARTIAL, FailedEntry, failed_entry


class WhereInputs(Inputs):
    """Which registries are looked at."""

    registries: Listed = named(*REGISTRIES, "registry_id", description="only these; else all enabled ones")


class RecommendationShape(Shape):
    """One suggestion, with what speaks for it."""

    kind: str = Field(
        description="registry-down, raise-level, table-drift, registries-drift, sync-levels, twins or unused-versions"
    )
    weight: int = Field(ge=1, le=100, description="what is likely to hurt first comes first")
    title: str
    action: str
    registries: list[str]
    subjects: list[str] = Field(description="at most twenty of them")
    count: int
    evidence: dict[str, Any]


class AdviceShape(Shape):
    """All suggestions, the weightiest first."""

    results: list[RecommendationShape]
    failures: dict[str, FailedEntry]


class DriftShape(Shape):
    """Tables that somebody altered by hand: by registry and subject, what is to be seen there."""

    results: dict[str, dict[str, str]]
    failures: dict[str, FailedEntry]


class WhoShape(Shape):
    """Who is asking, and what they may do."""

    principal: str
    authentication: str = Field(description="how the caller proved who they are; none while access is open")
    administrator: bool
    permissions: list[str]
    tenant: str | None


PERMISSIONS = (
    "read",
    "write",
    "set-level",
    "set-mode",
    "delete",
    "import-ids",
    "manage-registries",
    "run-jobs",
    "read-audit",
)


async def list_recommendations(asked: Asked[WhereInputs]) -> Answer:
    """The suggestions."""
    current_call().demand_fresh()
    advice = await recommend(asked.desk.gateway, asked.desk.chosen(asked.inputs.registries))
    shapes = [
        RecommendationShape(
            kind=each.kind,
            weight=each.weight,
            title=each.title,
            action=each.action,
            registries=list(each.registries),
            subjects=list(each.subjects),
            count=each.count,
            evidence=dict(each.evidence),
        )
        for each in advice.recommendations
    ]
    failures = {name: failed_entry(each) for name, each in advice.failed.items()}
    return Answer(AdviceShape(results=shapes, failures=failures), headers=_partial(failures))


async def list_drift(asked: Asked[WhereInputs]) -> Answer:
    """The tables that drifted."""
    current_call().demand_fresh()
    found = await everywhere(asked.desk.chosen(asked.inputs.registries), drift_of)
    failures = {name: failed_entry(each) for name, each in found.items() if isinstance(each, Failed)}
    results = {name: dict(each) for name, each in found.items() if not isinstance(each, Failed) and each}
    return Answer(DriftShape(results=results, failures=failures), headers=_partial(failures))


def _partial(failures: dict[str, FailedEntry]) -> dict[str, str]:
    return {PARTIAL: "true"} if failures else {}


async def who_am_i(asked: Asked[Inputs]) -> Answer:
    """The caller's name and rights."""
    call = current_call()
    return Answer(
        WhoShape(
            principal=call.actor,
            authentication="none",
            administrator=call.administrator,
            permissions=list(PERMISSIONS) if call.administrator else ["read"],
            tenant=None,
        )
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/recommendations",
        list_recommendations,
        "Suggest what to look at next, ranked, with the evidence for each",
        "estate",
        inputs=WhereInputs,
        answers={200: AdviceShape},
    ),
    Endpoint(
        "GET",
        "/drift",
        list_drift,
        "Name the tables of catalogs that somebody altered by hand",
        "estate",
        inputs=WhereInputs,
        answers={200: DriftShape},
    ),
    Endpoint(
        "GET",
        "/whoami",
        who_am_i,
        "Tell who is asking and what they may do",
        "access",
        answers={200: WhoShape},
        problems=(),
    ),
)
