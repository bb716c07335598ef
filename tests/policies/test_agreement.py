"""The command that makes the figures of docs/compatibility.md, on a small measure."""

from __future__ import annotations

import asyncio
import re

import pytest
from benchmarks import verdicts
from benchmarks.agreement import OWN, PAGE, agreement, agrees, cases_of, over_http, random_pairs, sampled

from decapolis_formats import Format

OTHERS = {
    Format.AVRO: '"int"',
    Format.JSON_SCHEMA: '{"type": "string"}',
    Format.PROTOBUF: 'syntax = "proto3"; message Other {}',
}
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


@pytest.mark.parametrize("format", verdicts.FORMATS)
def test_what_the_speed_is_measured_with_is_compatible(format: Format) -> None:
    verdicts.ours(format, verdicts.schema(format, verdicts.FIELDS + 1), verdicts.history(format))
    with pytest.raises(RuntimeError):
        verdicts.ours(format, OTHERS[format], verdicts.history(format))


def test_a_small_estate_is_judged_by_the_command() -> None:
    assert verdicts.estate(3) > 0


def test_the_page_shows_how_fast_verdicts_are() -> None:
    shown = re.search(r"\| AVRO \| \S+ ms \| \S+ ms \| (\S+)× \|", PAGE.read_text())
    assert shown is not None
    assert float(shown.group(1)) >= 5
