"""What people have written in the formats of the dialect, read into the type model; and what is told to be lost."""

from __future__ import annotations

import json
from decimal import Decimal as Number
from typing import Any

import pytest

from decapolis_formats import Dependency, Format, InvalidSchema
from decapolis_formats.options import Options
from decapolis_formats.transform import read_model, transform
from decapolis_formats.types import (
    ABSENT,
    Annotated,
    Binary,
    Boolean,
    Branch,
    Date,
    Decimal,
    Duration,
    Enum,
    Field,
    Fixed,
    Floating,
    Integer,
    List,
    Map,
    Model,
    Named,
    Null,
    Reading,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
    Union,
    Unit,
    Uuid,
    Variant,
)


def fields_of(reading: Reading) -> dict[str, Field]:
    root = reading.model.meaning(reading.model.root)
    assert isinstance(root, Struct)
    return {field.name: field for field in root.fields}


def types_of(reading: Reading) -> dict[str, Type]:
    return {name: reading.model.meaning(field.type) for name, field in fields_of(reading).items()}


def told(reading: Reading) -> list[str]:
    return [f"{loss.path}: {loss.what}" for loss in reading.losses]


def test_avro_keeps_what_it_does_not_know() -> None:
    text = r"""{"type": "record", "name": "R", "confluent:tags": ["PII"], "aliases": ["Old"], "fields": [
        {"name": "a", "type": {"type": "string", "logicalType": "color"}, "order": "descending", "confluent:tags": ["X"]},
        {"name": "b", "type": {"type": "fixed", "name": "F", "size": 4, "doc": "four", "aliases": ["G"]},
         "default": "\u0000\u0001\u0002\u00ff"},
        {"name": "c", "type": {"type": "array", "items": "int", "java-class": "x"}, "default": [1]},
        {"name": "d", "type": ["float", "null"], "default": 1},
        {"name": "e", "type": {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2},
         "default": "\u0001\u0000"}]}"""
    reading = read_model(text, Format.AVRO)
    found = fields_of(reading)
    assert found["a"].type == Annotated(Text(), {"logicalType": "color"})
    assert (found["a"].tags, found["a"].properties) == (("X",), {"order": "descending"})
    assert found["b"].default == b"\x00\x01\x02\xff"
    assert reading.model.definitions["F"] == Annotated(Fixed(4), {"doc": "four", "aliases": ["G"]})
    assert (found["d"].default, found["d"].nullable, found["e"].default) == (1.0, True, Number("2.56"))
    again = transform(text, Format.AVRO, Format.AVRO)
    assert (reading.losses, again.losses) == ((), ())
    assert read_model(again.text, Format.AVRO).model == reading.model


def test_avro_references_are_read_with_it() -> None:
    address = '{"type": "record", "name": "com.Address", "fields": [{"name": "zip", "type": "string"}]}'
    text = '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "com.Address"}]}'
    found = transform(text, Format.AVRO, Format.PARQUET, dependencies=[Dependency("com.Address", address)])
    assert "group a {" in found.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"null"', Model(Null(), True)),
        ('["null"]', Model(Null(), True)),
        ('["null", "int"]', Model(Integer(32), True)),
        ("[]", Model(Null(), True)),
    ],
)
def test_avro_roots(text: str, expected: Model) -> None:
    assert read_model(text, Format.AVRO).model == expected


def test_avro_defaults_of_structs_come_back() -> None:
    text = r"""{"type": "record", "name": "R", "fields": [
        {"name": "s", "default": {"b": "\u00ff", "m": {"k": 1}}, "type": {"type": "record", "name": "S", "fields": [
            {"name": "b", "type": "bytes"}, {"name": "m", "type": {"type": "map", "values": ["int", "null"]}}]}},
        {"name": "u", "type": [{"type": "map", "values": "int"}, "string"], "default": {"a": 1}},
        {"name": "v", "type": [{"type": "array", "items": "boolean"}, "null"], "default": [true]}]}"""
    for format in (Format.AVRO, Format.JSON_SCHEMA):
        there = transform(text, Format.AVRO, format).text
        found = fields_of(read_model(transform(there, format, Format.AVRO).text, Format.AVRO))
        assert found["s"].default == {"b": b"\xff", "m": {"k": 1}}
        assert (found["u"].default, found["v"].default) == ({"a": 1}, [True])


PROTO = """syntax = "proto2"; package p;
import "google/protobuf/wrappers.proto"; import "google/protobuf/struct.proto"; import "google/protobuf/any.proto";
import "google/protobuf/timestamp.proto"; import "google/type/decimal.proto"; import "confluent/meta.proto";
message R {
  required int32 a = 1 [deprecated = true];
  optional sint64 b = 2 [default = 0x10];
  optional google.protobuf.StringValue c = 3;
  repeated google.protobuf.Timestamp d = 4;
  map<string, E> e = 5;
  optional group G = 6 { optional bool g = 1 [default = true]; }
  optional E f = 7 [default = B];
  optional float h = 8 [default = 1.5];
  optional float i = 9 [default = inf];
  optional string j = 10 [default = "x", json_name = "jay"];
  optional google.protobuf.Struct k = 11;
  optional google.protobuf.Any l = 12;
  optional google.type.Decimal m = 13;
  repeated group Many = 16 { required int32 n = 1; }
  oneof o { string x = 14 [(confluent.field_meta).doc = "told"]; R y = 15; }
  extensions 100 to 200;
}
enum E { option allow_alias = true; A = 0; B = 5; C = 5; }
message Other {}
service S {}
"""


def test_protobuf_of_the_second_kind() -> None:
    reading = read_model(PROTO, Format.PROTOBUF)
    found, types = fields_of(reading), types_of(reading)
    assert (found["a"].nullable, found["a"].id) == (False, 1)
    assert (found["b"].default, found["b"].nullable) == (16, True)
    assert (types["c"], types["d"]) == (Text(), List(Timestamp(Unit.NANOS)))
    assert (types["k"], types["l"], types["m"]) == (Map(Text(), Variant(), True), Variant(), Decimal(None))
    assert types["f"] == Enum(("A", "B"), numbers=(0, 5))
    assert [found[name].default for name in ("f", "h", "i", "j")] == ["B", 1.5, None, "x"]
    assert found["o"].type == Union((Branch(Text(), "x", 14), Branch(Named("p.R"), "y", 15)))
    assert types["many"] == List(Named("p.R.Many"))
    losses = told(reading)
    for expected in (
        "a: the options deprecated",
        "b: that it is encoded as sint64",
        "c: that it is a google.protobuf.StringValue",
        "g: that it is a group",
        "i: the default inf",
        "j: the name jay in JSON",
        "o|x: the doc and tags",
        ": the message p.Other",
        ": the services",
    ):
        assert expected in losses
    assert any(loss.what == "the alias C" for loss in reading.losses)


def test_protobuf_selects_a_message_by_either_name() -> None:
    for name in ("Other", "p.Other"):
        assert read_model(PROTO, Format.PROTOBUF, Options(select=name)).model.root == Named("p.Other")


@pytest.mark.parametrize(
    ("text", "select", "message"),
    [
        (PROTO, "Nobody", "no message 'Nobody'"),
        ('syntax = "proto3";', None, "there are: none"),
        ('syntax = "proto3"; message R { Missing a = 1; }', None, "not known"),
    ],
)
def test_protobuf_refuses(text: str, select: str | None, message: str) -> None:
    with pytest.raises(InvalidSchema, match=message):
        read_model(text, Format.PROTOBUF, Options(select=select))


def test_protobuf_keeps_docs_tags_and_measures() -> None:
    text = """syntax = "proto3"; import "confluent/meta.proto"; import "confluent/type/decimal.proto";
    message R { option (confluent.message_meta) = {doc: "a row", tags: "PII"};
      confluent.type.Decimal d = 1 [(confluent.field_meta) = {doc: "sum", params: [
        {key: "precision", value: "9"}, {key: "scale", value: "2"}, {key: "x", value: "y"}]}];
      int32 n = 2 [(confluent.field_meta).doc = "n", (confluent.field_meta).tags = "A"]; }"""
    reading = read_model(text, Format.PROTOBUF)
    total = Field("d", Decimal(9, 2), True, None, "sum", id=1)
    count = Field("n", Integer(32), False, ABSENT, "n", ("A",), id=2)
    assert reading.model.definitions["R"] == Struct((total, count), "a row", ("PII",))
    assert told(reading) == ["d: the options params.x"]


def test_protobuf_tells_symbols_apart_and_has_one_package() -> None:
    avro = """{"type": "record", "name": "a.R", "fields": [
        {"name": "x", "type": {"type": "enum", "name": "a.MyColor", "symbols": ["RED"]}},
        {"name": "y", "type": {"type": "enum", "name": "b.MyColor", "symbols": ["RED", "R"]}},
        {"name": "z", "type": {"type": "record", "name": "a.string", "fields": [{"name": "q", "type": "a.R"}]}}]}"""
    found = transform(avro, Format.AVRO, Format.PROTOBUF)
    assert "MY_COLOR" in found.text
    assert ".a.string z = 3;" in found.text
    assert any("a file has one package" in loss.why for loss in found.losses)
    assert types_of(read_model(found.text, Format.PROTOBUF))["x"] == Enum(("RED",))


def test_protobufs_enums_start_at_zero() -> None:
    text = 'syntax = "proto2"; message R { optional E e = 1; } enum E { A = 1; B = 0; }'
    found = transform(text, Format.PROTOBUF, Format.PROTOBUF)
    assert "A = 0;" in found.text
    assert any("numbers of the symbols" in loss.what for loss in found.losses)


def json_reading(properties: dict[str, Any], **more: Any) -> Reading:
    schema = {"type": "object", "properties": properties, "required": list(properties), **more}
    return read_model(json.dumps(schema), Format.JSON_SCHEMA)


def string(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


SCALARS: list[tuple[Any, Type]] = [
    ({"type": "integer"}, Integer(64)),
    ({"type": "integer", "minimum": 0, "maximum": 255}, Integer(8, signed=False)),
    ({"type": "number"}, Floating(64)),
    ({"type": "number", "multipleOf": 0.01}, Decimal(38, 2)),
    ({"type": "number", "multipleOf": 0.03}, Floating(64)),
    ({"type": "number", "format": "half"}, Floating(16)),
    ({"type": "number", "format": "roman"}, Floating(64)),
    (string(format="date"), Date()),
    (string(format="date-time"), Timestamp(Unit.MICROS)),
    (string(format="time"), Time(Unit.MICROS, utc=True)),
    (string(format="duration"), Duration()),
    (string(format="uuid"), Uuid()),
    (string(format="email"), Text()),
    (string(pattern="^a"), Text()),
    (string(maxLength=5), Text(5)),
    (string(contentEncoding="base64"), Binary()),
    (string(format="byte"), Binary()),
    ({"type": "boolean"}, Boolean()),
    ({"type": ["null"]}, Null()),
    ({}, Variant()),
    (True, Variant()),
    (False, Null()),
    ({"const": "x"}, Enum(("x",))),
    ({"enum": [1, 2]}, Integer(64)),
    ({"enum": [True, None]}, Boolean()),
    ({"enum": ["a", 1]}, Variant()),
]


@pytest.mark.parametrize(("schema", "expected"), SCALARS, ids=str)
def test_json_scalars(schema: Any, expected: Type) -> None:
    assert types_of(json_reading({"f": schema}))["f"] == expected


@pytest.mark.parametrize(
    ("schema", "what"),
    [
        ({"type": "integer"}, "no width of the whole number"),
        (string(format="email"), "the format email"),
        (string(pattern="^a"), "the pattern"),
        ({"enum": ["a", 1]}, 'that it is one of ["a", 1]'),
        ({"type": "number", "format": "roman"}, "the format roman"),
        ({"type": "array", "minItems": 1}, "minItems"),
        ({"type": "boolean", "unknown": 1}, "unknown"),
        ({"$ref": "#", "minItems": 1}, "minItems beside the reference"),
    ],
    ids=str,
)
def test_json_tells(schema: Any, what: str) -> None:
    assert f"f: {what}" in told(json_reading({"f": schema}))


TEXT_OR_TRUTH = Union((Branch(Text()), Branch(Boolean())))
COMPOSITES: list[tuple[Any, Type]] = [
    ({"type": "array", "items": {"type": ["string", "null"]}}, List(Text(), nullable=True)),
    ({"type": "array"}, List(Variant())),
    ({"items": [string(), {"type": "boolean"}]}, List(TEXT_OR_TRUTH)),
    ({"items": [string()]}, List(Text())),
    ({"items": []}, List(Variant())),
    ({"type": "object", "additionalProperties": {"type": "boolean"}}, Map(Text(), Boolean())),
    ({"additionalProperties": {"type": "boolean"}}, Map(Text(), Boolean())),
    ({"type": "object"}, Map(Text(), Variant())),
    ({"type": "object", "additionalProperties": False}, Struct(())),
    ({"oneOf": [{"type": "null"}, string()]}, Text()),
    ({"anyOf": [string(), {"type": "boolean"}]}, TEXT_OR_TRUTH),
    ({"type": ["string", "boolean", "null"]}, TEXT_OR_TRUTH),
    (
        {"oneOf": [{"anyOf": [string(), {"type": "boolean"}]}, {"type": "number"}]},
        Union((Branch(Text()), Branch(Boolean()), Branch(Floating(64)))),
    ),
    ({"oneOf": [{"type": "null"}]}, Null()),
    ({"type": "string", "nullable": True}, Text()),
    ({"allOf": [string()], "description": "d"}, Text()),
]


@pytest.mark.parametrize(("schema", "expected"), COMPOSITES, ids=str)
def test_json_composites(schema: Any, expected: Type) -> None:
    assert types_of(json_reading({"f": schema}))["f"] == expected


def test_json_all_of_several_is_one_struct() -> None:
    inherited = {"allOf": [{"$ref": "#/definitions/A"}, {"properties": {"y": {"type": "boolean"}}}]}
    base = {"type": "object", "properties": {"x": string(default="s")}, "not": {}}
    reading = json_reading({"both": inherited}, definitions={"A": base})
    both = types_of(reading)["both"]
    assert isinstance(both, Struct)
    assert [field.name for field in both.fields] == ["x", "y"]
    assert "both: not" in told(reading)


def test_json_titles_name_structs_and_have_their_descriptions() -> None:
    named = {"type": "object", "title": "Named", "description": "its own", "properties": {}}
    open_ = {"type": "object", "description": "the field's", "properties": {}, "additionalProperties": string()}
    reading = json_reading({"named": named, "open": open_})
    found = fields_of(reading)
    assert (found["named"].type, found["named"].doc) == (Named("Named"), None)
    assert reading.model.definitions["Named"] == Struct((), "its own")
    assert (found["open"].type, found["open"].doc) == (Struct(()), "the field's")
    assert "open: the further properties" in told(reading)


def test_json_references() -> None:
    schema = {
        "title": "Node",
        "type": "object",
        "properties": {
            "next": {"$ref": "#"},
            "other": {"$ref": "other.json"},
            "yes": {"$ref": "#/$defs/yes"},
            "tilde": {"$ref": "#/$defs/a~0b"},
        },
        "$defs": {"yes": True, "a~b": {"type": ["string", "null"]}},
    }
    other = '{"type": "object", "title": "Node", "properties": {"n": {"type": "integer", "default": 7}}}'
    reading = read_model(json.dumps(schema), Format.JSON_SCHEMA, dependencies=[Dependency("other.json", other)])
    found = fields_of(reading)
    assert (found["next"].type, found["other"].type) == (Named("Node"), Named("Node_2"))
    assert (found["yes"].type, found["tilde"].type, found["tilde"].nullable) == (Variant(), Named("a~b"), True)
    assert read_model("true", Format.JSON_SCHEMA).model == Model(Variant())
    with pytest.raises(InvalidSchema):
        read_model("3", Format.JSON_SCHEMA)


@pytest.mark.parametrize(
    ("schema", "default", "expected"),
    [
        ({"type": "integer"}, 5.0, 5),
        ({"type": "integer"}, "x", ABSENT),
        ({"type": "number"}, 2, 2.0),
        ({"type": "number"}, "x", ABSENT),
        (string(format="date"), "1970-01-02", 1),
        (string(format="date"), 3, ABSENT),
        (string(format="date"), "x", ABSENT),
        (string(format="time-local"), "00:00:01.5", 1_500_000),
        (string(format="time"), "x", ABSENT),
        (string(format="date-time"), "1970-01-01T01:00:00+01:00", 0),
        (string(format="date-time"), "1970-01-01T00:00:00.1234567Z", ABSENT),
        (string(format="decimal"), "1.5", Number("1.5")),
        (string(format="decimal"), "NaN", ABSENT),
        (string(format="decimal"), "x", ABSENT),
        (string(contentEncoding="base64"), "AA==", b"\0"),
        (string(contentEncoding="base64"), "?", ABSENT),
        ({"type": "array", "items": {"type": "number"}}, [1], [1.0]),
        ({}, {"a": [1.5]}, {"a": [1.5]}),
        (string(), None, None),
    ],
    ids=str,
)
def test_json_defaults(schema: dict[str, Any], default: Any, expected: Any) -> None:
    assert fields_of(json_reading({"f": {**schema, "default": default}}))["f"].default == expected
