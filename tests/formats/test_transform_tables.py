"""Tables and documents read into the type model: Iceberg, Parquet, SQL, OpenAPI and AsyncAPI."""

from __future__ import annotations

import json
from decimal import Decimal as Number
from typing import Any

import pytest

from decapolis_formats import Format, InvalidSchema
from decapolis_formats.asyncapi import payloads
from decapolis_formats.openapi import component_names
from decapolis_formats.options import Dialect, Options
from decapolis_formats.transform import read_model, transform
from decapolis_formats.types import (
    Binary,
    Boolean,
    Date,
    Decimal,
    Duration,
    Field,
    Fixed,
    Floating,
    Integer,
    List,
    Map,
    Named,
    Reading,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
    Unit,
    Uuid,
    Variant,
)

from .test_transform_reading import fields_of, told, types_of


def iceberg(*fields: dict[str, Any], **more: Any) -> str:
    numbered = [{"id": number, "required": True, **field} for number, field in enumerate(fields, 1)]
    return json.dumps({"type": "struct", "fields": numbered, **more})


def test_iceberg_of_the_third_version() -> None:
    counts = {"type": "map", "key-id": 7, "key": "int", "value-id": 8, "value": "fixed[3]", "value-required": False}
    text = iceberg(
        {"name": "id", "type": "long", "initial-default": 3, "write-default": 4},
        {"name": "ns", "type": "timestamptz_ns", "required": False},
        {"name": "place", "type": "geometry"},
        {"name": "nothing", "type": "unknown", "required": False},
        {"name": "day", "type": "date", "initial-default": "1970-01-03", "write-default": "1970-01-03"},
        {"name": "counts", "type": counts},
        **{"identifier-field-ids": [1]},
    )
    reading = read_model(text, Format.ICEBERG)
    found = fields_of(reading)
    assert (found["id"].default, found["id"].id, found["day"].default) == (3, 1, 2)
    assert types_of(reading)["counts"] == Map(Integer(32), Fixed(3), True, 7, 8)
    assert [loss.path for loss in reading.losses] == ["", "id", "place"]
    assert '"timestamptz_ns"' in transform(text, Format.ICEBERG, Format.ICEBERG, Options(iceberg_version=3)).text
    assert '"timestamptz_ns"' not in transform(text, Format.ICEBERG, Format.ICEBERG).text


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "{}",
        "[]",
        iceberg({"name": "a", "type": "nope"}),
        iceberg({"name": "a", "type": "decimal(50,2)"}),
        iceberg({"name": "a", "type": "int"}, {"name": "b", "type": "int", "id": 1}),
    ],
)
def test_iceberg_refuses(text: str) -> None:
    with pytest.raises(InvalidSchema, match="Not an Iceberg schema"):
        read_model(text, Format.ICEBERG)


PARQUET: list[tuple[str, Type]] = [
    ("repeated int32 f;", List(Integer(32))),
    ("optional int96 f = 4;", Timestamp(Unit.NANOS)),
    ("required binary f (ENUM);", Text()),
    ("required binary f (BSON);", Binary()),
    ("required int32 f (INT_8);", Integer(8)),
    ("required fixed_len_byte_array(16) f (UUID);", Uuid()),
    ("required binary f (DECIMAL(9,2));", Decimal(9, 2)),
    ("required fixed_len_byte_array(4) f (DECIMAL(9,2));", Decimal(9, 2)),
    ("required fixed_len_byte_array(12) f (INTERVAL);", Duration()),
    ("required fixed_len_byte_array(3) f;", Fixed(3)),
    ("required int64 f (TIMESTAMP_MILLIS);", Timestamp(Unit.MILLIS)),
    ("required int64 f (INTEGER(64,false));", Integer(64, signed=False)),
    ("optional group f (LIST) { repeated int32 element; }", List(Integer(32))),
    (
        "optional group f (LIST) { repeated group f_tuple { required boolean a; } }",
        List(Struct((Field("a", Boolean()),))),
    ),
    ("optional group f (LIST) { repeated group bag { optional binary x (UTF8) = 8; } }", List(Text(), True, 8)),
    (
        "optional group f (MAP_KEY_VALUE) { repeated group map { required binary k (UTF8); required int32 v; } }",
        Map(Text(), Integer(32)),
    ),
    (
        "optional group f (MAP) { repeated group key_value { required binary key (UTF8); } }",
        List(Struct((Field("key", Text()),))),
    ),
    ("optional group f (VARIANT(1)) { required binary metadata; required binary value; }", Variant()),
    ("optional group f (TUPLE) { required boolean x; }", Struct((Field("x", Boolean()),))),
]


@pytest.mark.parametrize(("column", "expected"), PARQUET, ids=str)
def test_parquet_of_old_and_new_writers(column: str, expected: Type) -> None:
    reading = read_model(f"message spark.schema {{ {column} }}", Format.PARQUET)
    assert reading.model.root == Named("spark.schema")
    assert types_of(reading) == {"f": expected}
    telling = ("int96", "ENUM", "BSON", "DECIMAL", "MAP) {", "VARIANT", "TUPLE")
    assert bool(reading.losses) == any(word in column for word in telling)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'message' is expected"),
        ("message", "name of the message"),
        ("message R", "'{' is expected"),
        ("message R { int32 a; }", "required, optional or repeated"),
        ("message R { required text a; }", "a type"),
        ("message R { required int32 a }", "';' is expected"),
        ("message R { required int32 a = x; }", "the id"),
        ("message R { required fixed_len_byte_array(x) a; }", "the length"),
        ("message R { required int32 a; } more", "the end of the text"),
        ("message R { required int32 ; }", "name of the column"),
        ("message R " + "{ required group a " * 120, "nests more"),
        ("message R { required int32 a (DECIMAL(9,2); }", "is expected"),
    ],
)
def test_parquet_refuses(text: str, message: str) -> None:
    with pytest.raises(InvalidSchema, match=message):
        read_model(text, Format.PARQUET)


def table(columns: str, dialect: Dialect, after: str = "") -> Reading:
    return read_model(f"CREATE TABLE t ({columns}){after}", Format.SQL_DDL, Options(dialect=dialect))


def test_databricks() -> None:
    reading = table(
        r"""a TINYINT NOT NULL COMMENT 'it\'s', s STRUCT<x: INT NOT NULL COMMENT 'q', y: ARRAY<STRING>>,
        m MAP<STRING, DECIMAL(10,2)>, n TIMESTAMP_NTZ, t TIMESTAMP, v VARIANT, d DECIMAL, PRIMARY KEY (a)""",
        Dialect.DATABRICKS,
        " USING delta COMMENT 'rows'",
    )
    found, types = fields_of(reading), types_of(reading)
    assert (types["a"], found["a"].doc, found["a"].nullable) == (Integer(8), "it's", False)
    assert types["s"] == Struct((Field("x", Integer(32), doc="q"), Field("y", List(Text(), True), True, None)))
    assert (types["m"], types["d"], types["v"]) == (Map(Text(), Decimal(10, 2), True), Decimal(10, 0), Variant())
    assert (types["n"], types["t"]) == (Timestamp(Unit.MICROS, zoned=False), Timestamp(Unit.MICROS))
    root = reading.model.definitions["t"]
    assert isinstance(root, Struct)
    assert root.doc == "rows"
    assert [loss.path for loss in reading.losses] == ["", ""]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("FLOAT DEFAULT 1.5", 1.5),
        ("BOOLEAN DEFAULT true", True),
        ("INT DEFAULT -3", -3),
        ("DATE DEFAULT DATE'1970-01-02'", 1),
        ("STRING DEFAULT 'x'", "x"),
        ("DECIMAL(5,2) DEFAULT 1.25", Number("1.25")),
        ("INT DEFAULT NULL", None),
    ],
)
def test_defaults_in_sql(column: str, expected: Any) -> None:
    reading = table(f"f {column}", Dialect.DATABRICKS)
    assert (fields_of(reading)["f"].default, reading.losses) == (expected, ())


@pytest.mark.parametrize("column", ["STRING DEFAULT current_user()", "STRING DEFAULT 3", "INT DEFAULT 1.5"])
def test_defaults_in_sql_that_are_told(column: str) -> None:
    assert "the default" in told(table(f"f {column}", Dialect.DATABRICKS))[0]


@pytest.mark.parametrize(
    ("dialect", "column", "expected"),
    [
        (Dialect.SNOWFLAKE, "INT", Decimal(38, 0)),
        (Dialect.SNOWFLAKE, "NUMBER(10,2)", Decimal(10, 2)),
        (Dialect.SNOWFLAKE, "OBJECT(x VARCHAR(3) NOT NULL)", Struct((Field("x", Text(3)),))),
        (Dialect.SNOWFLAKE, "ARRAY(FLOAT)", List(Floating(64), True)),
        (Dialect.SNOWFLAKE, "MAP(VARCHAR, DATE)", Map(Text(), Date(), True)),
        (Dialect.SNOWFLAKE, "TIMESTAMP_LTZ(3)", Timestamp(Unit.MILLIS)),
        (Dialect.SNOWFLAKE, "TIMESTAMP_NTZ", Timestamp(Unit.NANOS, zoned=False)),
        (Dialect.SNOWFLAKE, "ARRAY", List(Variant(), True)),
        (Dialect.SNOWFLAKE, "OBJECT", Variant()),
        (Dialect.SNOWFLAKE, "TIME(4)", Time(Unit.MICROS)),
        (Dialect.SNOWFLAKE, "GEOGRAPHY", Text()),
        (Dialect.SNOWFLAKE, "BINARY(16)", Binary(16)),
        (Dialect.BIGQUERY, "BIGNUMERIC", Decimal(76, 38)),
        (Dialect.BIGQUERY, "NUMERIC", Decimal(38, 9)),
        (Dialect.BIGQUERY, "STRUCT<INT64>", Struct((Field("_1", Integer(64), True, None),))),
        (
            Dialect.BIGQUERY,
            "STRUCT<x INT64 OPTIONS(description='y')>",
            Struct((Field("x", Integer(64), True, None, "y"),)),
        ),
        (Dialect.BIGQUERY, "INTERVAL", Duration()),
        (Dialect.ANSI, "ROW(x INTEGER)", Struct((Field("x", Integer(32), True, None),))),
        (Dialect.ANSI, "INTEGER ARRAY", List(Integer(32), True)),
        (Dialect.ANSI, "TIME(3) WITH TIME ZONE", Time(Unit.MILLIS, utc=True)),
        (Dialect.ANSI, "INTERVAL DAY TO SECOND", Duration()),
        (Dialect.ANSI, "UUID", Uuid()),
    ],
    ids=str,
)
def test_columns(dialect: Dialect, column: str, expected: Type) -> None:
    reading = table(f"f {column}", dialect)
    assert types_of(reading)["f"] == expected
    assert bool(reading.losses) == (column in ("TIME(4)", "GEOGRAPHY", "STRUCT<INT64>"))


def test_bigquerys_descriptions_and_names() -> None:
    text = """CREATE TABLE `p.d.t` (a INT64 NOT NULL OPTIONS(description='x'), b INT64 UNIQUE)
        PARTITION BY a OPTIONS(description='doc')"""
    reading = read_model(text, Format.SQL_DDL, Options(dialect=Dialect.BIGQUERY))
    assert (reading.model.root, fields_of(reading)["a"].doc) == (Named("p.d.t"), "x")
    assert [loss.path for loss in reading.losses] == ["b", ""]


def test_one_dialect_becomes_another() -> None:
    source = "CREATE TABLE `a b` (`Id` BIGINT NOT NULL, `when` TIMESTAMP)"
    options = Options(dialect=Dialect.SNOWFLAKE, source_dialect=Dialect.DATABRICKS)
    found = transform(source, Format.SQL_DDL, Format.SQL_DDL, options)
    assert found.text == 'CREATE TABLE "a b" (\n  "Id" NUMBER(19, 0) NOT NULL,\n  "when" TIMESTAMP_LTZ(6)\n);\n'
    assert len(found.losses) == 1


TWO = "CREATE TABLE a (x INT); CREATE TABLE s.b (y INT); SELECT 1"


@pytest.mark.parametrize(
    ("text", "select", "message"),
    [
        ("SELECT 1", None, "no table"),
        ("CREATE TABLE (", None, "Not SQL"),
        ("CREATE TABLE a (x)", None, "has no type"),
        (TWO, None, "several tables"),
        (TWO, "c", "no table c"),
    ],
)
def test_sql_refuses(text: str, select: str | None, message: str) -> None:
    with pytest.raises(InvalidSchema, match=message):
        read_model(text, Format.SQL_DDL, Options(select=select))


def test_sql_selects() -> None:
    assert read_model(TWO, Format.SQL_DDL, Options(select="s.b")).model.root == Named("s.b")


OPENAPI = """
openapi: 3.0.3
info: {title: Shop, version: "1"}
paths: {}
components:
  schemas:
    Money: {type: string, format: decimal}
    Order:
      type: object
      required: [id, total]
      properties:
        id: {type: integer, format: int64}
        total: {$ref: '#/components/schemas/Money'}
        since: {type: string, format: date, default: 2024-01-01, nullable: true}
        parent: {$ref: '#/components/schemas/Order'}
    Other: {type: object, properties: {}}
"""


def test_openapi_components() -> None:
    assert component_names(OPENAPI) == ("Money", "Order", "Other")
    reading = read_model(OPENAPI, Format.OPENAPI)
    assert (reading.model.root, told(reading)[0]) == (Named("Order"), ": the schemas Other")
    assert (types_of(reading)["total"], fields_of(reading)["since"].default) == (Decimal(None), 19723)
    assert read_model(OPENAPI, Format.OPENAPI, Options(select="Money")).model.root == Named("Money")
    assert json.loads(transform(OPENAPI, Format.OPENAPI, Format.JSON_SCHEMA).text)["title"] == "Order"
    own = {"A": {"type": "object", "properties": {"a": {"$ref": "#/definitions/A"}}}}
    swagger = json.dumps({"swagger": "2.0", "definitions": own})
    assert read_model(swagger, Format.OPENAPI).model.root == Named("A")


@pytest.mark.parametrize(
    ("text", "select", "message"),
    [
        ("openapi: 3.1.0", None, "no schemas"),
        ("{openapi: 3.1.0}", None, "no schemas"),
        ("a: 1", None, "Not an OpenAPI"),
        ("a: &x 1\nb: *x", None, "aliases"),
        ("{", None, "Neither YAML nor JSON"),
        ("[" * 5000, None, "Neither YAML nor JSON"),
        ("x" * 5_000_001, None, "too long"),
        (OPENAPI, "Nobody", "no schema Nobody"),
    ],
    ids=lambda each: str(each)[:20],
)
def test_openapi_refuses(text: str, select: str | None, message: str) -> None:
    with pytest.raises(InvalidSchema, match=message):
        read_model(text, Format.OPENAPI, Options(select=select))


ASYNCAPI = """
asyncapi: 3.0.0
channels:
  users:
    messages:
      SignedUp: {$ref: '#/components/messages/SignedUp'}
      own: {payload: {type: boolean}}
components:
  schemas:
    User: {type: object, properties: {id: {type: integer, format: int32}}, required: [id]}
  messages:
    SignedUp:
      payload:
        schemaFormat: application/vnd.apache.avro;version=1.9.0
        schema: {type: record, name: User, fields: [{name: id, type: long, default: 1}]}
    Named: {payload: {schemaFormat: application/vnd.apache.avro, schema: string}}
    Json: {payload: {$ref: '#/components/schemas/User'}}
    Proto:
      payload:
        schemaFormat: application/vnd.google.protobuf;version=3
        schema: 'syntax = "proto3"; message M { int32 a = 1; }'
    Empty: {}
"""


def test_asyncapi_payloads() -> None:
    found = {payload.name: payload for payload in payloads(ASYNCAPI)}
    assert {name: payload.format for name, payload in found.items()} == {
        "SignedUp": Format.AVRO,
        "Named": Format.AVRO,
        "Json": Format.JSON_SCHEMA,
        "Proto": Format.PROTOBUF,
        "own": Format.JSON_SCHEMA,
    }
    assert found["Named"].text == '"string"'
    assert json.loads(found["SignedUp"].text)["name"] == "User"
    roots = {"SignedUp": Named("User"), "Json": Named("User"), "Proto": Named("M"), "Named": Text(), "own": Boolean()}
    for name, root in roots.items():
        assert read_model(ASYNCAPI, Format.ASYNCAPI, Options(select=name)).model.root == root
    assert told(read_model(ASYNCAPI, Format.ASYNCAPI))[0].startswith(": the messages Named")


def test_asyncapi_of_the_second_version() -> None:
    one, two = {"name": "one", "payload": {"multipleOf": 0.5}}, {"name": "two", "payload": {"multipleOf": 2.0}}
    avro = {"schemaFormat": "application/vnd.apache.avro", "payload": '{"type": "int"}'}
    channels = {"a": {"publish": {"message": {"oneOf": [one, two]}}}, "b": {"subscribe": {"message": avro}}}
    text = json.dumps({"asyncapi": "2.6.0", "channels": channels})
    assert [payload.name for payload in payloads(text)] == ["one", "two", "b"]
    assert read_model(text, Format.ASYNCAPI, Options(select="b")).model.root == Integer(32)


def message(content: dict[str, Any]) -> dict[str, Any]:
    return {"asyncapi": "3.0.0", "components": {"messages": {"m": content}}}


@pytest.mark.parametrize(
    ("document", "select", "expected"),
    [
        ({}, None, "Not an AsyncAPI"),
        ({"asyncapi": "3.0.0"}, None, "no message"),
        (message({"schemaFormat": "text/raml", "payload": {}}), None, "text/raml"),
        (message({"$ref": "http://e/x"}), None, "never fetched"),
        (message({"$ref": "#/x"}), None, "leads nowhere"),
        (message({"$ref": "#/components/messages/m"}), None, "without an end"),
        (message({"payload": True}), "n", "no message n"),
    ],
)
def test_asyncapi_refuses(document: dict[str, Any], select: str | None, expected: str) -> None:
    with pytest.raises(InvalidSchema, match=expected):
        read_model(json.dumps(document), Format.ASYNCAPI, Options(select=select))


def test_an_avro_subject_is_exported_as_a_message() -> None:
    avro = '{"type":"record","name":"U","fields":[{"name":"a","type":"int"}]}'
    found = transform(avro, Format.AVRO, Format.ASYNCAPI)
    assert found.losses == ()
    assert [(each.format, each.text.replace(" ", "")) for each in payloads(found.text)] == [(Format.AVRO, avro)]
