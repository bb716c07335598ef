"""Time travel: what of the past policies would have refused."""

from __future__ import annotations

import datetime
from typing import Any

from decapolis_policies.matching import Facts
from decapolis_policies.replaying import replay
from decapolis_policies.sets import Policies
from tests.policies.schemas import avro, past, plain

TODAY = datetime.date(2026, 5, 4)
HISTORY = past(avro("a"), avro("a", "b"), plain("broken"), avro("a", "b", "c=0"))


def findings(*sets: dict[str, Any]) -> list[tuple[int, str, str]]:
    policies = Policies.from_data({"policies": list(sets)})
    found = replay(policies, Facts("s", "r"), HISTORY, TODAY)
    return [(each.version, each.rule, each.stance) for each in found]


def test_versions_are_judged_after_those_before_them() -> None:
    assert findings({"name": "p", "floor": "BACKWARD"}) == [
        (2, "floor", "enforce"),
        (3, "readable", "enforce"),
        (4, "floor", "enforce"),
    ]


def test_rules_and_warnings_are_told_as_such() -> None:
    warned = findings({"name": "p", "stance": "warn", "rules": {"field-limit": {"per_type": 1}}})
    assert warned == [(2, "field-limit", "warn"), (3, "readable", "warn"), (4, "field-limit", "warn")]


def test_sets_that_are_off_or_do_not_match_find_nothing() -> None:
    assert findings({"name": "p", "floor": "FULL", "stance": "off"}) == []
    assert findings({"name": "p", "floor": "FULL", "match": {"subject": "other"}}) == []
