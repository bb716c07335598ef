"""Any two models field by field."""

from __future__ import annotations

import pytest

from decapolis_formats import Format
from decapolis_formats.options import Dialect, Options
from decapolis_formats.structural import Change, compare
from decapolis_formats.transform import read_model
from decapolis_formats.types import (
    Binary,
    Boolean,
    Date,
    Decimal,
    Enum,
    Fixed,
    Floating,
    Integer,
    List,
    Model,
    Null,
    Text,
    Time,
    Timestamp,
    Type,
    Unit,
    Uuid,
    Variant,
)
from decapolis_formats.widening import holds_values


def avro(fields: str) -> Model:
    return read_model(f'{{"type": "record", "name": "R", "fields": [{fields}]}}', Format.AVRO).model


def findings(left: Model, right: Model) -> list[tuple[str, Change, bool]]:
    return [(each.path, each.change, each.lossy) for each in compare(left, right)]


def test_a_topic_against_a_table() -> None:
    topic = avro(
        '{"name": "id", "type": "long", "doc": "key"}, {"name": "userName", "type": ["null", "string"], "default": null},'
        '{"name": "tags", "type": {"type": "array", "items": "string"}}, {"name": "gone", "type": "int"},'
        '{"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}, "default": 0}'
    )
    table = read_model(
        """CREATE TABLE t (id INT NOT NULL COMMENT 'other', user_name STRING NOT NULL, tags ARRAY<STRING>,
        at TIMESTAMP NOT NULL, more DATE, needed DATE NOT NULL)""",
        Format.SQL_DDL,
        Options(dialect=Dialect.DATABRICKS),
    ).model
    assert findings(topic, table) == [
        ("id", Change.TYPE, True),
        ("id", Change.DOC, False),
        ("userName", Change.NAME, False),
        ("userName", Change.NULLABILITY, True),
        ("tags", Change.NULLABILITY, False),
        ("tags[]", Change.NULLABILITY, False),
        ("gone", Change.ONLY_LEFT, True),
        ("at", Change.TYPE, False),
        ("at", Change.DEFAULT, False),
        ("more", Change.ONLY_RIGHT, False),
        ("needed", Change.ONLY_RIGHT, True),
    ]


def test_the_same_schema_in_two_formats_differs_in_nothing() -> None:
    left = avro('{"name": "a", "type": {"type": "map", "values": ["null", "double"]}}')
    right = read_model(
        """message R { required group a (MAP) { repeated group key_value {
        required binary key (STRING); optional double value; } } }""",
        Format.PARQUET,
    ).model
    assert compare(left, right) == ()


def test_recursive_types_and_unions() -> None:
    tree = (
        '{"name": "next", "type": ["null", "R"], "default": null},'
        '{"name": "u", "type": ["int", "string", {"type": "array", "items": ["R", "int"]}]}'
    )
    assert compare(avro(tree), avro(tree)) == ()
    other = tree.replace('"string"', '"bytes"')
    assert findings(avro(tree), avro(other)) == [("u", Change.TYPE, True)]
    wider = tree.replace('["int", "string"', '["long", "string", "boolean"')
    assert findings(avro(tree), avro(wider)) == [("u", Change.TYPE, False)]


def test_findings_read_well() -> None:
    left = avro('{"name": "a", "type": "int", "confluent:tags": ["PII"]}')
    right = avro('{"name": "a", "type": "string"}')
    assert [str(each) for each in compare(left, right)] == [
        "a: type (int32 on the left, string on the right), lossy",
        "a: tags (PII on the left, none on the right)",
    ]
    assert str(compare(left, avro(""))[0]) == "a: only on the left (int32), lossy"


MICROS, MILLIS = Unit.MICROS, Unit.MILLIS
HELD: list[tuple[Type, Type]] = [
    (Integer(64), Integer(32)),
    (Integer(64), Integer(32, signed=False)),
    (Floating(64), Integer(32)),
    (Decimal(10), Integer(32)),
    (Decimal(None), Integer(64)),
    (Floating(64), Floating(32)),
    (Decimal(10, 2), Decimal(9, 1)),
    (Decimal(None), Decimal(9)),
    (Timestamp(MICROS), Timestamp(MILLIS)),
    (Time(MICROS), Time(MILLIS)),
    (Text(), Text(3)),
    (Text(5), Text(3)),
    (Text(), Enum(("A",))),
    (Text(36), Uuid()),
    (Fixed(16), Uuid()),
    (Uuid(binary=True), Uuid()),
    (Binary(), Fixed(3)),
    (Binary(), Binary(3)),
    (Text(), Date()),
    (Enum(("A", "B")), Enum(("B",))),
    (Variant(), Text()),
    (Variant(), Boolean()),
    (Text(), Null()),
    (Binary(), Binary()),
]
LOST: list[tuple[Type, Type]] = [
    (Integer(32), Integer(64)),
    (Integer(32, signed=False), Integer(8)),
    (Floating(32), Integer(32)),
    (Decimal(9), Integer(32)),
    (Text(), Integer()),
    (Floating(32), Floating(64)),
    (Decimal(9, 2), Decimal(9, 1)),
    (Decimal(9), Decimal(None)),
    (Text(), Decimal(9)),
    (Timestamp(MICROS, zoned=False), Timestamp(MICROS)),
    (Time(MILLIS), Time(MICROS)),
    (Text(3), Text()),
    (Text(0), Enum(("A",))),
    (Text(), Boolean()),
    (Fixed(3), Uuid()),
    (Enum(("A",)), Enum(("B",))),
    (Enum(("A",)), Text()),
    (Variant(), Binary()),
    (Binary(3), Binary()),
    (Binary(2), Fixed(3)),
    (Binary(), Text()),
    (Boolean(), List(Text())),
    (Uuid(), Text()),
]


@pytest.mark.parametrize(("wide", "narrow"), HELD, ids=str)
def test_values_that_fit(wide: Type, narrow: Type) -> None:
    assert holds_values(wide, narrow)


@pytest.mark.parametrize(("wide", "narrow"), LOST, ids=str)
def test_values_that_do_not_fit(wide: Type, narrow: Type) -> None:
    assert not holds_values(wide, narrow)
