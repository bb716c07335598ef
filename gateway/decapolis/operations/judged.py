"""What is done with a verdict: counted, noted in the trail, and, for imported versions, asked about the right neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from decapolis.gateway import Gateway
from decapolis.registries.live import LiveRegistry
from decapolis_formats import Schema
from decapolis_policies import PastVersion, Verdict, Violation
from decapolis_translators.subjects import Subject

MOST_NOTED = 20
"""How many violations of one change the trail keeps; all of them are counted."""


def put_into_place(
    versions: Sequence[PastVersion], imposed: int | None
) -> tuple[Sequence[PastVersion], Sequence[PastVersion]]:
    """The versions before and after one that is imported under a number; everything is before any other."""
    if imposed is None:
        return versions, ()
    before = [past for past in versions if past.number < imposed]
    return before, [past for past in versions if past.number > imposed and not past.deleted]


def note_verdict(gateway: Gateway, registry: LiveRegistry, verdict: Verdict) -> None:
    """Counts the verdict, and each broken demand of a policy set."""
    gateway.metrics.verdicts.labels(registry.id, "allowed" if verdict.allowed else "refused").inc()
    if verdict.policy_set is None:
        return
    for outcome, violations in (("refused", verdict.violations), ("warned", verdict.warnings)):
        for rule, number in Counter(violation.rule for violation in violations).items():
            gateway.metrics.violations.labels(verdict.policy_set, rule, outcome).inc(number)


async def note_refusal(
    gateway: Gateway, registry: LiveRegistry, subject: Subject, schema: Schema, verdict: Verdict
) -> None:
    """Notes in the trail what the subject's level or a policy set refused."""
    facts = {"guid": schema.guid, "type": schema.format.schema_type}
    if verdict.policy_set is not None:
        facts["policySet"] = verdict.policy_set
    result = {"messages": list(verdict.messages[:MOST_NOTED]), "violations": _noted(verdict.violations)}
    await gateway.audit.note("register", registry.id, str(subject), facts, "refused", **result)


def warned(warnings: Sequence[Violation]) -> dict[str, Any]:
    """What the trail says beside a change that was allowed although demands of a policy set do not hold."""
    return {"warnings": _noted(warnings)} if warnings else {}


def _noted(violations: Sequence[Violation]) -> list[dict[str, Any]]:
    return [violation.as_json() for violation in violations[:MOST_NOTED]]
