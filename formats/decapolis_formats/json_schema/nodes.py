"""What a JSON Schema compiles to: nodes whose bodies are of the kinds that the comparison tells apart.

The kinds, and which keywords make which, are those of compatibility.md sections 4.2 and 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

type_of_number = int | Decimal


class Body:
    """What makes a node of its kind; nodes are of the same kind when their bodies are of the same class."""

    __slots__ = ()


class Node:
    """One compiled schema: annotations and a body. Filled once by a loader, never changed afterwards."""

    __slots__ = ("annotations", "body", "bytes", "has_default", "source")

    body: Body

    def __init__(self, source: Any) -> None:
        self.source = source
        self.annotations: Mapping[str, Any] | None = None
        self.has_default = False
        self.bytes = False


class Empty(Body):
    """No keyword that restricts anything."""

    __slots__ = ()


class Everything(Empty):
    """The schema `true`: another kind than EMPTY, and taken for it wherever EMPTY is asked for."""

    __slots__ = ()


class Nothing(Body):
    """The schema `false`."""

    __slots__ = ()


class Boolean(Body):
    """`"type": "boolean"`."""

    __slots__ = ()


class Null(Body):
    """`"type": "null"`."""

    __slots__ = ()


class Referring(Body):
    """A `$ref` and the node that it names."""

    __slots__ = ("target",)

    def __init__(self, target: Node) -> None:
        self.target = target


class Enumeration(Body):
    """The values of an `enum`, each as its text with sorted keys: `1` and `1.0` are two of them."""

    __slots__ = ("raw", "values")

    def __init__(self, values: frozenset[str], raw: list[Any]) -> None:
        self.values = values
        self.raw = raw


class Constant(Body):
    """The value of a `const`, as its text with sorted keys."""

    __slots__ = ("raw", "value")

    def __init__(self, value: str, raw: Any) -> None:
        self.value = value
        self.raw = raw


class Combined(Body):
    """`allOf`, `anyOf`, `oneOf`, a list of types (anyOf) or several kinds in one schema (an implied allOf).

    `distinct` are the members without those of the same text. `loose` and `loose_distinct` are what the
    reference makes of them: from 2019-09 on it puts the parts of a member that is an implied allOf among
    the members.
    """

    __slots__ = ("criterion", "distinct", "implied", "loose", "loose_distinct", "members")

    def __init__(self, criterion: str, members: tuple[Node, ...], *, implied: bool = False) -> None:
        self.criterion = criterion
        self.implied = implied
        self.members = self.distinct = self.loose = self.loose_distinct = members


class Negation(Body):
    """A `not` and what it forbids."""

    __slots__ = ("forbidden",)

    def __init__(self, forbidden: Node) -> None:
        self.forbidden = forbidden


class Conditional(Body):
    """`if`, `then` and `else`, by keyword."""

    __slots__ = ("branches",)

    def __init__(self, branches: Mapping[str, Node]) -> None:
        self.branches = branches


class Text(Body):
    """The keywords of strings; `typed` tells whether the type was stated."""

    __slots__ = ("format", "max_length", "min_length", "pattern", "typed")

    def __init__(self, *, typed: bool) -> None:
        self.typed = typed
        self.min_length: int | None = None
        self.max_length: int | None = None
        self.pattern: str | None = None
        self.format: str | None = None


class Numeric(Body):
    """The keywords of numbers; `integer` is the stated type, not a property of the limits."""

    __slots__ = (
        "exclusive_flags",
        "exclusive_maximum",
        "exclusive_minimum",
        "integer",
        "maximum",
        "minimum",
        "multiple_of",
        "typed",
    )

    def __init__(self, *, typed: bool, integer: bool = False) -> None:
        self.typed = typed
        self.integer = integer
        self.minimum: type_of_number | None = None
        self.maximum: type_of_number | None = None
        self.exclusive_minimum: type_of_number | None = None
        self.exclusive_maximum: type_of_number | None = None
        self.multiple_of: type_of_number | None = None
        self.exclusive_flags = (False, False)


class Record(Body):
    """The keywords of objects; `additional` is a schema, True where anything goes, False where nothing
    does.

    `owner` is the whole schema where other parts of it can evaluate properties, None where none can.
    """

    __slots__ = (
        "additional",
        "dependent_names",
        "dependent_schemas",
        "idle",
        "max_properties",
        "min_properties",
        "names",
        "owner",
        "patterns",
        "properties",
        "required",
        "typed",
        "unevaluated",
    )

    def __init__(self, *, typed: bool) -> None:
        self.typed = typed
        self.properties: Mapping[str, Node] = NONE
        self.required: frozenset[str] = NO_NAMES
        self.min_properties: int | None = None
        self.max_properties: int | None = None
        self.dependent_names: Mapping[str, frozenset[str]] = NONE
        self.dependent_schemas: Mapping[str, Node] = NONE
        self.patterns: Mapping[str, Node] = NONE
        self.additional: Node | bool = True
        self.unevaluated: Node | None = None
        self.names: Node | None = None
        self.owner: Node | None = None
        self.idle = False


class Sequence(Body):
    """The keywords of arrays: `every` item, or the first items in `places` and `additional` ones behind.

    `idle` and `owner` are as those of objects; `inert` tells that `additional` has no places to follow.
    """

    __slots__ = (
        "additional",
        "contains",
        "every",
        "idle",
        "inert",
        "max_contains",
        "max_items",
        "min_contains",
        "min_items",
        "owner",
        "places",
        "typed",
        "unevaluated",
        "unique",
    )

    def __init__(self, *, typed: bool) -> None:
        self.typed = typed
        self.every: Node | None = None
        self.places: tuple[Node, ...] = ()
        self.additional: Node | bool = True
        self.unevaluated: Node | None = None
        self.contains: Node | None = None
        self.min_items: int | None = None
        self.max_items: int | None = None
        self.min_contains: int | None = None
        self.max_contains: int | None = None
        self.unique = False
        self.owner: Node | None = None
        self.idle = False
        self.inert = False


NONE: Mapping[str, Any] = {}
NO_NAMES: frozenset[str] = frozenset()
EMPTY = Empty()
EVERYTHING = Everything()
NOTHING = Nothing()
BOOLEAN = Boolean()
NULL = Null()


def children(body: Body) -> list[Node]:
    """The schemas inside a body, in an order that equal texts share; targets of references are outside."""
    if isinstance(body, Combined):
        return list(body.members)
    if isinstance(body, Negation):
        return [body.forbidden]
    if isinstance(body, Conditional):
        return [body.branches[keyword] for keyword in sorted(body.branches)]
    if isinstance(body, Record):
        named = (body.properties, body.patterns, body.dependent_schemas)
        inner = [holder[name] for holder in named for name in sorted(holder)]
        return [*inner, *_nodes(body.additional, body.unevaluated, body.names)]
    if isinstance(body, Sequence):
        return [*body.places, *_nodes(body.every, body.additional, body.unevaluated, body.contains)]
    return []


def _nodes(*found: Node | bool | None) -> list[Node]:
    return [each for each in found if isinstance(each, Node)]
