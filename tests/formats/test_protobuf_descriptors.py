"""Between Protobuf texts and FileDescriptorProtos, as the protobuf runtime and real clients use them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from decapolis_formats import Dependency, Format, InvalidSchema, protobuf
from decapolis_formats.protobuf.known import NAMES, known_files
from decapolis_formats.protobuf.nodes import File
from decapolis_formats.protobuf.pools import dependency_descriptors
from decapolis_formats.protobuf.resolving import known_types
from tests.reference_cases import OWN, SHARED, cases, dependencies

DEEP = Dependency("deep.proto", 'syntax = "proto3"; package deep; message Deep { string s = 1; }', "deep", 1, True)
MIDDLE = Dependency("middle.proto", 'import public "deep.proto"; enum Level { LOW = 0; }', "middle", 1)
FULL = """
syntax = "proto2";
package shop.v1;
import "middle.proto";
import "confluent/meta.proto";
import "nobody.proto";
option java_package = "com.shop";
option (confluent.file_meta).doc = "shop";
option (mine) = {words: ["a", "b\\"\\n"], part {on: true}, [shop.v1.more]: 7};
option (nobody.knows) = 1;
option optimize_for = NO_SUCH_MODE;
message Order {
  option (confluent.message_meta) = {params: [{key: "scale", value: "3"}, {key: "a", value: "b"}]};
  reserved 100 to 110, 7, "old";
  extensions 1000 to max;
  required string order_id = 1 [json_name = "ID", deprecated = true,
    (confluent.field_meta) = {tags: ["PII"]}];
  optional bytes raw = 2 [default = "a\\001\\"b"];
  map<string, Item> items = 3;
  optional deep.Deep deep = 4;
  optional Level level = 5 [default = LOW];
  repeated double xs = 6 [packed = true, (ratio) = 1.5, (flag) = true, (blob) = "\\xff", (level) = LOW];
  oneof how { string by = 20; group Detail = 21 { optional int32 n = 1; } }
  repeated group Line = 30 { required int32 no = 1; }
  message Item { optional int64 count = 1; optional Order parent = 2;
    extend Order { optional Item note = 1000; } }
  enum Kind { option allow_alias = true; reserved 9 to 12, "X"; NONE = 0; ZERO = 0 [deprecated = true]; }
}
message Options { repeated string words = 1; optional Part part = 2; extensions 100;
  message Part { optional bool on = 1; } }
extend Options { optional int32 more = 100; }
extend google.protobuf.FileOptions { optional Options mine = 50000; }
extend google.protobuf.FieldOptions { optional double ratio = 50000; optional bool flag = 50001;
  optional bytes blob = 50002; optional Level level = 50003; }
service Orders { rpc Find (stream Order) returns (stream Order.Item) { option deprecated = true; }
  rpc One (Order) returns (Order); }
"""


def _loaded(schema: protobuf.ProtobufSchema) -> Any:
    pool = DescriptorPool()
    for descriptor in dependency_descriptors(schema.file, schema.types):
        pool.AddSerializedFile(descriptor.SerializeToString())
    pool.AddSerializedFile(base64.b64decode(protobuf.rendered(schema, "serialized")))
    return pool


def _descriptor(schema: protobuf.ProtobufSchema) -> FileDescriptorProto:
    return FileDescriptorProto.FromString(base64.b64decode(protobuf.rendered(schema, "serialized")))


def test_a_full_file_loads_and_comes_back() -> None:
    schema = protobuf.parse(FULL, [DEEP, MIDDLE])
    pool = _loaded(schema)
    message = GetMessageClass(pool.FindMessageTypeByName("shop.v1.Order"))(order_id="x")
    assert message.raw == b'a\x01"b'
    message.items["k"].count = 3
    message.line.add(no=1)
    assert type(message).FromString(message.SerializeToString()) == message
    serialized = protobuf.rendered(schema, "serialized")
    back = protobuf.parse(serialized, [DEEP, MIDDLE])
    assert protobuf.rendered(back, "serialized") == serialized
    text = protobuf.canonical(back)
    assert 'tags: [\n        "PII"\n      ]' in text
    assert 'params: [\n      {\n        key: "a",\n        value: "b"\n      },\n      {\n        value: "3",' in text
    assert "[shop.v1.more]: 7" in text
    assert "map<string, .shop.v1.Order.Item> items = 3;" in text
    assert 'default = "a\x01\\"b"' in text
    assert "(shop.v1.ratio) = 1.5" in text
    assert "(shop.v1.level) = LOW" in text
    assert 'json_name = "ID"' in text
    assert "group Line = 30 {" in text
    assert "nobody" not in text
    assert protobuf.canonical(protobuf.parse(text, [DEEP, MIDDLE])) == text


def test_descriptors_are_complete() -> None:
    descriptor = _descriptor(protobuf.parse(FULL, [DEEP, MIDDLE]))
    order = descriptor.message_type[0]
    names = {field.name: field for field in order.field}
    assert names["order_id"].json_name == "ID"
    assert names["xs"].json_name == "xs"
    assert names["items"].type_name == ".shop.v1.Order.ItemsEntry"
    assert [nested.name for nested in order.nested_type if nested.options.map_entry] == ["ItemsEntry"]
    assert names["deep"].type_name == ".deep.Deep"
    assert names["level"].type == FieldDescriptorProto.TYPE_ENUM
    # an import of its own for what is used, none for what nobody supplies
    assert list(descriptor.dependency) == [
        "middle.proto",
        "confluent/meta.proto",
        "google/protobuf/descriptor.proto",
    ]


def test_public_imports_keep_their_place() -> None:
    descriptor = _descriptor(protobuf.parse('import public "deep.proto"; import "deep.proto"; message A {}', [DEEP]))
    assert list(descriptor.dependency) == ["deep.proto"]
    assert list(descriptor.public_dependency) == [0]


def test_proto3_optional_gets_its_synthetic_oneof_and_loses_it_again() -> None:
    text = """syntax = "proto3"; message A { optional int32 a = 1; string _a = 2; oneof o { string b_c = 3; }
        optional E e = 4; enum E { X = 0; } }"""
    descriptor = _descriptor(protobuf.parse(text))
    assert [oneof.name for oneof in descriptor.message_type[0].oneof_decl] == ["o", "X_a", "_e"]
    _loaded(protobuf.parse(text))
    back = protobuf.parse(protobuf.rendered(protobuf.parse(text), "serialized"))
    assert protobuf.normalized(back) == protobuf.normalized(protobuf.parse(text))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_known_files_load(name: str) -> None:
    schema = protobuf.parse(f'syntax = "proto3"; import "{name}"; message A {{}}')
    assert _loaded(schema).FindFileByName(name)
    assert len(NAMES) == 30


def test_known_types_are_those_of_their_makers() -> None:
    pytest.importorskip("google.type.date_pb2", reason="googleapis-common-protos is not installed")
    import importlib

    for name in sorted(each for each in NAMES if each.startswith("google/type/")):
        module = importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
        theirs = protobuf.parse(base64.b64encode(module.DESCRIPTOR.serialized_pb).decode())
        ours = known_files()[name]
        assert {
            (m.name, f.name, f.number, f.type.rpartition(".")[2]) for m in ours.messages for f in m.all_fields()
        } == {
            (m.name, f.name, f.number, f.type.rpartition(".")[2]) for m in theirs.file.messages for f in m.all_fields()
        }
    assert "confluent.Rule" in known_types()


def _facts(file: File) -> set[tuple[str, str, int, str]]:
    return {
        (message.name, field.name, field.number, field.type.rpartition(".")[2])
        for message in file.messages
        for field in message.all_fields()
    }


@pytest.mark.parametrize("path", [OWN / "protobuf.jsonl", SHARED], ids=["own", "shared"])
def test_all_valid_texts_of_the_yardstick_load(path: Any) -> None:
    if not path.exists():
        pytest.skip("the whole yardstick does not lie beside this repository")
    for text, references in _texts(path):
        try:
            schema = protobuf.parse(text, references, validate_fields=True)
        except InvalidSchema:
            continue
        try:
            _loaded(schema)
        except TypeError as refused:  # the dialect takes some things that the runtime refuses
            assert "first value must be zero" in str(refused) or "duplicate symbol" in str(refused)  # noqa: PT017


def _texts(path: Any) -> Iterator[tuple[str, tuple[Dependency, ...]]]:
    for case in cases(path, Format.PROTOBUF, canonical=False)[::3]:
        yield case["new"], dependencies(case.get("new_references"))
    for case in cases(path, Format.PROTOBUF, canonical=True):
        yield case["schema"], dependencies(case.get("references"))


@pytest.mark.parametrize(
    ("descriptor", "reason"),
    [
        (FileDescriptorProto(name="x", syntax="editions"), "editions"),
        (FileDescriptorProto(name="x", syntax="proto9"), "proto9"),
    ],
)
def test_descriptors_of_other_syntaxes_are_refused(descriptor: FileDescriptorProto, reason: str) -> None:
    with pytest.raises(InvalidSchema, match=reason):
        protobuf.parse(base64.b64encode(descriptor.SerializeToString()).decode())


def test_base64_of_nonsense_is_refused() -> None:
    with pytest.raises(InvalidSchema, match="nor is it a descriptor"):
        protobuf.parse("AAAA")


def test_descriptors_with_broken_names_are_refused() -> None:
    data = FileDescriptorProto(name="x", package="name").SerializeToString().replace(b"name", b"na\xff\xff")
    nested = FileDescriptorProto.FromString(data).SerializeToString() + b"\x22\x06\x0a\x04na\xff\xff"
    for each in (data, nested):
        with pytest.raises(InvalidSchema, match="UTF-8"):
            protobuf.parse(base64.b64encode(each).decode())


def test_options_of_other_declarations_are_dropped() -> None:
    text = 'syntax = "proto2"; import "o.proto"; message M { optional string s = 1 [(mine) = {n: 3}]; }'
    declared = """syntax = "proto2"; import "google/protobuf/descriptor.proto";
        message V { required int32 m = 1; optional %s n = 2; }
        extend google.protobuf.FieldOptions { optional V mine = 50001; }"""
    written, read = (Dependency("o.proto", declared % kind, "o", 1) for kind in ("int32", "string"))
    serialized = protobuf.rendered(protobuf.parse(text, [written]), "serialized")
    assert "mine) = {\n    n: 3" in protobuf.canonical(protobuf.parse(serialized, [written]))
    assert "optional string s = 1;" in protobuf.canonical(protobuf.parse(serialized, []))
    protobuf.parse(serialized, [read])


def test_references_may_be_descriptors() -> None:
    other = protobuf.rendered(protobuf.parse(DEEP.text), "serialized")
    schema = protobuf.parse(
        'syntax = "proto3"; import "deep.proto"; message A { deep.Deep d = 1; }',
        [Dependency("deep.proto", other, "deep", 1)],
    )
    assert ".deep.Deep d = 1;" in protobuf.normalized(schema)


def test_options_of_unloadable_files_are_dropped() -> None:
    text = """syntax = "proto3"; import "google/protobuf/descriptor.proto"; enum E { A = 1; }
        extend google.protobuf.FieldOptions { optional string mine = 50001; }
        message M { string s = 1 [(mine) = "x", (confluent.field_meta).doc = "d"]; }"""
    descriptor = _descriptor(protobuf.parse(text))
    assert descriptor.message_type[0].field[0].name == "s"


def test_the_python_client_of_the_dialect_reads_what_is_rendered() -> None:
    registry = pytest.importorskip("confluent_kafka.schema_registry", reason="confluent-kafka is not installed")
    serde = pytest.importorskip("confluent_kafka.schema_registry.protobuf")
    context = pytest.importorskip("confluent_kafka.serialization")
    client = registry.SchemaRegistryClient.new_client({"url": "mock://decapolis"})
    deep = Dependency("deep.proto", DEEP.text, "deep", 1)
    schema = protobuf.parse(
        """syntax = "proto3"; package shop; import "deep.proto"; import "google/protobuf/timestamp.proto";
        message Other {}
        message Order { string id = 1; deep.Deep deep = 2; google.protobuf.Timestamp at = 3;
          map<string, int32> n = 4; }
        """,
        [deep],
    )
    rendered = protobuf.rendered(protobuf.parse(deep.text), "serialized")
    client.register_schema("deep", registry.Schema(rendered, "PROTOBUF"))
    number = client.register_schema(
        "orders-value",
        registry.Schema(
            protobuf.rendered(schema, "serialized"),
            "PROTOBUF",
            [registry.SchemaReference("deep.proto", "deep", 1)],
        ),
    )
    cls: Any = GetMessageClass(_loaded(schema).FindMessageTypeByName("shop.Order"))
    order = cls(id="7", n={"x": 1})
    order.deep.s = "down"
    framed = b"\x00" + number.to_bytes(4, "big") + bytes([2, 2]) + order.SerializeToString()
    deserializer = serde.ProtobufDeserializer(cls, {"use.deprecated.format": False}, client)
    read = deserializer(framed, context.SerializationContext("orders", context.MessageField.VALUE))
    assert read == order


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('syntax = "proto3"; message A { string s = 0; }', "not positive"),
        ('syntax = "proto3"; message A { string s = 1; int32 s = 2; }', "A.s is used twice"),
        ('syntax = "proto3"; message A { string s = 1; int32 t = 1; }', "number 1 is used twice"),
        ('syntax = "proto3"; message A { string s = 1; oneof o { int32 t = 1; } }', "number 1 is used twice"),
        ('syntax = "proto3"; message A { string s = 1; oneof s { int32 t = 2; } }', "used twice"),
        ('syntax = "proto3"; message A { message B {} enum B { X = 0; } }', "used twice"),
        ('syntax = "proto3"; enum A { X = 0; } enum B { X = 0; }', "X is used twice"),
        ('syntax = "proto3"; enum A {}', "no constants"),
        ('syntax = "proto3"; message a-b {}', "letters"),
        ('syntax = "proto3"; package a..b;', "letters"),
        ('syntax = "proto3"; message A { google.protobuf.Timestamp t = 1; }', "needs import"),
        ('syntax = "proto3"; message A { map<string, Unknown> m = 1; }', "Unknown is not known"),
        ('syntax = "proto3"; message A { string s = 1 [packed = true]; }', "packed"),
        ("message A { repeated int32 s = 1 [default = 1]; }", "single scalars"),
        ("message A { optional A s = 1 [default = 1]; }", "single scalars"),
        ("message A { optional int32 s = 1 [default = 2147483648]; }", "no int32"),
        ("message A { optional uint64 s = 1 [default = -1]; }", "no uint64"),
        ("message A { optional int64 s = 1 [default = x]; }", "no int64"),
        ("message A { optional float s = 1 [default = x]; }", "no float"),
        ("message A { optional E s = 1 [default = Y]; } enum E { X = 0; }", "no E"),
        ("message A { } extend A { optional int32 x = 1; }", "to extensions"),
        ("message A { extensions 4, 6 to 9; } extend A { optional int32 x = 5; }", "to extensions"),
        ("enum E { X = 0; } service S { rpc R (E) returns (E); }", "E is no message"),
        ("message A {} service S { rpc R (A) returns (A); rpc R (A) returns (A); }", "used twice"),
        ("message A {} service A {}", "used twice"),
    ],
)
def test_what_only_a_complete_descriptor_refuses(text: str, reason: str) -> None:
    protobuf.parse(text)
    with pytest.raises(InvalidSchema, match=reason):
        protobuf.parse(text, validate_fields=True)


@pytest.mark.parametrize(
    "text",
    [
        FULL.replace('import "nobody.proto"', 'import "google/protobuf/descriptor.proto"'),
        "message A { optional int32 s = 1 [default = -0x10]; optional uint32 t = 2 [default = 4294967295]; }",
        "message A { optional double s = 1 [default = inf]; optional bool t = 2 [default = true]; }",
        "message A { optional E s = 1 [default = X]; enum E { X = 1; } }",
        "message A { optional string t = 2 [default = 'x']; }",
        'syntax = "proto3"; enum E { A = 1; B = 1; } message M { reserved 1; string s = 1; oneof o {} }',
        "message A { extensions 4, 6 to 9; } extend A { optional int32 x = 4; optional int32 y = 9; }",
        'syntax = "proto3"; message A { repeated E e = 1 [packed = true]; enum E { X = 0; } }',
        'syntax = "proto3"; import "middle.proto"; message A { deep.Deep d = 1; Level l = 2; }',
        'syntax = "proto3"; import "nobody.proto"; message A {}',
    ],
)
def test_what_a_complete_descriptor_takes(text: str) -> None:
    protobuf.parse(text, [DEEP, MIDDLE], validate_fields=True)


def test_own_cases_hold_no_third_party_texts() -> None:
    kinds = {json.loads(line)["kind"] for line in (OWN / "protobuf.jsonl").read_text("utf-8").splitlines()}
    assert kinds == {"synthetic"}


def test_options_that_generated_code_made_known_may_hold_maps() -> None:
    """A client library in the same process registers Confluent's options with the runtime, maps among them."""
    pytest.importorskip("confluent_kafka.schema_registry.protobuf")
    test_a_full_file_loads_and_comes_back()
