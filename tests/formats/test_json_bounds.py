"""JSON Schema: large, deep and circular schemas end with a verdict or a refusal, in bounded time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from decapolis_formats import CompareOptions, ComparisonTooCostly, InvalidSchema, json_schema

Names = list[str]


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Seconds of the processor, so that other work does not count: what is not bounded takes hours, not seconds."""
    started = time.process_time()
    yield
    assert time.process_time() - started < 20


def breaking(new: Any, old: Any, options: CompareOptions | None = None) -> Names:
    reader, writer = (json_schema.parse(json.dumps(each)) for each in (new, old))
    found = json_schema.compare(reader, writer, options or CompareOptions())
    return [str(each) for each in found if not each.compatible]


def mutual(count: int, first: str = "string") -> dict[str, Any]:
    """Object types that hold each other, twice, in a oneOf of all of them."""
    every = {"oneOf": [{"$ref": f"#/definitions/T{index}"} for index in range(count)]}
    types = {
        f"T{index}": {
            "type": "object",
            "properties": {"id": {"type": "string" if index else first}, "a": every, "b": every},
        }
        for index in range(count)
    }
    return {"type": "object", "definitions": types, "properties": {"p": every}}


@pytest.mark.parametrize("count", [12, 60])
@pytest.mark.parametrize("strict", [False, True])
def test_mutually_recursive_types(count: int, strict: bool) -> None:
    options = CompareOptions(strict_semantics=strict)
    assert breaking(mutual(count), mutual(count), options) == []
    changed = breaking(mutual(count, "number"), mutual(count), options)
    assert changed == ["COMBINED_TYPE_SUBSCHEMAS_CHANGED #/properties/p"]


def doubling(depth: int, leaf: dict[str, Any]) -> dict[str, Any]:
    """Each definition refers to the next one twice: 2 ** depth ways to the leaf."""
    types: dict[str, Any] = {f"D{depth}": leaf}
    for index in range(depth):
        following = {"$ref": f"#/definitions/D{index + 1}"}
        types[f"D{index}"] = {"type": "object", "properties": {"l": following, "r": following}}
    return {"definitions": types, "properties": {"x": {"$ref": "#/definitions/D0"}}}


def test_references_that_double() -> None:
    assert breaking(doubling(2_000, {"type": "string"}), doubling(2_000, {"type": "string"})) == []
    found = breaking(doubling(2_000, {"type": "integer"}), doubling(2_000, {"type": "number"}))
    assert found
    assert all(each.startswith("TYPE_NARROWED #/properties/x/properties/l/") for each in found)
    few = breaking(doubling(4, {"type": "integer"}), doubling(4, {"type": "number"}))
    assert len(few) == 16


def test_differences_without_end_are_cut_but_not_the_breaking_ones() -> None:
    old = {"properties": {f"p{index}": {"type": "string"} for index in range(12_000)} | {"z": {"type": "number"}}}
    new = {"properties": {"z": {"type": "integer"}}}
    reader, writer = (json_schema.parse(json.dumps(each)) for each in (new, old))
    found = json_schema.compare(reader, writer)
    assert len(found) == 10_000
    assert str(found[0]) == "TYPE_NARROWED #/properties/z"


def test_a_masked_change_in_a_circle_is_found() -> None:
    def chain(last: str) -> dict[str, Any]:
        one = {
            "type": "object",
            "properties": {"two": {"$ref": "#/definitions/two"}, "kept": {"type": "string"}},
        }
        two = {"type": "object", "properties": {"one": {"$ref": "#/definitions/one"}, "v": {"type": last}}}
        return {
            "definitions": {"one": one, "two": two},
            "anyOf": [{"$ref": "#/definitions/one"}, {"type": "null"}],
        }

    assert breaking(chain("integer"), chain("number")) == ["COMBINED_TYPE_SUBSCHEMAS_CHANGED #/"]
    assert breaking(chain("number"), chain("integer")) == []


def test_references_in_a_circle() -> None:
    circle = {"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}}
    schema = circle | {"properties": {"x": {"$ref": "#/definitions/a"}}}
    for options in (CompareOptions(), CompareOptions(strict_semantics=True)):
        assert breaking(schema, schema, options) == []
    itself = {"$ref": "#"}
    assert breaking(itself, itself, CompareOptions(strict_semantics=True)) == []


def test_a_long_chain_needs_no_stack() -> None:
    def chain(leaf: str) -> dict[str, Any]:
        types = {
            f"D{index}": {"type": "object", "properties": {"n": {"$ref": f"#/definitions/D{index + 1}"}}}
            for index in range(5_000)
        }
        return {
            "definitions": types | {"D5000": {"type": leaf}},
            "properties": {"x": {"$ref": "#/definitions/D0"}},
        }

    assert len(breaking(chain("integer"), chain("number"))) == 1
    assert sys.getrecursionlimit() < 5_000


def test_circles_of_different_lengths_are_too_deep() -> None:
    def circle(length: int) -> dict[str, Any]:
        types = {
            f"P{index}": {
                "type": "object",
                "properties": {"n": {"$ref": f"#/definitions/P{(index + 1) % length}"}},
            }
            for index in range(length)
        }
        return {"definitions": types, "properties": {"x": {"$ref": "#/definitions/P0"}}}

    with pytest.raises(ComparisonTooCostly, match="deeper"):
        breaking(circle(997), circle(1009))
    assert breaking(circle(31), circle(37)) == []


def test_the_budget_is_kept() -> None:
    with pytest.raises(ComparisonTooCostly, match="more than 50 steps"):
        breaking(mutual(12, "number"), mutual(12), CompareOptions(budget=50))


def alternatives(count: int, start: int) -> dict[str, Any]:
    values = range(start, start + count)
    return {"oneOf": [{"type": "object", "properties": {"kind": {"const": value}}} for value in values]}


def test_many_alternatives() -> None:
    assert breaking(alternatives(1_000, 0), alternatives(1_000, 0)) == []
    # the new one stands in front, so that no two are at the same place
    assert breaking(alternatives(301, 0), alternatives(300, 1)) == []
    assert "COMBINED_TYPE_SUBSCHEMAS_CHANGED #/" in breaking(alternatives(120, 0), alternatives(120, 1))
    with pytest.raises(ComparisonTooCostly):
        breaking(alternatives(3_000, 0), alternatives(3_000, 1), CompareOptions(budget=300_000))


def nested(word: str, depth: int) -> str:
    return f'{{"{word}":' * depth + "{}" + "}" * depth


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"enum":' + "[" * 100_000 + "]" * 100_000 + "}",
        nested("not", 100_000),
        nested("not", 600),
        '{"default":"' + "x" * 10_000_000 + '"}',
    ],
    ids=["open", "closed", "enum", "not", "600", "10MB"],
)
def test_deep_and_long_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidSchema, match=r"nested deeper|too long"):
        json_schema.parse(text)


def test_nesting_within_the_limit_is_read_from_a_deep_stack() -> None:
    def at_depth(depth: int, call: Callable[[], Any]) -> Any:
        return call() if depth == 0 else at_depth(depth - 1, call)

    parsed = json_schema.parse(nested("not", 495))
    found = at_depth(700, lambda: json_schema.compare(parsed, parsed))
    assert all(each.compatible for each in found)
    assert at_depth(700, lambda: json_schema.canonical(json_schema.parse(nested("not", 100)))) == nested("not", 100)
    with pytest.raises(InvalidSchema, match="nested deeper"):
        at_depth(800, lambda: json_schema.parse(nested("not", 490)))


def test_deep_values_are_compared_from_a_deep_stack() -> None:
    deep = '{"enum":' + "[" * 490 + "1.0" + "]" * 490 + "}"
    old, new = json_schema.parse(deep), json_schema.parse(deep.replace("1.0", "1"))
    assert json_schema.compare(new, old, CompareOptions(strict_semantics=True)) == []
    assert [each.type for each in json_schema.compare(new, old)] == ["ENUM_ARRAY_CHANGED"]


def test_alternatives_of_alternatives_are_told_apart_in_time() -> None:
    ways = 60
    types: dict[str, Any] = {f"D{ways}": {"type": "string"}}
    for index in range(ways):
        following = {"$ref": f"#/definitions/D{index + 1}"}
        types[f"D{index}"] = {"oneOf": [following, {"anyOf": [following, {"type": "null"}]}]}
    schema = {"definitions": types, "properties": {"x": {"$ref": "#/definitions/D0"}}}
    plain = {"definitions": types, "properties": {"x": {"type": "string"}}}
    assert breaking(schema, schema, CompareOptions(strict_semantics=True)) == []
    assert breaking(schema, plain, CompareOptions(strict_semantics=True))


def test_unevaluated_keywords_nested_in_each_other_cost_work() -> None:
    def nest(leaf: str) -> dict[str, Any]:
        value: dict[str, Any] = {"type": leaf}
        for _ in range(150):
            value = {
                "properties": {"a": value},
                "allOf": [{"minProperties": 0}],
                "unevaluatedProperties": False,
            }
        return value | {"$schema": "https://json-schema.org/draft/2020-12/schema"}

    strict = CompareOptions(strict_semantics=True)
    assert breaking(nest("string"), nest("string"), strict) == []
    assert breaking(nest("string"), nest("number"), strict)


def test_too_many_subschemas_are_refused() -> None:
    text = json.dumps({"properties": {f"p{index}": {} for index in range(150_000)}})
    with pytest.raises(InvalidSchema, match="too large"):
        json_schema.parse(text)


def test_five_thousand_properties() -> None:
    def record(kind: str) -> dict[str, Any]:
        fields = {f"field_{index}": {"type": "string", "maxLength": 10} for index in range(5_000)}
        return {"type": "object", "properties": fields | {"last": {"type": kind}}, "required": list(fields)}

    assert breaking(record("integer"), record("number")) == ["TYPE_NARROWED #/properties/last"]


def test_nested_alternatives() -> None:
    def nest(depth: int, leaf: str) -> Any:
        value: Any = {"type": leaf}
        for index in range(depth):
            value = {"oneOf": [value, {"type": "object", "properties": {"x": {"const": index}}}]}
        return value

    assert breaking(nest(150, "integer"), nest(150, "integer")) == []
    assert breaking(nest(150, "integer"), nest(150, "number"))


def test_expressions_that_could_run_away_are_not_run() -> None:
    name = "a" * 60
    old = {"type": "object", "properties": {name: {"type": "string"}}}
    for pattern in ("^(a+)+$", "^(a|a)*$", "^(a?){40}a*$", "^((a*)b?)*$"):
        new = {"type": "object", "patternProperties": {pattern: {"type": "string"}}}
        with pytest.raises(ComparisonTooCostly, match="regular expression"):
            breaking(new, old)
    long = {"type": "object", "properties": {"a" * 30_000: {}}}
    with pytest.raises(ComparisonTooCostly, match="regular expression"):
        breaking({"type": "object", "patternProperties": {"a*a*b": {}}}, long)
