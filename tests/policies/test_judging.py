"""The judge alone: floors, groups, reserved fields, stances, imported versions, and verdicts as data."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import decapolis_formats.outline
import decapolis_policies
import decapolis_policies.cases
import decapolis_policies.rule
from decapolis_formats import ComparisonTooCostly, InvalidSchema, Metadata
from decapolis_policies import LEVELS, Candidate, Demands, PastVersion, Stance, judge
from decapolis_policies.rules import Rules
from decapolis_policies.worker import Question, answered
from tests.policies.schemas import avro, candidate, json_schema, past, plain

BACKWARD, FULL, NONE = LEVELS["BACKWARD"], LEVELS["FULL"], LEVELS["NONE"]
OPEN = json_schema({"type": "object", "properties": {"a": {"type": "integer"}}})
OPEN_MORE = json_schema({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}})


@pytest.mark.parametrize(
    "module", [decapolis_policies, decapolis_policies.cases, decapolis_policies.rule, decapolis_formats.outline]
)
def test_examples_in_the_documentation_run(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0


def test_the_package_works_without_the_gateway() -> None:
    roots = [
        str(Path(module.__file__).parents[1]) for module in (decapolis_policies, decapolis_formats) if module.__file__
    ]
    script = (
        "import sys; from decapolis_policies import judge; from decapolis_policies.sets import Policies; "
        "bad = {'starlette', 'decapolis', 'uvicorn', 'sqlalchemy'} & set(sys.modules); print(sorted(bad))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(roots)}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_verdict_names_rule_path_direction_and_version() -> None:
    verdict = judge(avro("a", "b"), past(avro("a")), Demands(BACKWARD))
    assert verdict.incompatible
    (violation,) = verdict.violations
    assert (violation.rule, violation.path, violation.version) == ("compatibility", "/fields/1", 1)
    assert (violation.type, violation.direction) == ("READER_FIELD_MISSING_DEFAULT_VALUE", "backward")
    assert verdict.as_json()["violations"][0]["version"] == 1
    assert verdict.messages[-1] == "{validateFields: 'false', compatibility: 'BACKWARD'}"


def test_an_empty_history_speaks_against_nothing() -> None:
    assert judge(avro("a"), [], Demands(FULL)).allowed


def test_a_candidate_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(InvalidSchema):
        judge(plain("no-such-type"), past(avro("a")))


def test_a_history_that_cannot_be_read_is_not_a_pass() -> None:
    verdict = judge(avro("a"), past(plain("no-such-type")), Demands(BACKWARD))
    assert not verdict.allowed
    assert "Version 1 cannot be read any more" in verdict.messages[0]


def test_a_comparison_out_of_budget_is_not_a_pass() -> None:
    many = [f"f{number}" for number in range(50)]
    with pytest.raises(ComparisonTooCostly):
        judge(avro(*many), past(avro(*many, "g")), Demands(BACKWARD, budget=10))


class TestFloors:
    def test_the_enforced_level_judges_and_is_named(self) -> None:
        verdict = judge(avro(), past(avro("a")), Demands(BACKWARD, floor=LEVELS["FORWARD"], policy_set="x"))
        assert (verdict.allowed, verdict.level.name) == (False, "FULL")
        assert "{policySet: 'x', floor: 'FORWARD', configured: 'BACKWARD'}" in verdict.messages

    def test_a_warning_floor_lets_pass_and_says_so(self) -> None:
        demands = Demands(NONE, floor=BACKWARD, stance=Stance.WARN, policy_set="x")
        verdict = judge(avro("a", "b"), past(avro("a")), demands)
        assert (verdict.allowed, verdict.level) == (True, NONE)
        assert [each.rule for each in verdict.warnings] == ["floor"]

    def test_a_warning_floor_does_not_soften_the_subjects_own_level(self) -> None:
        demands = Demands(BACKWARD, floor=BACKWARD, stance=Stance.WARN, policy_set="x")
        assert not judge(avro("a", "b"), past(avro("a")), demands).allowed

    def test_a_floor_that_is_off_asks_nothing(self) -> None:
        demands = Demands(NONE, floor=FULL, stance=Stance.OFF, policy_set="x")
        verdict = judge(avro("a", "b"), past(avro("a")), demands)
        assert verdict.allowed
        assert not verdict.warnings

    def test_lenient_holds_for_the_own_level_only(self) -> None:
        assert judge(OPEN_MORE, past(OPEN), Demands(BACKWARD, lenient=True)).allowed
        verdict = judge(OPEN_MORE, past(OPEN), Demands(BACKWARD, lenient=True, floor=BACKWARD, policy_set="x"))
        assert [each.rule for each in verdict.violations] == ["floor"]

    def test_a_group_holds_for_the_own_level_only(self) -> None:
        history = [PastVersion(1, avro("a"), Metadata(properties={"line": "1"}))]
        new = candidate(avro("a", "b"), line="2")
        assert judge(new, history, Demands(BACKWARD, group="line")).allowed
        assert not judge(new, history, Demands(BACKWARD, group="line", floor=BACKWARD, policy_set="x")).allowed

    def test_deleted_versions_count_for_the_floor_only(self) -> None:
        history = past(avro("a"), deleted=True)
        assert judge(avro("a", "b"), history, Demands(BACKWARD)).allowed
        assert not judge(avro("a", "b"), history, Demands(BACKWARD, floor=BACKWARD, policy_set="x")).allowed
        tolerant = Demands(BACKWARD, floor=BACKWARD, policy_set="x", counts_soft_deleted=False)
        assert judge(avro("a", "b"), history, tolerant).allowed

    def test_the_live_latest_counts_beside_a_deleted_one(self) -> None:
        history = [PastVersion(1, avro("a")), PastVersion(2, avro("a", "b=0"), deleted=True)]
        demands = Demands(BACKWARD, floor=BACKWARD, policy_set="x")
        assert judge(avro("a", "c=0"), history, demands).allowed
        assert not judge(avro({"name": "a", "type": "string"}), history, demands).allowed


class TestGroups:
    def test_absent_equals_absent(self) -> None:
        history = [PastVersion(1, avro("a")), PastVersion(2, avro("x"), Metadata(properties={"line": "1"}))]
        assert judge(avro("a"), history, Demands(BACKWARD, group="line")).allowed
        assert not judge(avro("a"), history, Demands(BACKWARD)).allowed


class TestReservedFields:
    RESERVING = Metadata(properties={"confluent:reserved": "old, older"})

    def test_a_dropped_name_and_a_field_with_a_reserved_name_are_told(self) -> None:
        history = [PastVersion(1, avro("a"), self.RESERVING)]
        new = Candidate(avro("a", "old=0"), metadata=Metadata(properties={"confluent:reserved": "old"}))
        verdict = judge(new, history, Demands(BACKWARD, validate_fields=True))
        assert [(each.rule, each.path) for each in verdict.violations] == [
            ("reserved-fields", "older"),
            ("reserved-fields", "old"),
        ]
        assert verdict.messages[-1] == "{validateFields: 'true', compatibility: 'BACKWARD'}"
        assert "conflicts with the reserved field old" in verdict.messages[1]

    def test_nothing_is_asked_without_validate_fields(self) -> None:
        history = [PastVersion(1, avro("a"), self.RESERVING)]
        assert judge(avro("a", "old=0"), history, Demands(BACKWARD)).allowed


class TestImportedVersions:
    def test_a_version_must_follow_the_one_and_be_followed_by_the_other(self) -> None:
        before, after = past(avro("a")), [PastVersion(3, avro("a", "b=0", "c=0"))]
        demands = Demands(NONE, floor=BACKWARD, policy_set="x")
        assert judge(avro("a", "b=0"), before, demands, after).allowed
        assert not judge(avro("a", "d"), before, demands, after).allowed
        assert not judge(avro("a", {"name": "c", "type": "string", "default": ""}), before, demands, after).allowed


class TestRulesInVerdicts:
    def test_a_rule_refuses_warns_or_rests_as_its_stance_says(self) -> None:
        rule = Rules().named("required-docs")
        for stance, allowed, warned in ((Stance.ENFORCE, False, 0), (Stance.WARN, True, 2), (Stance.OFF, True, 0)):
            verdict = judge(avro("a"), [], Demands(NONE, policy_set="x", rules=(rule.bound({}, stance),)))
            assert (verdict.allowed, len(verdict.warnings)) == (allowed, warned)
            assert not verdict.incompatible

    def test_a_set_that_warns_softens_its_rules(self) -> None:
        rule = Rules().named("required-docs").bound({})
        verdict = judge(avro("a"), [], Demands(NONE, policy_set="x", stance=Stance.WARN, rules=(rule,)))
        assert (verdict.allowed, len(verdict.warnings)) == (True, 2)

    def test_no_repair_is_offered_where_a_rule_stands_in_the_way(self) -> None:
        rule = Rules().named("required-docs").bound({})
        assert judge(avro("a", "b"), past(avro("a")), Demands(BACKWARD)).repair is not None
        assert judge(avro("a", "b"), past(avro("a")), Demands(BACKWARD, policy_set="x", rules=(rule,))).repair is None


def test_a_worker_answers_errors_as_such() -> None:
    assert isinstance(answered(Question(Candidate(plain("nope")), (), Demands())), InvalidSchema)
