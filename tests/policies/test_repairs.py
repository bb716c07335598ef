"""Repairs: what would pass, for the closed list of cases, and never anything that does not."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decapolis_formats import engine_of
from decapolis_policies import LEVELS, Demands, PastVersion, Repair, Text, judge
from decapolis_policies.cases import judged
from tests.policies.schemas import avro, json_schema, past, plain, proto

CASES = Path(__file__).parents[1] / "formats" / "cases"


def repair(new: Text, *old: Text, level: str = "BACKWARD") -> Repair | None:
    """The repair, judged once more here."""
    demands = Demands(LEVELS[level])
    verdict = judge(new, past(*old), demands)
    assert not verdict.allowed
    if verdict.repair is not None:
        again = judge(Text(new.format, verdict.repair.text, new.dependencies), past(*old), demands)
        assert again.allowed
        engine_of(new.format).parse(verdict.repair.text, new.dependencies, strict=True)
    return verdict.repair


def edited(new: Text, *old: Text, level: str = "BACKWARD") -> Any:
    found = repair(new, *old, level=level)
    assert found is not None
    return json.loads(found.text) if not found.text.startswith("syntax") else found.text


def says(new: Text, *old: Text, level: str = "BACKWARD") -> str:
    found = repair(new, *old, level=level)
    assert found is not None
    return found.sentence


def enum(*symbols: str, **extra: Any) -> Text:
    return plain({"type": "enum", "name": "E", "symbols": list(symbols), **extra})


class TestAvro:
    def test_add_a_default_by_making_nullable(self) -> None:
        found = edited(avro("a", "b"), avro("a"))
        assert found["fields"][1] == {"name": "b", "type": ["null", "int"], "default": None}
        assert says(avro("a", "b"), avro("a")) == (
            "It would pass if you make the field 'b' of R nullable with the default null."
        )

    def test_keep_a_field(self) -> None:
        assert [field["name"] for field in edited(avro("a"), avro("a", "b"), level="FORWARD")["fields"]] == ["a", "b"]

    def test_widen_a_number(self) -> None:
        field = {"name": "a", "type": "long", "doc": "d"}
        assert edited(avro({**field, "type": "int"}), avro(field))["fields"][0]["type"] == "long"
        assert "widen the type of the field 'a'" in says(avro("a"), avro(field))

    def test_widen_to_a_union(self) -> None:
        assert edited(plain("string"), plain("int")) == ["string", "int"]

    def test_keep_the_type_where_the_old_reader_needs_it(self) -> None:
        wide = avro({"name": "a", "type": "long"})
        assert edited(wide, avro("a"), level="FULL")["fields"][0]["type"] == "int"

    def test_re_add_symbols(self) -> None:
        assert edited(enum("A"), enum("A", "B", "C"))["symbols"] == ["A", "B", "C"]
        assert "re-add the symbols B, C to E" in says(enum("A"), enum("A", "B", "C"))

    def test_make_nullable(self) -> None:
        old = avro({"name": "a", "type": ["null", "int"], "default": None})
        assert edited(avro("a"), old)["fields"][0]["type"] == ["null", "int"]
        assert "nullable" in says(avro("a"), old)

    def test_an_alias_for_a_renamed_record(self) -> None:
        assert edited(avro("a", name="x.New"), avro("a", name="x.Old"))["aliases"] == ["Old"]

    def test_an_alias_for_a_renamed_field(self) -> None:
        assert edited(avro("b"), avro("a"))["fields"][0]["aliases"] == ["a"]

    def test_nested_types_are_reached_and_documentation_stays(self) -> None:
        def order(*fields: Any) -> Text:
            line = {"type": "record", "name": "Line", "fields": list(fields), "doc": "One line"}
            return avro({"name": "lines", "type": {"type": "array", "items": line}, "doc": "All lines"})

        found = edited(order({"name": "x", "type": "string"}), order())
        assert found["fields"][0]["doc"] == "All lines"
        assert found["fields"][0]["type"]["items"]["fields"][0]["default"] is None

    def test_recursive_types_end(self) -> None:
        def tree(*more: Any) -> Text:
            return avro({"name": "next", "type": ["null", "R"], "default": None}, *more)

        assert edited(tree("b"), tree())["fields"][1]["default"] is None

    def test_several_versions_each_get_their_edit(self) -> None:
        history = (avro("a", {"name": "x", "type": "long"}), avro("a", "x=0"))
        found = edited(avro("a", "b", "x"), *history, level="BACKWARD_TRANSITIVE")
        assert {field["name"]: field["type"] for field in found["fields"]}["x"] == "long"

    def test_some_things_cannot_be_repaired(self) -> None:
        four = plain({"type": "fixed", "name": "F", "size": 4})
        eight = plain({"type": "fixed", "name": "F", "size": 8})
        assert repair(four, eight, level="FORWARD") is not None  # the type is kept
        assert repair(enum("A", "B"), enum("A"), level="FORWARD") is not None
        assert repair(avro("a"), json_schema({"type": "object"})) is None


TYPES = st.sampled_from(["int", "long", "string", "bytes", "boolean", ["null", "int"], ["string", "long"]])


@st.composite
def records(draw: st.DrawFn) -> Text:
    names = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
    fields = []
    for name in names:
        kind = draw(TYPES)
        with_default = kind == "int" and draw(st.booleans())
        fields.append({"name": name, "type": kind, **({"default": 1} if with_default else {})})
    return avro(*fields, name=draw(st.sampled_from(["R", "Q"])))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(records(), st.lists(records(), min_size=1, max_size=3), st.sampled_from(list(LEVELS.values())))
def test_whatever_is_offered_passes(new: Text, old: list[Text], level: Any) -> None:
    verdict = judge(new, past(*old), Demands(level))
    if verdict.repair is not None:
        assert judge(Text(new.format, verdict.repair.text), past(*old), Demands(level)).allowed


OBJECT: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False}


class TestJsonSchema:
    def test_make_a_property_optional(self) -> None:
        new = {**OBJECT, "properties": {**OBJECT["properties"], "b": {"type": "string"}}, "required": ["b"]}
        assert "required" not in edited(json_schema(new), json_schema(OBJECT))
        assert "make the property 'b' optional" in says(json_schema(new), json_schema(OBJECT))

    def test_keep_a_property(self) -> None:
        found = edited(json_schema({**OBJECT, "properties": {}}), json_schema(OBJECT))
        assert found["properties"] == {"a": {"type": "integer"}}

    def test_re_add_a_value(self) -> None:
        assert edited(json_schema({"enum": ["a"]}), json_schema({"enum": ["a", "b"]}))["enum"] == ["a", "b"]

    def test_widen_a_type(self) -> None:
        assert edited(json_schema({"type": "integer"}), json_schema({"type": "number"}))["type"] == "number"
        assert edited(json_schema({"type": "string"}), json_schema({"type": "null"}))["type"] == ["string", "null"]

    @pytest.mark.parametrize("level", ["BACKWARD", "FORWARD", "FULL"])
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ({"type": "integer"}, {"type": "integer", "maximum": 1}),
            ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 5}),
            ({"type": "string"}, {"type": "string", "pattern": "^a", "minLength": 2}),
            ({"type": "array", "items": {}}, {"type": "array", "items": {"type": "string"}, "uniqueItems": True}),
            ({"type": "array"}, {"type": "array", "items": {"type": "string"}}),
            ({"type": "object"}, OBJECT),
            (OBJECT, {**OBJECT, "dependencies": {"a": ["b"]}}),
            ({"not": {"type": "string"}}, {"not": {"type": ["string", "null"]}}),
            ({"const": 1}, {"const": 2}),
            ({"enum": [1, 2]}, {"enum": [2, 3]}),
            ({"oneOf": [{"type": "string"}, {"type": "null"}]}, {"oneOf": [{"type": "string"}]}),
            (
                {"properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": {"maxLength": 5}}},
                {"properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": {"maxLength": 4}}},
            ),
        ],
    )
    def test_what_was_tightened_is_loosened(self, old: Any, new: Any, level: str) -> None:
        pair = json_schema(new), json_schema(old)
        if not judge(pair[0], past(pair[1]), Demands(LEVELS[level])).allowed:
            assert edited(*pair, level=level) != new

    def test_let_a_property_of_an_open_object_hold_anything(self) -> None:
        old = {"type": "object", "properties": {"a": {"type": "integer"}}}
        new = {"type": "object", "properties": {**old["properties"], "b": {"type": "string", "title": "B"}}}
        assert edited(json_schema(new), json_schema(old))["properties"]["b"] == {"title": "B"}
        assert says(json_schema(new), json_schema(old)) == (
            "It would pass if you let the property 'b' hold anything, as the old schema does."
        )

    def test_some_things_cannot_be_repaired(self) -> None:
        assert repair(json_schema({"type": "string"}), json_schema(True)) is None


def message(body: str) -> Text:
    return proto(f'syntax = "proto3"; message M {{ {body} }}')


class TestProtobuf:
    def test_reserve_a_number(self) -> None:
        text = edited(message("string a = 1; string z = 4;"), message("int32 a = 1;"))
        assert "reserved 1;" in text
        assert "string a = 5;" in text

    def test_keep_a_member_of_a_oneof(self) -> None:
        old = message("oneof o { int32 a = 1; string b = 2; }")
        assert "string b = 2;" in edited(message("oneof o { int32 a = 1; }"), old)

    def test_keep_a_message(self) -> None:
        old = proto('syntax = "proto3"; message M { int32 a = 1; } message N { int32 a = 1; }')
        assert "message N" in edited(message("int32 a = 1;"), old)

    def test_a_required_field(self) -> None:
        one = proto('syntax = "proto2"; message M { optional int32 a = 1; }')
        two = proto('syntax = "proto2"; message M { optional int32 a = 1; required int32 b = 2; }')
        assert "optional int32 b = 2;" in edited(two, one)
        assert "required int32 b = 2;" in edited(one, two)

    def test_keep_the_package(self) -> None:
        old, new = (proto(f'syntax = "proto3"; package {name}; message M {{ int32 a = 1; }}') for name in "ab")
        assert "package a;" in edited(new, old)

    def test_a_package_that_is_spelled_out_inside_has_no_repair(self) -> None:
        one = 'syntax = "proto3"; package a; message M { .a.N n = 1; } message N {}'
        assert repair(proto(one.replace("a;", "b;").replace(".a.", ".b.")), proto(one)) is None

    @pytest.mark.parametrize("level", ["BACKWARD", "FORWARD", "FULL"])
    @pytest.mark.parametrize(
        ("old", "new", "kept"),
        [
            ("int32 a = 1; int32 b = 2;", "oneof o { int32 a = 1; int32 b = 2; }", "int32 a = 1;\n  int32 b = 2;\n}"),
            ("oneof o { int32 a = 1; } int32 b = 2;", "oneof o { int32 a = 1; int32 b = 2; }", "  int32 b = 2;\n\n"),
            ("oneof o { int32 a = 1; }", "oneof o { string a = 1; }", "int32 a = 1;"),
            ("message N { int32 a = 1; } N n = 1;", "message N { string a = 1; } N n = 1;", "reserved 1;"),
            ("map<string, int32> a = 1;", "map<string, string> a = 1;", "reserved 1;"),
        ],
    )
    def test_a_field_keeps_its_place(self, old: str, new: str, kept: str, level: str) -> None:
        pair = message(new), message(old)
        if not judge(pair[0], past(pair[1]), Demands(LEVELS[level])).allowed:
            assert kept in edited(*pair, level=level)

    def test_a_new_member_that_old_readers_would_miss_is_kept_out_of_its_oneof(self) -> None:
        text = edited(
            message("oneof o { int32 a = 1; int32 b = 2; }"), message("oneof o { int32 a = 1; }"), level="FULL"
        )
        assert "optional int32 b = 2;" in text


@pytest.mark.parametrize("level", ["BACKWARD", "FULL"])
def test_a_floor_is_part_of_the_proof(level: str) -> None:
    demands = Demands(LEVELS["NONE"], floor=LEVELS[level], policy_set="f")
    history = [PastVersion(1, avro("a", "x"), deleted=True)]
    verdict = judge(avro("a", "b"), history, demands)
    assert verdict.repair is not None
    assert judge(Text(avro().format, verdict.repair.text), history, demands).allowed


@pytest.mark.parametrize(("name", "at_least"), [("avro", 0.85), ("json", 0.85), ("protobuf", 0.8)])
def test_most_of_what_breaks_has_a_repair_and_every_repair_passes(name: str, at_least: float) -> None:
    lines = (CASES / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    broken = [case for case in map(json.loads, lines) if case.get("expected_compatible") is False]
    repaired = 0
    for case in broken:
        answer = judged(case)
        if "repair" in answer:
            repaired += 1
            again = judged({**case, "new": answer["repair"]["schema"]}, repairs=False)
            assert again["compatible"], (case["id"], answer["repair"]["sentence"])
    assert repaired >= at_least * len(broken)


def test_looking_for_a_repair_takes_bounded_work() -> None:
    def recursive(kind: str) -> Text:
        fields = [{"name": f"n{at}", "type": ["null", "R"]} for at in range(400)]
        return avro({"name": "x", "type": kind}, *fields)

    began = time.process_time()
    assert not judge(recursive("string"), past(recursive("int")), Demands(LEVELS["FULL"])).allowed
    assert time.process_time() - began < 2  # without a bound it takes ten
