"""Which JSON types the instances of a schema may have: what tells members of a `oneOf` apart."""

from __future__ import annotations

from typing import Any

from .nodes import (
    Boolean,
    Combined,
    Constant,
    Enumeration,
    Node,
    Nothing,
    Null,
    Numeric,
    Record,
    Referring,
    Sequence,
    Text,
)

ALL = frozenset({"array", "boolean", "null", "number", "object", "string"})
NONE: frozenset[str] = frozenset()
MAX_STEPS = 1_000
STATED = {
    Boolean: "boolean",
    Null: "null",
    Numeric: "number",
    Record: "object",
    Sequence: "array",
    Text: "string",
}
OF_VALUE = {bool: "boolean", dict: "object", list: "array", str: "string", type(None): "null"}


def types_of(node: Node, depth: int = 0) -> frozenset[str]:
    """The types that instances may have at most; all where nothing narrower is known."""
    body = node.body
    if depth > 20:
        return ALL
    if isinstance(body, Referring):
        return types_of(body.target, depth + 1)
    if isinstance(body, Combined):
        return _of_members(body, depth)
    if isinstance(body, Enumeration | Constant):
        values: list[Any] = body.raw if isinstance(body, Enumeration) else [body.raw]
        return frozenset(OF_VALUE.get(type(value), "number") for value in values)
    if isinstance(body, Text | Numeric | Record | Sequence) and not body.typed:
        return ALL
    if isinstance(body, Nothing):
        return NONE
    stated = STATED.get(type(body))
    return ALL if stated is None else frozenset({stated})


def _of_members(combined: Combined, depth: int) -> frozenset[str]:
    if len(combined.members) > MAX_STEPS or depth > 3:
        return ALL
    types = [types_of(member, depth + 1) for member in combined.members]
    if combined.criterion == "allOf":
        return ALL.intersection(*types)
    return NONE.union(*types)
