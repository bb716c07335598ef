"""JSON Schema: the verdicts, differences and texts of the reference, case by case."""

from __future__ import annotations

import re
from typing import Any

import pytest

from decapolis_formats import CompareOptions, Format, json_schema
from tests.reference_cases import OWN, SHARED, canonical_disagreement, cases, dependencies, disagreement

OWN_CASES = cases(OWN / "json.jsonl", Format.JSON_SCHEMA, canonical=False)
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED.name} lies beside the repository only")
SHAPE = re.compile(r"""\{errorType:"([A-Z_]+)", description:"([^"]*)'\}""", re.DOTALL)


@pytest.mark.parametrize("case", OWN_CASES, ids=lambda case: case["id"])
def test_own_case(case: dict[str, Any]) -> None:
    assert disagreement(case) is None


def test_own_cases_are_all_there() -> None:
    assert len(OWN_CASES) == 481
    assert {case["kind"] for case in OWN_CASES} == {"synthetic"}


@pytest.mark.skipif(not SHARED.exists(), reason=f"the yardstick lies beside the repository only: {SHARED.name}")
def test_shared_cases() -> None:
    every = cases(SHARED, Format.JSON_SCHEMA, canonical=False)
    wrong = {case["id"]: why for case in every if (why := disagreement(case)) is not None}
    assert len(every) == 1020
    assert wrong == {}


@pytest.mark.skipif(not SHARED.exists(), reason=f"the yardstick lies beside the repository only: {SHARED.name}")
def test_shared_texts() -> None:
    every = cases(SHARED, Format.JSON_SCHEMA, canonical=True)
    wrong = {case["id"]: why for case in every if (why := canonical_disagreement(case)) is not None}
    assert len(every) == 71
    assert wrong == {}


@pytest.mark.skipif(not SHARED.exists(), reason=f"the yardstick lies beside the repository only: {SHARED.name}")
def test_messages_have_the_shape_of_the_reference() -> None:
    """Types and paths are the dialect's, the sentences are ours."""
    checked = 0
    for case in cases(SHARED, Format.JSON_SCHEMA, canonical=False):
        if case["level"] != "BACKWARD" or "old" not in case or not case.get("expected_messages"):
            continue
        theirs = [SHAPE.fullmatch(each) for each in case["expected_messages"] if "errorType" in each]
        for ours in _messages(case):
            found = SHAPE.fullmatch(ours)
            assert found is not None, ours
            assert any(each is not None and each[1] == found[1] for each in theirs)
            assert "'#/" in found[2]
            checked += 1
    assert checked > 300


def _messages(case: dict[str, Any]) -> list[str]:
    old = json_schema.parse(case["old"], dependencies(case.get("old_references")), strict=False)
    new = json_schema.parse(case["new"], dependencies(case.get("new_references")), strict=False)
    options = CompareOptions(lenient=case.get("policy") == "LENIENT")
    found = json_schema.compare(new, old, options)
    return [json_schema.describe(each) for each in found if not each.compatible]
