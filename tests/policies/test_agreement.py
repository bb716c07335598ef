"""The command that makes the figures of docs/compatibility.md, on a small measure."""

from __future__ import annotations

import asyncio
import re

from benchmarks.agreement import OWN, PAGE, agreement, agrees, cases_of, over_http, random_pairs, sampled

CASES = cases_of(sorted(OWN.glob("*.jsonl")))[::5]


def test_our_own_cases_agree() -> None:
    rows = agreement(CASES)
    assert {row[0] for row in rows} == {"AVRO", "JSON", "PROTOBUF"}
    assert all(agreed == tried for *_, agreed, tried in rows)


def test_a_disagreement_is_seen() -> None:
    case = next(case for case in CASES if case.get("expected_compatible") is True)
    assert not agrees({**case, "expected_compatible": False})
    assert not agrees({**case, "expected_incompatibilities": ["TYPE_MISMATCH /"]})


def test_a_sample_agrees_over_http() -> None:
    rows = asyncio.run(over_http(sampled(CASES, 30)))
    assert sum(int(str(row[1])) for row in rows) > 0
    assert all(row[2] == 0 for row in rows)


def test_random_pairs_keep_the_laws() -> None:
    assert [row[1] for row in random_pairs(CASES, 60)] == [0, 0, 0]


def test_the_page_shows_figures_without_a_disagreement() -> None:
    rows = re.findall(
        r"^\| (?:AVRO|JSON|PROTOBUF) \| (?:suite|swap|synthetic|canonical) \| (\S+) \| (\S+) \|$",
        PAGE.read_text(),
        re.MULTILINE,
    )
    assert rows
    assert all(agreed == tried for agreed, tried in rows)
