"""Policy sets: which one holds, what it demands today, and what a faulty file is told."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from decapolis_formats import Format
from decapolis_policies import LEVELS, BelowFloor, Demands, Stance
from decapolis_policies.explaining import explain
from decapolis_policies.matching import Facts
from decapolis_policies.sets import Policies, UnusablePolicies

TODAY = datetime.date(2026, 5, 4)
NONE = LEVELS["NONE"]


def policies(*sets: dict[str, Any]) -> Policies:
    return Policies.from_data({"policies": list(sets)})


def faults(raw: Any) -> list[str]:
    with pytest.raises(UnusablePolicies) as found:
        Policies.from_data(raw)
    return found.value.faults


def winner(found: Policies, facts: Facts) -> str | None:
    bound = found.winner(facts)
    return None if bound is None else bound.name


def test_the_first_that_matches_wins() -> None:
    found = policies({"name": "one", "match": {"subject": "pay-*"}}, {"name": "two", "match": {"subject": "p*"}})
    assert winner(found, Facts("pay-in")) == "one"
    assert winner(found, Facts("plain")) == "two"
    assert winner(found, Facts("orders")) is None


@pytest.mark.parametrize(
    ("match", "facts", "holds"),
    [
        ({"subject": "pay-*"}, Facts("pay-in"), True),
        ({"subject": "pay-*"}, Facts("PAY-in"), False),
        ({"subject": r"re:-(key|value)$"}, Facts("a-key"), True),
        ({"subject": r"re:^-"}, Facts("a-key"), False),
        ({"subject": "pay-*"}, Facts("pay-in", context=".x"), True),
        ({"subject": ":.x:*"}, Facts("pay-in", context=".x"), True),
        ({"subject": ":.x:*"}, Facts("pay-in"), False),
        ({"registry": "prod-*"}, Facts("s", "prod-glue"), True),
        ({"registry": "prod-*"}, Facts("s", "test"), False),
        ({"context": "."}, Facts("s"), True),
        ({"context": ".x"}, Facts("s"), False),
        ({"format": "json"}, Facts("s", format=Format.JSON_SCHEMA), True),
        ({"format": "AVRO"}, Facts("s", format=Format.JSON_SCHEMA), False),
        ({"format": "AVRO"}, Facts("s"), False),
        ({"metadata": {"environment": "production"}}, Facts("s", metadata=(("environment", "production"),)), True),
        ({"metadata": {"environment": "production"}}, Facts("s", metadata=(("environment", "test"),)), False),
        ({"metadata": {"tier": 1}}, Facts("s", metadata=(("tier", "1"),)), True),
        ({"tenant": "acme"}, Facts("s", tenant="acme"), True),
        ({"tenant": "acme"}, Facts("s"), False),
        ({"subject": "a*", "registry": "r"}, Facts("ab", "r"), True),
        ({"subject": "a*", "registry": "r"}, Facts("ab", "q"), False),
    ],
)
def test_everything_that_is_named_must_hold(match: dict[str, Any], facts: Facts, holds: bool) -> None:
    assert (winner(policies({"name": "s", "match": match}), facts) == "s") is holds


def test_a_set_adds_its_demands_to_what_is_configured() -> None:
    found = policies(
        {"name": "s", "floor": "full", "stance": "warn", "strict_semantics": True, "rules": {"required-docs": None}}
    )
    demands = found.demands(Facts("x"), TODAY, Demands(NONE, lenient=True))
    assert (demands.level, demands.floor, demands.stance) == (NONE, LEVELS["FULL"], Stance.WARN)
    assert demands.lenient
    assert demands.strict_semantics
    assert [rule.name for rule in demands.rules] == ["required-docs"]


def test_rules_may_be_listed() -> None:
    found = policies({"name": "s", "rules": ["keep-rule-set", {"size-limit": {"characters": 5, "stance": "warn"}}]})
    rules = found.demands(Facts("x"), TODAY, Demands()).rules
    assert [(rule.name, rule.stance) for rule in rules] == [
        ("keep-rule-set", Stance.ENFORCE),
        ("size-limit", Stance.WARN),
    ]


def test_off_is_a_word_also_where_yaml_takes_it_for_false() -> None:
    found = policies({"name": "s", "stance": False, "rules": {"size-limit": {"stance": False}}})
    assert found.sets[0].entry.stance is Stance.OFF
    assert found.sets[0].rules[0].stance is Stance.OFF


def test_the_defaults_are_gentle() -> None:
    entry = policies({"name": "s"}).sets[0].entry
    assert (entry.floor, entry.stance, entry.below_floor, entry.counts_soft_deleted) == (
        "NONE",
        Stance.ENFORCE,
        BelowFloor.REFUSE,
        True,
    )
    assert Policies.from_data(None).sets == ()


EXEMPT = {"subject": "old-*", "owner": "data office", "reason": "migration", "expires": TODAY.isoformat()}


@pytest.mark.parametrize(("days", "holds"), [(-1, True), (0, False), (1, False)])
def test_an_exemption_stops_by_itself_on_its_date(days: int, holds: bool) -> None:
    found = policies(
        {
            "name": "s",
            "floor": "FULL",
            "rules": {"required-docs": {}},
            "exemptions": [{**EXEMPT, "rule": "floor"}, {**EXEMPT, "rule": "required-docs"}],
        }
    )
    demands = found.demands(Facts("old-one"), TODAY + datetime.timedelta(days), Demands(NONE))
    assert (demands.floor == NONE) is holds
    assert (not demands.rules) is holds
    other = found.demands(Facts("new"), TODAY - datetime.timedelta(1), Demands(NONE))
    assert other.rules
    assert other.floor == LEVELS["FULL"]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"policy": []}, "policy: unknown key (did you mean 'policies'?)"),
        ({"policies": [{"name": "s", "mach": {}}]}, "policies[0].mach: unknown key (did you mean 'match'?)"),
        (
            {"policies": [{"name": "s", "match": {"subjects": "a"}}]},
            "policies[0].match.subjects: unknown key (did you mean 'subject'?)",
        ),
        ({"policies": [{"name": "s", "floor": "HIGH"}]}, "policies[0].floor: Unknown compatibility level: HIGH"),
        ({"policies": [{"name": "s", "match": {"subject": "re:("}}]}, "not a regular expression"),
        ({"policies": [{"name": "s", "match": {"format": "xml"}}]}, "Unknown schema format"),
        ({"policies": [{"floor": "NONE"}]}, "policies[0].name"),
        ({"policies": [{"name": "s"}, {"name": "s"}]}, "the policy set s is there twice"),
        ({"policies": [{"name": "s", "rules": {"required-doc": {}}}]}, "did you mean 'required-docs'?"),
        ({"policies": [{"name": "s", "rules": {"size-limit": {"chars": 1}}}]}, "policies[0].rules.size-limit"),
        ({"policies": [{"name": "s", "rules": {"subject-naming": {"pattern": "("}}}]}, "not a regular expression"),
        ({"policies": [{"name": "s", "rules": {"size-limit": {"stance": "loud"}}}]}, "'loud' is not a valid Stance"),
        ({"policies": [{"name": "s", "exemptions": [{**EXEMPT, "rule": "types"}]}]}, "types is not in this set"),
        (
            {"policies": [{"name": "s", "exemptions": [{"subject": "a", "rule": "floor", "owner": "me"}]}]},
            "policies[0].exemptions[0].reason",
        ),
        ([], "should be a valid dictionary"),
    ],
)
def test_a_faulty_file_is_told_where_and_what(raw: Any, says: str) -> None:
    assert any(says in fault for fault in faults(raw))


def test_every_fault_is_told_at_once() -> None:
    assert len(faults({"policies": [{"name": "a", "floor": "X"}, {"name": "b", "stanc": "off"}]})) == 2


class TestExplain:
    def test_it_says_who_wins_and_why_the_others_do_not(self) -> None:
        found = policies(
            {"name": "pay", "match": {"subject": "pay-*"}},
            {"name": "rest", "floor": "BACKWARD", "rules": {"size-limit": {"characters": 9}}},
        )
        told = explain(found, Facts("orders", "r"), TODAY, LEVELS["FORWARD"])
        assert told["policy_set"] == "rest"
        assert told["passed_over"] == [{"set": "pay", "because": "subject orders is not pay-*"}]
        assert (told["configured_level"], told["enforced_level"]) == ("FORWARD", "FULL")
        assert told["rules"] == {"size-limit": {"characters": 9, "stance": "enforce"}}

    def test_nobody_wins(self) -> None:
        told = explain(policies(), Facts("orders"), TODAY)
        assert (told["policy_set"], told["enforced_level"]) == (None, "BACKWARD")

    def test_exemptions_are_listed_with_their_state(self) -> None:
        found = policies({"name": "s", "floor": "FULL", "exemptions": [{**EXEMPT, "rule": "floor"}]})
        assert explain(found, Facts("old-a"), TODAY)["exemptions"][0]["holds"] is False
        told = explain(found, Facts("old-a"), TODAY - datetime.timedelta(1))
        assert told["exemptions"][0]["holds"] is True
        assert told["enforced_level"] == "BACKWARD"
