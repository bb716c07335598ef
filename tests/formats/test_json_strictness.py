"""JSON Schema: every deviation that the documentation lists holds as written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from decapolis_formats import CompareOptions, json_schema

PAGE = Path(__file__).parents[2] / "docs" / "compatibility-json.md"
ROW = re.compile(
    r"^\| (?P<what>[^|]+) \| (?P<reference>[✓✗]) \| (?P<strict>[✓✗]) \| `(?P<old>.+)` \| `(?P<new>.+)` \|$",
    re.MULTILINE,
)
ROWS = [found.groupdict() for found in ROW.finditer(PAGE.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
def test_documented_deviation(row: dict[str, str]) -> None:
    old, new = json_schema.parse(row["old"]), json_schema.parse(row["new"])
    for column, options in (
        ("reference", CompareOptions()),
        ("strict", CompareOptions(strict_semantics=True)),
    ):
        found = json_schema.compare(new, old, options)
        verdict = "✓" if all(each.compatible for each in found) else "✗"
        assert verdict == row[column], (column, [str(each) for each in found])


def test_all_rows_are_read() -> None:
    assert len(ROWS) == 28


def test_names_only_strict_semantics_use_are_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    source = Path(json_schema.__file__).with_name("strictness.py").read_text(encoding="utf-8")
    for name in re.findall(r'"((?:CONDITION|CONTAINS|FORMAT|PATTERN_PROPERTY|PROPERTY_NAMES)[A-Z_]*)"', source):
        assert name in text
