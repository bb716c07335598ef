"""Which reader reads which writer, and what is said where it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from decapolis_formats import Difference, avro

from .avro_pairs import AMBIGUOUS, compared, enum, fixed, record, strictly

PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
PROMOTIONS = {
    ("long", "int"), ("float", "int"), ("float", "long"), ("double", "int"), ("double", "long"),
    ("double", "float"), ("string", "bytes"), ("bytes", "string"),
}  # fmt: skip


@pytest.mark.parametrize("reader", PRIMITIVES)
@pytest.mark.parametrize("writer", PRIMITIVES)
def test_primitives(reader: str, writer: str) -> None:
    readable = reader == writer or (reader, writer) in PROMOTIONS
    expected = [] if readable else ["TYPE_MISMATCH /"]
    assert compared(reader, writer) == strictly(reader, writer) == expected
    in_record = compared(record("R", ("a", reader)), record("R", ("a", writer)))
    assert in_record == ([] if readable else ["TYPE_MISMATCH /fields/0/type"])
    assert compared([reader], writer) == ([] if readable else ["MISSING_UNION_BRANCH /"])
    assert compared([reader], [writer]) == ([] if readable else ["MISSING_UNION_BRANCH /0"])
    assert compared(reader, [writer]) == ([] if readable else ["TYPE_MISMATCH /0"])


@pytest.mark.parametrize(
    ("reader", "writer", "expected"),
    [
        ({"type": "array", "items": "int"}, {"type": "array", "items": "long"}, ["TYPE_MISMATCH /items"]),
        ({"type": "map", "values": "int"}, {"type": "map", "values": "long"}, ["TYPE_MISMATCH /values"]),
        ({"type": "array", "items": "int"}, {"type": "map", "values": "int"}, ["TYPE_MISMATCH /"]),
        (fixed(2), fixed(2, "G"), ["NAME_MISMATCH /name"]),
        (fixed(2), fixed(3, "G"), ["NAME_MISMATCH /name", "FIXED_SIZE_MISMATCH /size"]),
        (fixed(2), fixed(2, "n.F"), []),
        (fixed(2, aliases=["n.G"]), fixed(2, "n.G"), []),
        (fixed(2, "m.F", aliases=["G"]), fixed(2, "m.G"), []),
        (fixed(2, "m.F", aliases=["G"]), fixed(2, "n.G"), ["NAME_MISMATCH /name"]),
        (fixed(2), "bytes", ["TYPE_MISMATCH /"]),
        ("bytes", fixed(2), ["TYPE_MISMATCH /"]),
        (enum("A"), "string", ["TYPE_MISMATCH /"]),
        (enum("A", "B"), enum("B", "A"), []),
        (enum("A"), enum("A", "C", "B"), ["MISSING_ENUM_SYMBOLS /symbols"]),
        (enum("A", default="A"), enum("A", "B"), []),
        (record("R"), record("S"), ["NAME_MISMATCH /name"]),
        (record("R"), record("R", ("a", "int")), []),
        (record("R", ("a", "int")), record("R"), ["READER_FIELD_MISSING_DEFAULT_VALUE /fields/0"]),
        (record("R", ("a", "int", {"default": 1})), record("R"), []),
        (record("R", ("b", "int", {"aliases": ["a"]})), record("R", ("a", "int")), []),
        (
            record("R", ("b", "int", {"aliases": ["a"]})),
            record("R", ("a", "string")),
            ["TYPE_MISMATCH /fields/0/type"],
        ),
        (["int", "string"], ["string", "boolean"], ["MISSING_UNION_BRANCH /1"]),
        ("int", ["int", "string"], ["TYPE_MISMATCH /1"]),
        (enum("A"), ["null", "string"], ["TYPE_MISMATCH /0", "TYPE_MISMATCH /1"]),
        (["null", enum("A")], ["null", enum("A", "B")], ["MISSING_UNION_BRANCH /1"]),
        (["null", enum("A")], enum("A"), []),
        (["null", enum("A")], enum("B"), ["MISSING_UNION_BRANCH /"]),
        (["null", "int"], "string", ["MISSING_UNION_BRANCH /"]),
        (record("R"), ["null", record("R")], ["TYPE_MISMATCH /0"]),
        (record("R"), [record("R"), record("S")], ["NAME_MISMATCH /1/name"]),
        ([], "int", ["MISSING_UNION_BRANCH /"]),
        ("int", [], []),
    ],
)
def test_rows_of_the_table(reader: Any, writer: Any, expected: list[str]) -> None:
    assert compared(reader, writer) == strictly(reader, writer) == expected


def facts(reader: Any, writer: Any) -> list[str]:
    left, right = avro.parse(json.dumps(reader)), avro.parse(json.dumps(writer))
    return [each.info for each in avro.compare(left, right)]


def test_each_difference_tells_the_facts_of_both_sides() -> None:
    assert facts("int", record("R")) == ["reader type: INT not compatible with writer type: RECORD"]
    assert facts(fixed(4), fixed(8, "n.G")) == ["expected: n.G", "expected: 8, found: 4"]
    assert facts(enum("A"), enum("C", "B", "A")) == ["[B, C]"]
    assert facts(["int"], ["string"]) == ["reader union lacking writer type: STRING"]
    assert facts(record("R", ("a", "int")), record("R")) == ["a"]


@pytest.mark.parametrize(
    "kind",
    [
        "TYPE_MISMATCH",
        "NAME_MISMATCH",
        "FIXED_SIZE_MISMATCH",
        "MISSING_ENUM_SYMBOLS",
        "MISSING_UNION_BRANCH",
        "READER_FIELD_MISSING_DEFAULT_VALUE",
        "AMBIGUOUS_FIELD",
    ],
)
def test_descriptions_have_the_shape_of_the_dialect(kind: str) -> None:
    difference = Difference(kind, "/fields/1", compatible=False, info="{odd} %s")
    text = avro.describe(difference, reader="old", writer="new")
    assert text.startswith(f"{{errorType:'{kind}', description:'At '/fields/1' ")
    assert text.endswith("', additionalInfo:'{odd} %s'}")
    assert "old schema" in text
    assert " new " in text


def test_a_comparison_that_fails_as_a_whole_says_so_and_nothing_else() -> None:
    reader, writer = (avro.parse(json.dumps(each)) for each in AMBIGUOUS)
    (found,) = avro.compare(reader, writer)
    assert (found.path, found.compatible) == ("", False)
    assert avro.describe(found) == (
        "Unexpected exception during compatibility check: "
        "the new schema's field a matches a, b of R, all in the old schema"
    )


def linked(*fields: tuple[Any, ...], name: str = "L") -> dict[str, Any]:
    return record(name, ("next", ["null", name]), *fields)


def test_recursive_types() -> None:
    assert compared(linked(("v", "long")), linked(("v", "int"))) == []
    assert compared(linked(("v", "int")), linked(("v", "long"))) == ["TYPE_MISMATCH /fields/1/type"]
    assert compared(record("T", ("t", "T")), record("T", ("t", "T"))) == []


def test_a_type_met_again_repeats_its_first_path_and_strictly_has_its_own() -> None:
    reader = record("R", ("a", record("I", ("x", "int"))), ("b", "I"))
    writer = record("R", ("a", record("I", ("x", "string"))), ("b", "I"))
    first, second = "TYPE_MISMATCH /fields/0/type/fields/0/type", "TYPE_MISMATCH /fields/1/type/fields/0/type"
    assert compared(reader, writer) == [first, first]
    assert strictly(reader, writer) == [first, second]


def test_a_root_mismatch_met_again_moves_to_its_place() -> None:
    reader = record("R", ("a", ["null", record("I", ("x", "int"))]), ("b", "I"))
    writer = record("R", ("a", record("I", ("x", "string"))), ("b", "I"))
    expected = ["MISSING_UNION_BRANCH /fields/0/type", "TYPE_MISMATCH /fields/1/type/fields/0/type"]
    assert strictly(reader, writer) == expected
    assert compared(reader, writer) == [expected[0], "TYPE_MISMATCH /fields/0/type"]
    mismatched = record("R", ("a", ["null", fixed(1)]), ("b", "F")), record("R", ("a", enum()), ("b", "E"))
    assert strictly(*mismatched) == [expected[0], "TYPE_MISMATCH /fields/1/type"]


def test_equal_unions_are_places_of_their_own() -> None:
    """What is found at one of two fields of one spelling is told with its own path."""
    reader = avro.parse(_two("string"))
    assert reader.root.fields[0].type is not reader.root.fields[1].type
    found = avro.compare(reader, avro.parse(_two("long")))
    assert [each.path for each in found] == ["/fields/0/type/1", "/fields/1/type/1"]
    assert avro.compare(reader, avro.parse(_two("string"))) == []


def _two(kind: str) -> str:
    fields = [{"name": name, "type": ["null", kind]} for name in ("a", "b")]
    return json.dumps({"type": "record", "name": "R", "fields": fields})
