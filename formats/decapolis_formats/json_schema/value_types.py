"""Which JSON types the instances of a schema may have: what tells members of a `oneOf` apart."""

from __future__ import annotations

from typing import Any

from .nodes import (
    Body,
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
MAX_DEPTH = 20
STATED = {
    Boolean: "boolean",
    Null: "null",
    Numeric: "number",
    Record: "object",
    Sequence: "array",
    Text: "string",
}
OF_VALUE = {bool: "boolean", dict: "object", list: "array", str: "string", type(None): "null"}


def types_of(node: Node, known: dict[Node, frozenset[str]], depth: int = 0) -> frozenset[str]:
    """The types that instances may have at most; all where nothing narrower is known.

    `known` remembers the answers, so that schemas that share parts are looked through once.
    """
    types = known.get(node)
    if types is None:
        if depth > MAX_DEPTH:
            return ALL
        known[node] = ALL  # for a schema that leads back to itself
        types = known[node] = _types_of_body(node.body, known, depth)
    return types


def _types_of_body(body: Body, known: dict[Node, frozenset[str]], depth: int) -> frozenset[str]:
    if isinstance(body, Referring):
        return types_of(body.target, known, depth + 1)
    if isinstance(body, Combined):
        types = [types_of(member, known, depth + 1) for member in body.members]
        return ALL.intersection(*types) if body.criterion == "allOf" else NONE.union(*types)
    if isinstance(body, Enumeration | Constant):
        values: list[Any] = body.raw if isinstance(body, Enumeration) else [body.raw]
        return frozenset(OF_VALUE.get(type(value), "number") for value in values)
    if isinstance(body, Text | Numeric | Record | Sequence) and not body.typed:
        return ALL
    if isinstance(body, Nothing):
        return NONE
    stated = STATED.get(type(body))
    return ALL if stated is None else frozenset({stated})
