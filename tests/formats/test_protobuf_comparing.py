"""Single rules of the Protobuf comparison: the dialect's, and protobuf's own under strict semantics."""

from __future__ import annotations

from pathlib import Path

import pytest

from decapolis_formats import CompareOptions, Dependency, Difference, protobuf

DOCUMENT = Path(__file__).parents[2] / "docs" / "compatibility-protobuf.md"
WRITTEN_ENTRY = """message A { repeated E f = 1;
  message E { option map_entry = true; string key = 1; string value = 2; } }"""
PLAIN = CompareOptions()
STRICT = CompareOptions(strict_semantics=True)


def _parsed(body: str, syntax: str = "proto3", *references: Dependency) -> protobuf.ProtobufSchema:
    return protobuf.parse(f'syntax = "{syntax}"; {body}', references)


def _found(old: str, new: str, options: CompareOptions = PLAIN, syntax: str = "proto3") -> list[str]:
    found = protobuf.compare(_parsed(new, syntax), _parsed(old, syntax), options)
    return sorted(f"{'' if each.compatible else '!'}{each}" for each in found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("package a; message A {}", "message A {}", ["!PACKAGE_CHANGED #/"]),
        ("message A {}", "message A {} message B {}", ["MESSAGE_ADDED #/B"]),
        (
            "message A {} message B {}",
            "message B {} message A {}",
            ["MESSAGE_MOVED #/A", "MESSAGE_MOVED #/B"],
        ),
        ("message A { message B {} }", "message A {}", ["!MESSAGE_REMOVED #/A/B"]),
        ("enum E { A = 0; }", "enum F { A = 0; }", ["ENUM_ADDED #/F", "ENUM_REMOVED #/E"]),
        (
            "enum E { A = 0; B = 1; C = 2; }",
            "enum E { A = 0; D = 2; E = 3; }",
            ["ENUM_CONST_ADDED #/E/3", "ENUM_CONST_CHANGED #/E/2", "ENUM_CONST_REMOVED #/E/1"],
        ),
        ("message A { string s = 1; }", "message A { string t = 1; }", ["FIELD_NAME_CHANGED #/A/1"]),
        ("message A { string s = 1; }", "message A { A s = 1; }", ["!FIELD_KIND_CHANGED #/A/1"]),
        (
            "message A { map<int32, A> m = 1; }",
            "message A { map<string, string> m = 1; }",
            ["!FIELD_KIND_CHANGED #/A/1", "!FIELD_SCALAR_KIND_CHANGED #/A/1"],
        ),
        (
            "message A { oneof o { string s = 1; int32 t = 2; } }",
            "message A { string s = 1; int32 t = 2; }",
            [
                "ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/A/1",
                "ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/A/2",
                "ONEOF_REMOVED #/A/o",
            ],
        ),
        (
            "message A { oneof o { string s = 1; int32 t = 2; } }",
            "message A { string s = 1; }",
            ["!ONEOF_FIELD_REMOVED #/A/o/2", "ONEOF_FIELD_MOVED_TO_TOP_LEVEL #/A/1", "ONEOF_REMOVED #/A/o"],
        ),
        ("message A { oneof o { string s = 1; } }", "message A {}", ["ONEOF_REMOVED #/A/o"]),
        (
            "message A { oneof o { string s = 1; } oneof p { string t = 2; } }",
            "message A { oneof o { string s = 1; string t = 2; } }",
            ["!FIELD_MOVED_TO_EXISTING_ONEOF #/A/o", "ONEOF_REMOVED #/A/p"],
        ),
        (
            "message A { string s = 1; string t = 2; }",
            "message A { oneof o { string s = 1; string t = 2; int32 u = 3; } }",
            ["!MULTIPLE_FIELDS_MOVED_TO_ONEOF #/A/o", "ONEOF_ADDED #/A/o", "ONEOF_FIELD_ADDED #/A/o/3"],
        ),
        (
            WRITTEN_ENTRY,
            "message A { map<string, bytes> f = 1; }",
            [],
        ),
        (
            "message A { map<string, bytes> f = 1; }",
            "message A { repeated FooEntry f = 1; message FooEntry { option map_entry = true; } }",
            [],
        ),
    ],
)
def test_the_rules_of_the_dialect(old: str, new: str, expected: list[str]) -> None:
    assert _found(old, new) == expected


def _deviations() -> list[tuple[str, str, str, bool, bool]]:
    """The rows of the table for people: (syntax, writer, reader, the dialect's verdict, ours)."""
    rows = []
    for line in DOCUMENT.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and cells[1] in ("proto2", "proto3"):
            rows.append((cells[1], cells[2].strip("`"), cells[3].strip("`"), cells[4] == "✓", cells[5] == "✓"))
    return rows


@pytest.mark.parametrize(("syntax", "old", "new", "dialect", "strict"), _deviations())
def test_where_strict_semantics_deviate(syntax: str, old: str, new: str, dialect: bool, strict: bool) -> None:
    verdicts = [
        not any(each.startswith("!") for each in _found(old, new, options, syntax)) for options in (PLAIN, STRICT)
    ]
    assert verdicts == [dialect, strict]


@pytest.mark.parametrize(
    ("syntax", "old", "new"),
    [
        ("proto3", "message A { int32 x = 1; }", "message A { E x = 1; } enum E { Z = 0; }"),
        (
            "proto3",
            "message A { E x = 1; } enum E { Z = 0; Y = 1; }",
            "message A { E x = 1; } enum E { Z = 0; }",
        ),
        (
            "proto3",
            "message A { E x = 1; } enum E { Z = 0; }",
            "message A { int64 x = 1; } enum E { Z = 0; }",
        ),
        (
            "proto2",
            "message A { optional E x = 1; } enum E { Z = 0; }",
            "message A { optional F x = 1; } enum F { Y = 0; X = 1; }",
        ),
        ("proto3", "message A { string x = 1; }", "message A { bytes x = 1; }"),
        ("proto3", "message A { int32 x = 1; }", "message A { repeated int32 x = 1; }"),
        ("proto3", "message A { string x = 1; }", "message A { oneof o { string x = 1; } }"),
        ("proto2", "message A { optional group G = 1 {} }", "message A { optional group H = 1 {} }"),
        ("proto2", "message A { optional group G = 1 {} }", "message A { optional string g = 2; }"),
        ("proto3", "message A { string x = 1; }", "message A { int32 x = 2; }"),
    ],
)
def test_what_both_accept(syntax: str, old: str, new: str) -> None:
    for options in (PLAIN, STRICT):
        assert not any(each.startswith("!") for each in _found(old, new, options, syntax))


def _imported(text: str, version: int, indirect: bool = False) -> protobuf.ProtobufSchema:
    reference = Dependency("d.proto", f'syntax = "proto3"; package d; {text}', "d", version, indirect)
    return _parsed('import "d.proto"; message A { d.B b = 1; repeated d.B c = 2; }', "proto3", reference)


def test_messages_of_other_versions_are_entered() -> None:
    old, new = "message B { string s = 1; C c = 2; message C { int32 x = 1; } }", "message B { int32 s = 1; }"
    found = [str(each) for each in protobuf.compare(_imported(new, 2), _imported(old, 1)) if not each.compatible]
    assert sorted(found) == sorted(
        [
            *2 * ["FIELD_SCALAR_KIND_CHANGED #/B/1", "MESSAGE_REMOVED #/B/C"],
            "FIELD_NAMED_TYPE_CHANGED #/A/1",
            "FIELD_NAMED_TYPE_CHANGED #/A/2",
        ]
    )


def test_the_same_version_is_not_entered_but_an_indirect_file_is() -> None:
    old, new = "message B { string s = 1; }", "message B { int32 s = 1; }"
    assert not protobuf.compare(_imported(new, 1), _imported(old, 1))
    assert protobuf.compare(_imported(new, 1, indirect=True), _imported(old, 1, indirect=True))


def test_known_types_equal_themselves_unless_replaced() -> None:
    text = 'import "google/type/date.proto"; message A { google.type.Date d = 1; google.protobuf.Any any = 2; }'
    date = Dependency(
        "google/type/date.proto",
        'syntax = "proto3"; package google.type; message Date { string year = 1; }',
        "d",
        1,
    )
    assert not protobuf.compare(_parsed(text + " "), _parsed(text))
    replaced = _parsed(text, "proto3", date)
    found = [str(each) for each in protobuf.compare(replaced, _parsed(text)) if not each.compatible]
    assert found == ["FIELD_SCALAR_KIND_CHANGED #/Date/1", "FIELD_NAMED_TYPE_CHANGED #/A/1"]


def test_equal_readings_have_no_differences() -> None:
    schema = _parsed("message A {}")
    assert not protobuf.compare(schema, schema)
    assert not protobuf.compare(schema, _parsed("message A {}"))


def test_descriptions_have_the_shape_of_the_dialect() -> None:
    found = protobuf.compare(
        _parsed("package b; message A { int32 x = 1; oneof o { string y = 2; } }"),
        _parsed("package a; message A { string x = 1; string y = 3; } message B {}"),
    )
    assert found
    for each in found:
        said = protobuf.describe(each, reader="old", writer="new")
        assert said.startswith(f'{{errorType:"{each.type}", description:"')
        assert said.endswith('"}')
        assert f"'{each.path}'" in said
    assert "(string → int32)" in " ".join(map(protobuf.describe, found))
    assert "'#/'" in protobuf.describe(Difference("PACKAGE_CHANGED", "#/", compatible=False))
    assert protobuf.describe(Difference("OTHER", "#/A", compatible=False)).startswith('{errorType:"OTHER", ')
    assert "{x}" in protobuf.describe(Difference("FIELD_ADDED", "#/{x}/1", compatible=True))


def test_every_deviation_is_documented_with_a_pair() -> None:
    rows = _deviations()
    assert len(rows) > 15
    assert all(dialect is not strict for *_, dialect, strict in rows)
