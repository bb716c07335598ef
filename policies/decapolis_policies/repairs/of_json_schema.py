"""Edits of JSON Schemas: both values are walked together where they have the same keywords; references stay as they are."""

from __future__ import annotations

import copy
from typing import Any, Final

from decapolis_formats.json_schema.engine import JsonSchema
from decapolis_formats.json_schema.printing import printed

from . import Edits

_INNER: Final = ("items", "additionalProperties", "not", "if", "then", "else", "contains")
_NAMED: Final = ("properties", "definitions", "$defs", "patternProperties")
_LISTED: Final = ("allOf", "anyOf", "oneOf", "prefixItems", "items")
MOST_DEPTH: Final = 60

BEYOND: Final = (
    *("ADDITIONAL_", "DEPENDENCY_", "EXCLUSIVE_", "ITEM_", "MAX", "MIN", "MULTIPLE_OF_", "NOT_TYPE_", "PATTERN_"),
    *("PRODUCT_TYPE_", "UNEVALUATED_", "UNIQUE_ITEMS_"),
)
"""Beginnings of the names of differences that no edit here undoes."""


def edited(new: JsonSchema, old: JsonSchema, edits: Edits) -> str:
    """The text of `new`, edited so that it may follow `old` in the directions asked for, as far as the list goes."""
    value = copy.deepcopy(new.value)
    _settle(value, old.value, edits, 0)
    return printed(value)


def _settle(new: Any, old: Any, edits: Edits, depth: int) -> None:
    if not (isinstance(new, dict) and isinstance(old, dict)) or depth > MOST_DEPTH:
        return
    _settle_properties(new, old, edits)
    _settle_required(new, old, edits)
    _settle_enum(new, old, edits)
    _settle_type(new, old, edits)
    for keyword in _INNER:
        _settle(new.get(keyword), old.get(keyword), edits, depth + 1)
    for keyword in _NAMED:
        inner, before = _mapping(new, keyword), _mapping(old, keyword)
        for name in inner.keys() & before.keys():
            _settle(inner[name], before[name], edits, depth + 1)
    for keyword in _LISTED:
        inner_list, before_list = new.get(keyword), old.get(keyword)
        if isinstance(inner_list, list) and isinstance(before_list, list):
            for each, other in zip(inner_list, before_list, strict=False):
                _settle(each, other, edits, depth + 1)


def _mapping(value: dict[str, Any], keyword: str) -> dict[str, Any]:
    found = value.get(keyword)
    return found if isinstance(found, dict) else {}


def _names(value: dict[str, Any]) -> list[str]:
    required = value.get("required")
    return [name for name in required if isinstance(name, str)] if isinstance(required, list) else []


def _settle_properties(new: dict[str, Any], old: dict[str, Any], edits: Edits) -> None:
    """A property that is gone is kept where readers would refuse it, or miss it."""
    closed = new.get("additionalProperties", True) is not True
    if not (edits.forward or closed):
        return
    properties = _mapping(new, "properties")
    for name, schema in _mapping(old, "properties").items():
        if name not in properties:
            new.setdefault("properties", properties)[name] = copy.deepcopy(schema)
            properties = _mapping(new, "properties")
            edits.tell(f"keep the property '{name}'")


def _settle_required(new: dict[str, Any], old: dict[str, Any], edits: Edits) -> None:
    before, now = _names(old), _names(new)
    properties = _mapping(new, "properties")
    if edits.backward:
        added = [name for name in now if name not in before and not _has_default(properties.get(name))]
        for name in added:
            now.remove(name)
            edits.tell(f"make the property '{name}' optional")
    if edits.forward:
        for name in before:
            if name not in now:
                now.append(name)
                edits.tell(f"keep the property '{name}' required")
    if now != _names(new):
        new["required"] = now
        if not now:
            del new["required"]


def _has_default(schema: Any) -> bool:
    return isinstance(schema, dict) and "default" in schema


def _settle_enum(new: dict[str, Any], old: dict[str, Any], edits: Edits) -> None:
    values, before = new.get("enum"), old.get("enum")
    if not (edits.backward and isinstance(values, list) and isinstance(before, list)):
        return
    known = {printed(value) for value in values}
    missing = [value for value in before if printed(value) not in known]
    if missing:
        new["enum"] = [*values, *missing]
        edits.tell(f"re-add the value{'s' * (len(missing) > 1)} {', '.join(map(printed, missing))} to the enum")


def _settle_type(new: dict[str, Any], old: dict[str, Any], edits: Edits) -> None:
    now, before = _types(new), _types(old)
    if not now or not before:
        return
    if edits.forward and not all(_fits(name, before) for name in now):
        new["type"] = copy.copy(old["type"])
        edits.tell(f"keep the type {' or '.join(before)}")
    elif edits.backward and not all(_fits(name, now) for name in before):
        wider = [*now, *(name for name in before if not _fits(name, now))]
        if "number" in wider and "integer" in wider:
            wider.remove("integer")
        new["type"] = wider if len(wider) > 1 else wider[0]
        edits.tell(f"widen the type to {' or '.join(wider)}")


def _types(value: dict[str, Any]) -> list[str]:
    stated = value.get("type")
    if isinstance(stated, str):
        return [stated]
    return [name for name in stated if isinstance(name, str)] if isinstance(stated, list) else []


def _fits(name: str, types: list[str]) -> bool:
    return name in types or (name == "integer" and "number" in types)
