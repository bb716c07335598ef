"""JSON Schema: which change makes which difference, and what is said about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from decapolis_formats import CompareOptions, Difference, json_schema
from decapolis_formats.json_schema.findings import COMPATIBLE, LENIENT

MODERN = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
FOUR = {"$schema": "http://json-schema.org/draft-04/schema#"}
STRICT = CompareOptions(strict_semantics=True)
HUGE = 10**400


def differences(old: Any, new: Any, options: CompareOptions | None = None) -> list[str]:
    reader, writer = (json_schema.parse(json.dumps(each)) for each in (new, old))
    return sorted(str(each) for each in json_schema.compare(reader, writer, options or CompareOptions()))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            {"type": "string"},
            {"type": "string", "title": "a", "description": "b", "default": ""},
            ["DEFAULT_CHANGED #/default", "DESCRIPTION_CHANGED #/description", "TITLE_CHANGED #/title"],
        ),
        ({"$id": "a", "type": "null"}, {"$id": "b", "type": "null"}, ["ID_CHANGED #/id"]),
        (
            {"maxLength": 1},
            {"maxLength": 2, "minLength": 1},
            ["MAX_LENGTH_INCREASED #/maxLength", "MIN_LENGTH_ADDED #/minLength"],
        ),
        (
            {"maxLength": 2, "minLength": 1},
            {"maxLength": 1},
            ["MAX_LENGTH_DECREASED #/maxLength", "MIN_LENGTH_REMOVED #/minLength"],
        ),
        ({"pattern": "a", "minLength": 1}, {"minLength": 1}, ["PATTERN_REMOVED #/pattern"]),
        ({"minimum": 1}, {"minimum": 1.0}, []),
        ({"minimum": HUGE}, {"minimum": HUGE + 1}, []),
        ({"minimum": -HUGE}, {"minimum": 0}, ["MINIMUM_INCREASED #/minimum"]),
        ({"multipleOf": 4}, {"multipleOf": 2}, ["MULTIPLE_OF_REDUCED #/multipleOf"]),
        ({"multipleOf": 0.5}, {"multipleOf": 1.5}, ["MULTIPLE_OF_EXPANDED #/multipleOf"]),
        ({"multipleOf": 2}, {"multipleOf": 3}, ["MULTIPLE_OF_CHANGED #/multipleOf"]),
        ({"multipleOf": 2, "minimum": 0}, {"minimum": 0}, ["MULTIPLE_OF_REMOVED #/multipleOf"]),
        (
            {"exclusiveMaximum": 5},
            {"exclusiveMaximum": 6},
            ["EXCLUSIVE_MAXIMUM_INCREASED #/exclusiveMaximum"],
        ),
        (
            {"exclusiveMaximum": 5, "maximum": 3},
            {"exclusiveMaximum": 4, "maximum": 3},
            ["EXCLUSIVE_MAXIMUM_DECREASED #/exclusiveMaximum"],
        ),
        ({"enum": [1, 2]}, {"enum": [1, 2, 3]}, ["ENUM_ARRAY_EXTENDED #/enum"]),
        ({"enum": [{"a": 1, "b": 2}]}, {"enum": [{"b": 2, "a": 1}]}, []),
        ({"const": None}, {"const": 1}, ["ENUM_ARRAY_CHANGED #/const"]),
        ({"type": "integer"}, {"type": "number"}, ["TYPE_EXTENDED #/"]),
        ({"type": "string"}, True, []),
        (False, {"type": "string"}, []),
        (True, False, ["TYPE_CHANGED #/"]),
        ({"type": "string"}, {"anyOf": [{"type": "null"}, {"type": "string"}]}, ["SUM_TYPE_EXTENDED #/"]),
        ({"type": "string"}, {"allOf": [{"type": "string"}]}, []),
        ({"type": "string"}, {"allOf": [{"type": "null"}]}, ["TYPE_CHANGED #/"]),
        ({"type": "string"}, {"allOf": [{"type": "string"}, {"maxLength": 1}]}, ["TYPE_CHANGED #/"]),
        ({"type": "string"}, {"oneOf": [{"type": "null"}, {"type": "array"}]}, ["TYPE_CHANGED #/"]),
        ({"allOf": [{"type": "null"}, {"type": "string"}]}, {"type": "string"}, ["PRODUCT_TYPE_NARROWED #/"]),
        ({"anyOf": [{"type": "string"}]}, {"type": "string"}, []),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
            {"oneOf": [{"type": "string"}]},
            ["COMBINED_TYPE_CHANGED #/"],
        ),
        (
            {"allOf": [{"type": "string"}, {"maxLength": 1}]},
            {"oneOf": [{"type": "string"}]},
            ["COMBINED_TYPE_EXTENDED #/", "PRODUCT_TYPE_NARROWED #/"],
        ),
        (
            {"type": "object", "properties": {"a": False}},
            {"type": "object", "additionalProperties": False},
            [
                "ADDITIONAL_PROPERTIES_REMOVED #/additionalProperties",
                "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a",
            ],
        ),
        (
            {"additionalProperties": False},
            {"additionalProperties": {"type": "string"}},
            ["ADDITIONAL_PROPERTIES_ADDED #/additionalProperties"],
        ),
        (
            {"additionalProperties": {"type": "string"}},
            {"additionalProperties": True},
            ["ADDITIONAL_PROPERTIES_EXTENDED #/additionalProperties"],
        ),
        (
            {"additionalProperties": {}, "properties": {"a": {}}},
            {"additionalProperties": {}},
            ["PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a"],
        ),
        (
            {"additionalProperties": {"type": "string"}},
            {
                "additionalProperties": {"type": "string"},
                "properties": {"a": {"type": "string", "default": ""}},
                "required": ["a"],
            },
            [
                "DEFAULT_CHANGED #/properties/a/default",
                "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a",
                "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a",
            ],
        ),
        (
            {"type": "object"},
            {"type": "object", "properties": {"a": {"type": "null", "default": None}}, "required": ["a"]},
            ["REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a"],
        ),
        (
            MODERN | {"type": "object"},
            MODERN | {"type": "object", "properties": {"a": {"type": "null", "default": None}}, "required": ["a"]},
            ["REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a"],
        ),
        (
            {"properties": {"a": {}}, "required": ["a"]},
            {"properties": {"a": {}}},
            ["REQUIRED_ATTRIBUTE_REMOVED #/required/a"],
        ),
        (
            {"dependencies": {"a": ["b"], "c": ["d"], "e": ["f", "g"], "h": []}},
            {"dependencies": {"a": ["b", "c"], "e": ["f"]}},
            [
                "DEPENDENCY_ARRAY_EXTENDED #/dependencies/a",
                "DEPENDENCY_ARRAY_NARROWED #/dependencies/e",
                "DEPENDENCY_ARRAY_REMOVED #/dependencies/c",
            ],
        ),
        (
            {"dependencies": {"a": ["b"]}},
            {"dependencies": {"a": ["c"]}},
            ["DEPENDENCY_ARRAY_CHANGED #/dependencies/a"],
        ),
        (
            {"dependencies": {"a": {}}},
            {"dependencies": {"b": {}}},
            ["DEPENDENCY_SCHEMA_ADDED #/dependencies/b", "DEPENDENCY_SCHEMA_REMOVED #/dependencies/a"],
        ),
        (
            MODERN | {"dependentRequired": {"a": ["b"]}},
            MODERN | {"dependentRequired": {"a": []}},
            ["DEPENDENCY_ARRAY_REMOVED #/dependencies/a"],
        ),
        (
            MODERN | {"unevaluatedProperties": {"type": "string"}, "properties": {"a": {"type": "string"}}},
            MODERN | {"unevaluatedProperties": {"type": "string"}, "minProperties": 0},
            [
                "MIN_PROPERTIES_ADDED #/minProperties",
                "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a",
            ],
        ),
        ({"type": "array"}, {"items": {}}, ["SCHEMA_ADDED #/items"]),
        ({"items": {}}, {"type": "array"}, ["SCHEMA_REMOVED #/items"]),
        ({"items": [{}, {}]}, {"items": [{}]}, ["ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL #/items/1"]),
        (
            {"items": [{}]},
            {"items": [{}, {}]},
            ["ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL #/items/1"],
        ),
        (
            {"items": [{}, False]},
            {"items": [{}], "additionalItems": False},
            [
                "ADDITIONAL_ITEMS_REMOVED #/additionalItems",
                "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL #/items/1",
            ],
        ),
        (
            {"items": [{}, {}], "additionalItems": False},
            {"items": [{}], "additionalItems": False},
            ["ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL #/items/1"],
        ),
        (
            {"items": [{}], "additionalItems": False},
            {"items": [{}, {}], "additionalItems": {}},
            ["ADDITIONAL_ITEMS_ADDED #/additionalItems", "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL #/items/1"],
        ),
        (
            {"items": [{}], "additionalItems": {"type": "integer"}},
            {"items": [{}, {"type": "number"}]},
            [
                "ADDITIONAL_ITEMS_EXTENDED #/additionalItems",
                "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1",
                "TYPE_EXTENDED #/items/1",
            ],
        ),
        (
            MODERN | {"prefixItems": [{}, {"type": "null"}], "items": {"type": "null"}},
            MODERN | {"prefixItems": [{}], "items": {"type": "null"}},
            ["ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/1"],
        ),
        (
            MODERN | {"prefixItems": [{}], "unevaluatedItems": False},
            MODERN | {"prefixItems": [{}, {}], "unevaluatedItems": {}},
            ["ITEM_ADDED_TO_CLOSED_CONTENT_MODEL #/items/1", "UNEVALUATED_ITEMS_ADDED #/unevaluatedItems"],
        ),
        (
            MODERN | {"contains": {}, "maxContains": 3},
            MODERN | {"contains": {}, "minContains": 0, "maxContains": 4},
            ["MAX_CONTAINS_INCREASED #/maxContains", "MIN_CONTAINS_DECREASED #/minContains"],
        ),
        ({"uniqueItems": True}, {"uniqueItems": False}, ["UNIQUE_ITEMS_REMOVED #/uniqueItems"]),
        ({"not": {"type": "integer"}}, {"not": {"type": "number"}}, ["NOT_TYPE_EXTENDED #/not"]),
        ({"contains": {}, "$schema": FOUR["$schema"]}, FOUR, []),
        ({"type": ["string", "string"]}, {"type": ["string"]}, []),
    ],
)
def test_difference(old: Any, new: Any, expected: list[str]) -> None:
    assert differences(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}, []),
        ({"type": "string"}, {"type": "string", "format": "date"}, ["FORMAT_ADDED #/format"]),
        (
            FOUR | {"minimum": 5},
            FOUR | {"minimum": 5, "exclusiveMinimum": True},
            ["EXCLUSIVE_MINIMUM_ADDED #/exclusiveMinimum"],
        ),
        (
            FOUR | {"minimum": 6},
            FOUR | {"minimum": 5, "exclusiveMinimum": True},
            ["MINIMUM_DECREASED #/minimum"],
        ),
        (
            FOUR | {"maximum": 4},
            FOUR | {"maximum": 5, "exclusiveMaximum": True},
            ["MAXIMUM_INCREASED #/maximum"],
        ),
        ({"enum": [1, {"a": [2.0, 1e400]}]}, {"enum": [1.0, {"a": [2, 1e400]}]}, []),
        (
            {"required": ["a"]},
            {"required": ["a", "b"], "properties": {"b": {}}},
            ["REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/b"],
        ),
        (
            {"patternProperties": {"^a": {"type": "string"}}},
            {"additionalProperties": {"type": "number"}},
            ["ADDITIONAL_PROPERTIES_NARROWED #/additionalProperties", "TYPE_CHANGED #/patternProperties/^a"],
        ),
        ({"patternProperties": {"^a": False}}, {"type": "object"}, ["TYPE_NARROWED #/"]),
        (
            {"type": "object"},
            {"patternProperties": {"^a": {"type": "null"}, "b": True}},
            ["PATTERN_PROPERTY_ADDED #/patternProperties/^a"],
        ),
        ({"if": {}, "then": {}}, {"then": {"type": "null"}}, []),
        ({"then": {}}, {"if": {}, "then": {}}, ["CONDITION_ADDED #/if"]),
        ({"if": {"type": "integer"}}, {"if": {"type": "number"}}, ["CONDITION_CHANGED #/if"]),
        ({"if": {}}, {"if": {}, "else": {"type": "null"}}, ["CONDITIONAL_BRANCH_ADDED #/else"]),
        ({"contains": {"type": "integer"}}, {"contains": {"type": "number"}}, ["TYPE_EXTENDED #/contains"]),
        (
            MODERN | {"contains": {"type": "integer"}, "maxContains": 1},
            MODERN | {"contains": {"type": "number"}, "maxContains": 1, "minContains": 0},
            ["CONTAINS_CHANGED #/contains", "MIN_CONTAINS_DECREASED #/minContains"],
        ),
        (
            {"oneOf": [{"type": "integer"}, {"type": "string"}]},
            {"oneOf": [{"type": "number"}, {"type": "string"}]},
            ["TYPE_EXTENDED #/oneOf/0"],
        ),
        ({"oneOf": [{"minimum": 1}, {"maximum": 0}]}, {"oneOf": [{"maximum": 0}, {"minimum": 1}]}, []),
        (
            {"oneOf": [{"minimum": 1}, {"maximum": 0}]},
            {"oneOf": [{"minimum": 0}, {"maximum": 0}]},
            ["COMBINED_TYPE_SUBSCHEMAS_CHANGED #/", "MINIMUM_DECREASED #/oneOf/0/minimum"],
        ),
        (
            {"allOf": [{"type": "string"}]},
            {"anyOf": []},
            ["COMBINED_TYPE_EXTENDED #/", "COMBINED_TYPE_SUBSCHEMAS_CHANGED #/", "PRODUCT_TYPE_NARROWED #/"],
        ),
        (
            {"type": "string"},
            {"oneOf": [{"type": "string"}, {"enum": [1, None]}, {"not": {}}]},
            ["TYPE_CHANGED #/"],
        ),
        (
            {"type": "string"},
            {"oneOf": [{"type": "string"}, {"enum": [1, None]}, {"allOf": [{"type": "array"}, {}]}, False]},
            ["SUM_TYPE_EXTENDED #/"],
        ),
        (
            MODERN | {"properties": {"a": {}}, "additionalProperties": True, "unevaluatedProperties": False},
            MODERN | {"properties": {}, "additionalProperties": True, "unevaluatedProperties": False},
            ["PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL #/properties/a"],
        ),
        (
            MODERN
            | {
                "allOf": [{"$ref": "#/$defs/a"}],
                "unevaluatedProperties": False,
                "$defs": {"a": {"properties": {"b": {}}}},
            },
            MODERN
            | {
                "allOf": [{"$ref": "#/$defs/a"}],
                "unevaluatedProperties": False,
                "$defs": {"a": {"properties": {"c": {}}}},
            },
            [
                "COMBINED_TYPE_SUBSCHEMAS_CHANGED #/",
                "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL #/allOf/0/allOf/0/properties/b",
                "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL #/allOf/0/allOf/0/properties/c",
            ],
        ),
        (
            MODERN
            | {
                "$ref": "#/$defs/a",
                "unevaluatedItems": False,
                "$defs": {"a": {"prefixItems": [{}, {"$ref": "#"}]}},
            },
            MODERN
            | {
                "$ref": "#/$defs/a",
                "unevaluatedItems": False,
                "$defs": {"a": {"prefixItems": [{}, {"$ref": "#"}]}},
            },
            [],
        ),
    ],
)
def test_strict_difference(old: Any, new: Any, expected: list[str]) -> None:
    assert differences(old, new, STRICT) == expected


def test_lenient_policy_forgives_nine() -> None:
    assert len(COMPATIBLE) == 65
    assert len(LENIENT - COMPATIBLE) == 9
    old = json_schema.parse('{"properties":{"a":{}},"additionalProperties":false}')
    new = json_schema.parse('{"additionalProperties":false}')
    for lenient in (True, False):
        (found,) = json_schema.compare(new, old, CompareOptions(lenient=lenient))
        assert str(found) == "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a"
        assert found.compatible is lenient


def test_messages() -> None:
    found = Difference("MAX_LENGTH_DECREASED", "#/properties/{reader}/maxLength", False, "9 → 5")
    said = json_schema.describe(found, reader="old", writer="new")
    assert said.startswith('{errorType:"MAX_LENGTH_DECREASED", description:"')
    assert said.endswith("'}")
    assert "'#/properties/{reader}/maxLength'" in said
    assert "in the old schema than in the new one (9 → 5)" in said
    unknown = json_schema.describe(Difference("WHATEVER", "#/", False))
    assert unknown == "{errorType:\"WHATEVER\", description:\"'#/' differs between the new schema and the old one'}"


@pytest.mark.parametrize("name", sorted(LENIENT))
def test_every_difference_has_a_sentence(name: str) -> None:
    said = json_schema.describe(Difference(name, "#/a", True))
    assert "#/a" in said
    assert "differs between" not in said
    assert said.count("{") == said.count("}") == 1


def test_what_is_wrong_inside_a_circle_is_told_once_more_where_the_circle_closes() -> None:
    old = {"properties": {"v": {"type": "integer"}, "next": {"$ref": "#"}}}
    new = {"properties": {"v": {"type": "string"}, "next": {"$ref": "#"}}}
    assert differences(old, new) == ["TYPE_CHANGED #/properties/next/properties/v", "TYPE_CHANGED #/properties/v"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"unevaluatedProperties": {}}, {"unevaluatedProperties": {"type": "string"}}, "NARROWED"),
        ({"unevaluatedProperties": True}, {"unevaluatedProperties": {"type": "string"}}, "NARROWED"),
        ({"unevaluatedProperties": {"type": "string"}}, {"unevaluatedProperties": False}, "REMOVED"),
    ],
)
def test_unevaluated_properties_that_allowed_everything(old: Any, new: Any, expected: str) -> None:
    kept = {"type": "object", **MODERN}
    assert differences(kept | old, kept | new) == [f"UNEVALUATED_PROPERTIES_{expected} #/unevaluatedProperties"]


def test_an_empty_schema_for_what_is_unevaluated_keeps_an_object_open() -> None:
    old = {**MODERN, "unevaluatedProperties": {}}
    new = old | {"properties": {"a": {"type": "string"}}}
    assert differences(old, new) == ["OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a"]


@pytest.mark.parametrize("keyword", ["additionalProperties", "dependentRequired", "propertyNames"])
def test_an_empty_object_under_a_keyword_of_objects_makes_an_object_schema(keyword: str) -> None:
    assert differences({"type": "object", **MODERN}, {keyword: {}, **MODERN}) != ["TYPE_CHANGED #/"]
    assert differences({"type": "string", **MODERN}, {keyword: {}, **MODERN}) == ["TYPE_CHANGED #/"]


@pytest.mark.parametrize(
    ("listed", "breaking"),
    [
        # the limit is met before the types, alone: it joins them
        ({"type": ["integer", "null"], "maximum": 5}, "TYPE_CHANGED #/"),
        # nothing of format counts, but it is met before the types
        ({"type": ["string", "null"], "format": "uri", "maxLength": 9}, ""),
        # two kinds are met before the types
        ({"type": ["string", "integer"], "minLength": 1, "maximum": 5}, ""),
    ],
)
def test_keywords_beside_a_list_of_types(listed: dict[str, Any], breaking: str) -> None:
    alone = listed | {"type": listed["type"][0]}
    found = differences(MODERN | listed, MODERN | alone)
    assert [each for each in found if each.split()[0] not in COMPATIBLE] == ([breaking] if breaking else [])


def test_members_of_several_parts_are_taken_apart_since_2019() -> None:
    old = {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "integer"}]}
    new = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    assert differences(old, new) == ["PRODUCT_TYPE_NARROWED #/anyOf/0"]
    assert differences(MODERN | old, MODERN | new) == ["SUM_TYPE_NARROWED #/"]
    twice = {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}]}
    assert differences(MODERN | twice, MODERN | twice) == []
