"""How Protobuf texts are read and printed: what the dialect keeps, orders and refuses."""

from __future__ import annotations

from inspect import cleandoc

import pytest

from decapolis_formats import Dependency, InvalidSchema, protobuf

EVERYTHING = r"""
syntax = "proto2"; package p.q; // a remark
import "google/protobuf/descriptor.proto";
import public "x.proto"; import weak "w.proto"; import "b\\a.proto";
message Opt { optional int32 a=1; repeated string b=2;
  optional Opt c = 3; extensions 100 to max; }
extend google.protobuf.FieldOptions { option ignored = 1;
  optional Opt my = 50001; repeated string tags = 50002;; }
extend Opt { optional string ext = 100; repeated group Lost = 101 {} }
option java_package = 'a\'b"\x41\n\101\q' "tail";
option (unknown).x = 5;
reserved 1;
enum Outer { reserved 5 to max, "Z", 7 to 7; ;
  option allow_alias = true; B = -1; A = 0 [(ev) = "x", deprecated = true]; }
enum Void {}
message M { /* more */ extensions 4, 6 to 9, 1000 to max [declaration = {number: 4}];
  reserved 2, 5 to 8, 'foo', "bar"; reserved 0x10 to 20; option deprecated = true;
  optional int32 x = 1 [(my).a = 5, (my).c.a = 0x10,
    (my) = {b: "z" b: ["y"], [p.q.ext]: "e", c { a: 1.50 }, e: [], (o).p: yes (o).(x.y).q: no},
    default = -3, json_name="X", (tags)="a", (p.q.tags) = "b", packed=false];
  repeated group G = 30 { optional int32 z = 2; required string y = 1; }
  oneof o { option (oo) = 1; string s = 40;
    group H = 41 { optional int32 q = 1; } int32 t = 39 [deprecated = true]; }
  oneof unused {}
  extend M { optional string inner_ext = 1001; }
  enum E { Z = 0; };
  map<string, M> mm = 50;
}
service S { option deprecated = true;; rpc A (stream M) returns (stream .p.q.M) {
    option idempotency_level = IDEMPOTENT; ;
    option (http) = { get: "/v1" additional_bindings { get: "/v2" } }; };
  rpc B(M) returns (M); }
"""

CANONICAL = r"""
syntax = "proto2";
package p.q;

import "google/protobuf/descriptor.proto";
import "b/a.proto";
import public "x.proto";

option java_package = "a\'b\"A\nAqtail";
option (unknown).x = 5;

message Opt {
  optional int32 a = 1;
  repeated string b = 2;
  optional Opt c = 3;

  extensions 100 to max;
}
message M {
  reserved 2, 5 to 8, "foo", "bar";
  reserved 16 to 20;

  option deprecated = true;

  optional int32 x = 1 [
    (my).a = 5,
    (my).c.a = 0x10,
    (my) = {
      b: [
        "z",
        "y"
      ],
      [p.q.ext]: "e",
      c: {
        a: 1.50
      },
      e: [
      ],
      o: {
        p: yes,
        [x.y]: {
          q: no
        }
      }
    },
    (tags) = "a",
    (p.q.tags) = "b",
    packed = false,
    default = -3,
    json_name = "X"
  ];
  map<string, M> mm = 50;

  oneof o {
    option (oo) = 1;
··
    string s = 40;
    int32 t = 39 [deprecated = true];
··
    group H = 41 {
      optional int32 q = 1;
    }
  }
  oneof unused {}

  repeated group G = 30 {
    optional int32 z = 2;
    required string y = 1;
  }

  extensions 4, 6 to 9, 1000 to max;

  extend M {
    optional string inner_ext = 1001;
  }

  enum E {
    Z = 0;
  }
}
enum Outer {
  reserved 5 to max, "Z", 7 to 7;
  option allow_alias = true;
  B = -1;
  A = 0 [
    (ev) = "x",
    deprecated = true
  ];
}
enum Void {}

extend google.protobuf.FieldOptions {
  optional Opt my = 50001;
  repeated string tags = 50002;
}
extend Opt {
  optional string ext = 100;
}

service S {
  option deprecated = true;

  rpc A (stream M) returns (stream .p.q.M) {
    option idempotency_level = IDEMPOTENT;
    option (http) = {
      get: "/v1",
      additional_bindings: {
        get: "/v2"
      }
    };
  };
  rpc B (M) returns (M);
}
"""

NORMALIZED_MESSAGE = r"""
message M {
  reserved 2;
  reserved 5 to 8;
  reserved 16 to 20;
  reserved "bar";
  reserved "foo";

  option deprecated = true;

  optional int32 x = 1 [
    default = -3,
    json_name = "X",
    (p.q.my) = {
      [p.q.ext]: "e",
      a: 5,
      b: [
        "z",
        "y"
      ],
      c: [
        {
          a: 16
        },
        {
          a: 1.5
        }
      ],
      o: {
        [x.y]: {
          q: no
        },
        p: yes
      }
    },
    (p.q.tags) = "a",
    (p.q.tags) = "b",
    packed = false
  ];
  map<string, .p.q.M> mm = 50;

  oneof o {
    option (oo) = 1;
··
    int32 t = 39 [deprecated = true];
    string s = 40;
··
    group H = 41 {
      optional int32 q = 1;
    }
  }

  repeated group G = 30 {
    required string y = 1;
    optional int32 z = 2;
  }

  extensions 4;
  extensions 6 to 9;
  extensions 1000 to max;

  extend .p.q.M {
    optional string inner_ext = 1001;
  }

  enum E {
    Z = 0;
  }
}
enum Outer {
  reserved 5 to max;
  reserved 7;
  reserved "Z";
  option allow_alias = true;
  B = -1;
  A = 0 [
    deprecated = true,
    (ev) = "x"
  ];
}
"""


def shown(text: str) -> str:
    """The text with the blanks that stand on the empty lines of nested blocks, spelled as dots here."""
    return text.lstrip("\n").replace("·", " ")


def test_everything_is_printed_in_its_section() -> None:
    schema = protobuf.parse(EVERYTHING)
    assert protobuf.canonical(schema) == shown(CANONICAL)
    assert protobuf.equivalent(schema, protobuf.parse(shown(CANONICAL)))
    assert schema.format == "protobuf"


def test_everything_in_normal_order() -> None:
    normal = protobuf.normalized(protobuf.parse(EVERYTHING))
    assert normal.startswith("package p.q;\n\nimport ")
    assert shown(NORMALIZED_MESSAGE) in normal
    assert "extend .google.protobuf.FieldOptions {\n  optional .p.q.Opt my = 50001;" in normal
    assert "rpc A (stream .p.q.M) returns (stream .p.q.M) {\n    option (http) = {\n      additional" in normal
    assert protobuf.normalized(protobuf.parse(normal)) == normal


def test_ignoring_extensions_keeps_confluent_options() -> None:
    text = 'message M { option (confluent.message_meta).doc = "d"; option (mine) = 1; }'
    assert (
        protobuf.rendered(protobuf.parse(text), "ignore_extensions")
        == cleandoc(
            """
        x
        message M {
          option (confluent.message_meta).doc = "d";
        }
        """
        )[1:]
        + "\n"
    )
    plain = protobuf.rendered(protobuf.parse(EVERYTHING), "ignore_extensions")
    assert "extend" not in plain
    assert "(" not in plain.replace("rpc A (stream M) returns (stream .p.q.M)", "").replace("rpc B (M) returns (M)", "")


def test_unknown_styles_are_the_canonical_text() -> None:
    schema = protobuf.parse("message A {}")
    assert protobuf.rendered(schema, "resolved") == protobuf.canonical(schema) == "\nmessage A {}\n"


@pytest.mark.parametrize(
    ("type_name", "default", "printed"),
    [
        ("bytes", '"x"', "x"),
        ("bytes", '"a b\\001"', '"a b\x01"'),
        ("bytes", '""', '""'),
        ("string", '"\\t"', '"\\t"'),
        ("float", "1e3", "1e3"),
        ("E", "B", "B"),
        ("E", '"no word"', '"no word"'),
    ],
)
def test_defaults(type_name: str, default: str, printed: str) -> None:
    text = f"enum E {{ B = 1; }} message A {{ optional {type_name} f = 1 [default = {default}]; }}"
    assert f"f = 1 [default = {printed}];" in protobuf.canonical(protobuf.parse(text))


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("0x1F", "31"),
        ("-0x1f", "-31"),
        ("010", "8"),
        ("-7", "-7"),
        ("1.50", "1.5"),
        ("0.00049", "0"),
        ("2.0006", "2.001"),
        ("1e3", "1000"),
        ("1.", "1"),
        ("-inf", "-inf"),
        ("1e999", "1e999"),
        ("1e39", "1" + "0" * 39),
        ("1e-60", "0"),
        ("1e30", "1000000015047466200000000000000"),
        ("-", "-"),
        ("5x", "5x"),
        ("0.12345678901", "0.123"),
    ],
)
def test_numbers_in_normal_form(written: str, normal: str) -> None:
    schema = protobuf.parse(f"message A {{ option x = {written}; }}")
    assert f"option x = {written};" in protobuf.canonical(schema)
    assert f"option x = {normal};" in protobuf.normalized(schema)


def test_lists_directly_behind_a_name() -> None:
    text = protobuf.canonical(protobuf.parse('option (a) = ["x"]; option (b) = [1, {c: 2}]; option (d) = [{e: 1}];'))
    assert (
        text
        == """
option (a) = ["x"];
option (b) = [
  1,
  {
    c: 2
  }
];
option (d) = [{
  e: 1
}];
"""
    )


def test_written_map_entries_become_maps_in_normal_form() -> None:
    text = """syntax = "proto3"; message A { repeated FooEntry foo = 1; message FooEntry {
        option map_entry = true; string key = 1; A value = 2; } }"""
    schema = protobuf.parse(text)
    assert "option map_entry = true;" in protobuf.canonical(schema)
    assert protobuf.normalized(schema) == 'syntax = "proto3";\n\nmessage A {\n  map<string, .A> foo = 1;\n}\n'
    broken = protobuf.parse(text.replace("string key = 1;", ""))
    with pytest.raises(InvalidSchema, match="no key"):
        protobuf.normalized(broken)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('syntax = "proto4";', "proto4"),
        ('edition = "2023";', "edition"),
        ('package a; syntax = "proto3";', "syntax"),
        ("message A {", "end of the text"),
        ("message A { int32 a = 1; }", "label"),
        ("message A { ? }", "name is expected"),
        ("message { }", "name is expected"),
        ('syntax = "proto3"; message A { map<float, int32> m = 1; }', "key type"),
        ('syntax = "proto3"; message A { repeated map<string, int32> m = 1; }', "label"),
        ('syntax = "proto3"; message A { required int32 m = 1; }', "required"),
        ('syntax = "proto3"; message A { oneof o { optional int32 m = 1; } }', "="),
        ('syntax = "proto3"; message A { X x = 1; }', "type X is not known"),
        ('syntax = "proto3"; message A { oneof o { X x = 1; } }', "A.x: the type X"),
        ('syntax = "proto3"; message A { string 1s = 1; }', "digit"),
        ('syntax = "proto3"; message A { string s = x; }', "whole number"),
        ('syntax = "proto3"; message A { string s = 2147483648; }', "whole number"),
        ("enum E { 1A = 1; }", "digit"),
        ("message A {} enum A {}", "twice"),
        ("service A {} service A {}", "twice"),
        ("service A { message B {} }", "service"),
        ("service A { rpc X (M) gives (M); } message M {}", "returns"),
        ("service A { rpc X (M) returns (N); } message M {}", "type N"),
        ("service A { rpc X (M) returns (M) { rpc } } message M {}", "options"),
        ('import strange "x.proto";', "strange"),
        ("import x;", "quoted string"),
        ("extend Unknown { optional int32 a = 1; }", "Unknown"),
        ("message A { optional group G = 1 { optional group H = 2 {} } }", "group inside"),
        ("message A { optional group G = 1 { optional X x = 2; } }", "type X"),
        ("message A { oneof o { group G = 1 { optional X x = 2; } string s = 3; } }", "type X"),
        ("message A { reserved ; }", "name is expected"),
        ("message A { reserved 1 2; }", "','"),
        ("message A { extensions 1 2; }", "';'"),
        ("option a = [1 2];", "in a list"),
        ("option a = {b 1};", "':'"),
        ("option a = ;", "name is expected"),
        ("option (a).b..c = 1;", "between the dots"),
        ("option (a = 1;", "\\)"),
        ('option a = "\\xg";', "digit"),
        ("a", "begins no declaration"),
        ("}", "name is expected"),
        ("/* open", "never ends"),
        ("option a = 'open", "never ends"),
    ],
)
def test_refusals_name_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidSchema, match=reason):
        protobuf.parse(text)


def test_refusals_name_the_place() -> None:
    with pytest.raises(InvalidSchema, match="Line 3, column 5"):
        protobuf.parse('syntax = "proto3";\nmessage A {\n    = 1;\n}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        "// nothing\n",
        ";;",
        'syntax = "proto3"; message A { string s = 0; string s = 19000; int32 t = -1; reserved 0; }',
        'syntax = "proto3"; enum E { A = 5; B = 5; } message M { oneof o {} }',
        'syntax = "proto3"; import "nobody/knows.proto"; message A {}',
        'syntax = "proto3"; message A { google.protobuf.Timestamp t = 1; confluent.type.Variant v = 2; }',
        'syntax = "proto3"; message A { map<string, Unknown> m = 1; map<int32, map<string, A>> n = 2; }',
        'syntax = "proto3"; message A { rpc r = 1; message rpc {} }',
        'message A { reserved "a\\"b", "c\\\\"; } import "d\\"";',
        "message (A) { optional string (b) = 1; }",
        "option a.b.c = 1; option (x).(y.z).w = 2; option [k] = 3;",
    ],
)
def test_leniency(text: str) -> None:
    schema = protobuf.parse(text)
    assert protobuf.canonical(protobuf.parse(protobuf.canonical(schema))) == protobuf.canonical(schema)
    assert protobuf.normalized(schema) is not None


def test_history_may_hold_unknown_names() -> None:
    text = 'syntax = "proto3"; message A { X x = 1; }'
    old, new = protobuf.parse(text, strict=False), protobuf.parse(text.replace("X x", "Y x"), strict=False)
    assert [str(each) for each in protobuf.compare(new, old)] == ["FIELD_NAMED_TYPE_CHANGED #/A/1"]
    assert not protobuf.compare(protobuf.parse(text + " ", strict=False), old)
    with pytest.raises(InvalidSchema):
        protobuf.normalized(old)


def test_references_replace_known_files() -> None:
    own = Dependency("google/type/date.proto", 'syntax = "proto3"; package google.type; message Mine {}', "d", 1)
    protobuf.parse('syntax = "proto3"; message A { google.type.Mine m = 1; }', [own])
    with pytest.raises(InvalidSchema, match=r"google\.type\.Date"):
        protobuf.parse('syntax = "proto3"; message A { google.type.Date m = 1; }', [own])


def test_a_broken_reference_is_named() -> None:
    broken = Dependency("b.proto", "message {", "b", 1)
    with pytest.raises(InvalidSchema, match=r"reference b\.proto"):
        protobuf.parse("message A {}", [broken], strict=False)
    with pytest.raises(InvalidSchema, match=r"reference b\.proto"):
        protobuf.parse("message A {}", [Dependency("b.proto", "message {" + " " * 200_000, "b", 1)])


def test_names_of_a_schema() -> None:
    schema = protobuf.parse('syntax = "proto3"; package a.b; message M { int32 x = 1; oneof o { int32 y = 2; } }')
    assert protobuf.field_names(schema) == ("x", "y")
    assert protobuf.entity_name(schema) == "a.b.M"
    assert protobuf.entity_name(protobuf.parse("enum E { A = 0; }")) == "E"
    assert protobuf.entity_name(protobuf.parse("package p;")) is None
    assert protobuf.field_names(protobuf.parse("enum E { A = 0; }")) == ()


TAGGED = """syntax = "proto3"; package com.x; import "confluent/meta.proto";
message User { option (confluent.message_meta).doc = "who"; option (confluent.message_meta).tags = "OLD";
  string ssn = 1 [(confluent.field_meta) = {doc: "d", tags: ["PII", "GONE"]}, deprecated = true];
  oneof choice { string mail = 2; }
  message Inner { string name = 1 [(.confluent.field_meta).tags = "PII"]; } }
"""


def test_inline_tags() -> None:
    assert protobuf.inline_tags(protobuf.parse(TAGGED)) == {
        "com.x.User": ("OLD",),
        "com.x.User.ssn": ("PII", "GONE"),
        "com.x.User.Inner.name": ("PII",),
    }


def test_tags_are_edited() -> None:
    schema = protobuf.parse(TAGGED)
    text = protobuf.tagged(
        schema,
        add={
            ("com.x.User", "sr_record"): ["NEW", "NEW"],
            ("com.x.User.choice.mail", "sr_field"): ["MAIL"],
            ("com.x.User.Inner.name", "sr_field"): ["PII"],
        },
        remove={("com.x.User.ssn", "sr_field"): ["GONE", "never there"]},
    )
    edited = protobuf.parse(text)
    assert protobuf.inline_tags(edited) == {
        "com.x.User": ("OLD", "NEW"),
        "com.x.User.ssn": ("PII",),
        "com.x.User.mail": ("MAIL",),
        "com.x.User.Inner.name": ("PII",),
    }
    assert 'option (confluent.message_meta) = {\n    doc: "who",\n    tags: [' in text
    assert text.count("confluent/meta.proto") == 1
    assert protobuf.rendered(edited, "serialized")


def test_tags_bring_their_import_and_may_all_go() -> None:
    schema = protobuf.parse('syntax = "proto3"; message A { string s = 1; }')
    text = protobuf.tagged(schema, {("A.s", "sr_field"): ["PII"]}, {})
    assert 'import "confluent/meta.proto";' in text
    plain = protobuf.tagged(protobuf.parse(text), {}, {("A.s", "sr_field"): ["PII"]})
    assert "string s = 1;" in plain
    assert protobuf.tagged(schema, {}, {("A.s", "sr_field"): ["PII"]}) == protobuf.canonical(schema)


@pytest.mark.parametrize(
    ("path", "entity", "reason"),
    [("A.t", "sr_field", "field A.t"), ("B", "sr_record", "message B"), ("A", "sr_table", "sr_table")],
)
def test_tags_of_nothing_are_refused(path: str, entity: str, reason: str) -> None:
    with pytest.raises(InvalidSchema, match=reason):
        protobuf.tagged(protobuf.parse("message A {}"), {(path, entity): ["X"]}, {})


def test_empty_lines_are_indented_with_their_block() -> None:
    text = 'syntax = "proto3"; message A { message B { int32 b = 1; message C { int32 c = 1; enum E { Z = 0; } } } }'
    parts = ["message A {", "  message B {", "    int32 b = 1;", "  ", "    message C {", "      int32 c = 1;", "    "]
    assert "\n".join(parts) + "\n      enum E {" in protobuf.canonical(protobuf.parse(text))


@pytest.mark.parametrize(
    ("inside", "normal"),
    [
        ("oneof o {}", "message A {\n}\n"),
        ("int32 a = 1; oneof o {}", "message A {\n  int32 a = 1;\n\n}\n"),
        ("oneof o {} oneof p { int32 a = 1; }", "message A {\n  oneof p {\n    int32 a = 1;\n  }\n}\n"),
        ("message B { oneof o {} int32 a = 1; }", "message A {\n  message B {\n    int32 a = 1;\n  \n  }\n}\n"),
    ],
)
def test_a_section_that_normalisation_empties_leaves_its_empty_line(inside: str, normal: str) -> None:
    schema = protobuf.parse(f'syntax = "proto3"; message A {{ {inside} }}')
    assert protobuf.normalized(schema).endswith("\n" + normal)
