"""The Protobuf engine agrees with the reference: every verdict, every difference, every text."""

from __future__ import annotations

from typing import Any

import pytest

from decapolis_formats import Format
from tests.reference_cases import OWN, SHARED, canonical_disagreement, cases, disagreement

OWN_CASES = OWN / "protobuf.jsonl"


def test_own_cases_agree() -> None:
    found = cases(OWN_CASES, Format.PROTOBUF, canonical=False)
    assert len(found) > 400
    _expect_agreement(found, disagreement)


@pytest.mark.skipif(not SHARED.exists(), reason="the whole yardstick does not lie beside this repository")
@pytest.mark.parametrize("kind", ["pairs", "texts"])
def test_whole_yardstick_agrees(kind: str) -> None:
    texts = kind == "texts"
    found = cases(SHARED, Format.PROTOBUF, canonical=texts)
    assert found
    _expect_agreement(found, canonical_disagreement if texts else disagreement)


def _expect_agreement(found: list[dict[str, Any]], judge: Any) -> None:
    wrong = {case["id"]: reason for case in found if (reason := judge(case)) is not None}
    assert not wrong
