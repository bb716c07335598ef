"""What strict semantics change; docs/compatibility-avro.md shows the same pairs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from decapolis_formats import avro

from .avro_pairs import AMBIGUOUS, STRICT, compared, decimal, enum, fixed, record, strictly


def test_an_alias_that_repeats_the_name_of_its_field_is_harmless() -> None:
    same = record("R", ("a", "int", {"aliases": ["a"]}))
    assert compared(same, same) == ["AMBIGUOUS_FIELD "]
    assert strictly(same, same) == []


def test_ambiguous_fields_are_told_with_their_place() -> None:
    assert strictly(*AMBIGUOUS) == ["AMBIGUOUS_FIELD /fields/0"]


def test_a_written_field_fills_one_field_only() -> None:
    reader = record("R", ("a", "int"), ("b", "int", {"aliases": ["a"]}))
    writer = record("R", ("a", "int"))
    assert compared(reader, writer) == []
    assert strictly(reader, writer) == [
        "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0",
        "READER_FIELD_MISSING_DEFAULT_VALUE /fields/1",
    ]


def test_logical_types_that_mean_different_things() -> None:
    date, millis = {"type": "int", "logicalType": "date"}, {"type": "long", "logicalType": "timestamp-millis"}
    for reader, writer in [
        (decimal(9, 5), decimal(4, 2)),
        (millis, date),
        (fixed(16, logicalType="decimal", precision=9, scale=0), fixed(16, logicalType="uuid")),
    ]:
        assert compared(reader, writer) == []
        assert strictly(reader, writer) == ["TYPE_MISMATCH /"]
        assert strictly(["null", reader], ["null", writer]) == ["MISSING_UNION_BRANCH /1"]
    for reader, writer in [
        ("long", millis),
        (millis, "long"),
        (decimal(1, 7), decimal(4, 2)),
        (millis, millis),
    ]:
        assert strictly(reader, writer) == []
    both = [{"type": "long", "logicalType": "time-micros"}, {"type": "int", "logicalType": "time-millis"}]
    assert strictly(both, both) == []
    left, right = (avro.parse(json.dumps(decimal(*each))) for each in [(9, 5), (4, 2)])
    (found,) = avro.compare(left, right, STRICT)
    assert found.info == "reader type: decimal(9, 5) not compatible with writer type: decimal(4, 2)"


@pytest.mark.parametrize(
    ("logical", "base", "holds"),
    [
        ("date", "int", True),
        ("date", "long", False),
        ("time-millis", "int", True),
        ("time-micros", "long", True),
        ("local-timestamp-nanos", "long", True),
        ("uuid", "string", True),
        ("uuid", "bytes", False),
        ("big-decimal", "bytes", True),
        ("no such", "int", False),
        (7, "int", False),
    ],
)
def test_a_logical_type_counts_only_on_its_own_base(logical: Any, base: str, holds: bool) -> None:
    other = {"type": base, "logicalType": "timestamp-millis" if base == "long" else "decimal", "precision": 3}
    mine = {"type": base, "logicalType": logical, "scale": 0, "precision": 3}
    probe = {"type": base, "connect": 1} | mine
    normal = avro.normalized(avro.parse(json.dumps(probe)))
    assert (normal.index("logicalType") < normal.index("connect")) is holds
    assert strictly(mine, mine) == strictly(mine, other if logical == "no such" else mine) == []


@pytest.mark.parametrize(
    ("schema", "holds"),
    [
        (fixed(12, logicalType="duration"), True),
        (fixed(11, logicalType="duration"), False),
        (fixed(16, logicalType="uuid"), True),
        (fixed(15, logicalType="uuid"), False),
        (fixed(2, logicalType="decimal", precision=4), True),
        (fixed(2, logicalType="decimal", precision=5), False),
        ({"type": "bytes", "logicalType": "decimal", "precision": True}, False),
        ({"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": "1"}, False),
        ({"type": "bytes", "logicalType": "decimal", "precision": 0}, False),
        ({"type": "bytes", "logicalType": "decimal"}, False),
    ],
)
def test_parameters_of_logical_types(schema: dict[str, Any], holds: bool) -> None:
    normal = avro.normalized(avro.parse(json.dumps({"connect": 1, **schema})))
    assert (normal.index("logicalType") < normal.index("connect")) is holds


def test_an_enum_default_does_not_stand_for_a_missing_field() -> None:
    reader, writer = record("R", ("e", enum("A", default="A"))), record("R")
    assert compared(reader, writer) == ["TYPE_MISMATCH /fields/0/type"]
    assert strictly(reader, writer) == ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"]


@pytest.mark.parametrize(
    ("content", "default"),
    [
        ("int", None),
        (enum("A"), "B"),
        ("bytes", "Ā"),
        (fixed(2), "x"),
        ({"type": "array", "items": enum("A")}, ["B"]),
        ({"type": "map", "values": fixed(1)}, {"k": "Ā"}),
        (["null", enum("A")], "B"),
        (record("I", ("x", "int")), {}),
    ],
)
def test_a_default_that_cannot_be_read_is_none(content: Any, default: Any) -> None:
    reader, writer = record("R", ("a", content, {"default": default})), record("R")
    assert compared(reader, writer) == []
    assert strictly(reader, writer) == ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"]


def test_the_first_branch_that_matches_has_to_read_it() -> None:
    reader = [record("a.R", ("x", "int")), record("b.R", ("y", "int"))]
    writer = record("c.R", ("y", "int"))
    assert compared(reader, writer) == []
    assert strictly(reader, writer) == ["MISSING_UNION_BRANCH /"]
    assert strictly(reader, record("b.R", ("y", "int"))) == []
    assert strictly(["null", {"type": "array", "items": "int"}], {"type": "array", "items": "string"}) != []
    assert strictly(["null", enum("A")], fixed(1, "E")) == ["MISSING_UNION_BRANCH /"]


def test_a_wrong_guess_about_a_recursive_pair_is_taken_back() -> None:
    # While A is compared with A, its field c takes that pair for readable, and finds a branch for it; only
    # then does A turn out to be unreadable (b is missing), which the union hides from the field after.
    def schema(*last: tuple[Any, ...]) -> dict[str, Any]:
        inner = record("C", ("back", ["null", "A"]))
        return record("T", ("a", ["null", record("A", ("c", inner), *last)]), ("again", "C"))

    reader, writer = schema(("b", "int")), schema()
    assert compared(reader, writer) == ["MISSING_UNION_BRANCH /fields/0/type/1"]
    assert strictly(reader, writer) == [
        "MISSING_UNION_BRANCH /fields/0/type/1",
        "MISSING_UNION_BRANCH /fields/1/type/fields/0/type/1",
    ]


def test_a_refuted_guess_is_not_reported_for_itself() -> None:
    reader, writer = record("T", ("t", "T"), ("b", "int")), record("T", ("t", "T"))
    assert strictly(reader, writer) == compared(reader, writer) == ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/1"]
    again = record("R", ("a", reader), ("b", "T")), record("R", ("a", writer), ("b", "T"))
    assert strictly(*again) == [
        "READER_FIELD_MISSING_DEFAULT_VALUE /fields/0/type/fields/1",
        "READER_FIELD_MISSING_DEFAULT_VALUE /fields/1/type/fields/1",
    ]
