"""Why a policy set holds for a subject, as data."""

from __future__ import annotations

import datetime
from typing import Any

from .demands import BACKWARD, Demands
from .levels import Level, join
from .matching import Facts
from .rule import Stance
from .sets import Policies
from .verdict import FLOOR


def explain(policies: Policies, facts: Facts, today: datetime.date, configured: Level = BACKWARD) -> dict[str, Any]:
    """Which set wins and why the ones before it do not, what it demands today, and which exemptions hold or lapsed."""
    passed_over = []
    for each in policies.sets:
        reason = each.entry.match.why_not(facts)
        if reason is None:
            break
        passed_over.append({"set": each.name, "because": reason})
    found = policies.winner(facts)
    answer: dict[str, Any] = {
        "subject": facts.subject,
        "registry": facts.registry,
        "context": facts.context,
        "policy_set": None if found is None else found.name,
        "passed_over": passed_over,
        "configured_level": configured.name,
        "enforced_level": configured.name,
    }
    if found is None:
        return answer
    demands = policies.demands(facts, today, Demands(level=configured))
    free = found.free_of(facts, today)
    enforced = demands.stance is Stance.ENFORCE
    return answer | {
        "enforced_level": join(configured, demands.floor).name if enforced else configured.name,
        "floor": found.floor.name,
        "stance": found.entry.stance.value,
        "below_floor": found.entry.below_floor.value,
        "strict_semantics": found.entry.strict_semantics,
        "counts_soft_deleted": found.entry.counts_soft_deleted,
        "rules": {
            rule.name: rule.options.model_dump(mode="json") | {"stance": rule.stance.value}
            for rule in found.rules
            if rule.name not in free
        },
        "exemptions": [
            each.model_dump(mode="json") | {"holds": each.rule in free and free[each.rule] is each}
            for each in found.entry.exemptions
        ],
        "floor_holds": FLOOR not in free,
    }
