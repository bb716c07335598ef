"""A compiled Avro schema: small nodes, a named type being one and the same node wherever it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

PRIMITIVES: Final = frozenset(("null", "boolean", "int", "long", "float", "double", "bytes", "string"))

NO_PROPERTIES: Final[Mapping[str, Any]] = {}

_NOTHING: Final[frozenset[str]] = frozenset()

# The primitives that a reader of a primitive makes sense of: itself and the specification's promotions.
READS: Final = {kind: frozenset((kind,)) for kind in PRIMITIVES} | {
    "long": frozenset(("long", "int")),
    "float": frozenset(("float", "long", "int")),
    "double": frozenset(("double", "float", "long", "int")),
    "string": frozenset(("string", "bytes")),
    "bytes": frozenset(("bytes", "string")),
}


class Primitive:
    """One of the eight primitive types, with the properties written beside it."""

    __slots__ = ("kind", "properties")

    def __init__(self, kind: str, properties: Mapping[str, Any] = NO_PROPERTIES) -> None:
        self.kind = kind
        self.properties = properties


# every bare use of a primitive is the same node
BARE: Final = {kind: Primitive(kind) for kind in PRIMITIVES}


class Array:
    """A sequence of one type."""

    __slots__ = ("items", "properties")
    kind: Final = "array"

    def __init__(self, items: Type, properties: Mapping[str, Any]) -> None:
        self.items = items
        self.properties = properties


class Map:
    """String keys and values of one type."""

    __slots__ = ("properties", "values")
    kind: Final = "map"

    def __init__(self, values: Type, properties: Mapping[str, Any]) -> None:
        self.values = values
        self.properties = properties


class Union:
    """One of several types; `reads` are the primitive writers that one of its primitive branches reads.

    `plain` says that every branch is primitive, `text` is how a union of bare primitives is always printed.
    """

    __slots__ = ("branches", "plain", "reads", "text")
    kind: Final = "union"

    def __init__(self, branches: list[Type], text: str | None = None) -> None:
        self.branches = branches
        kinds = [branch.kind for branch in branches]
        self.plain = PRIMITIVES.issuperset(kinds)
        self.reads = _NOTHING.union(*[READS[kind] for kind in kinds if kind in PRIMITIVES])
        self.text = text

    def twin(self) -> Union:
        """Another union of the same branches: a place of its own in a schema, for those who tell places apart.

        Only for plain ones: those of names get other branches when the names are resolved.
        """
        other = _new_union(Union)
        other.branches, other.plain, other.reads, other.text = self.branches, self.plain, self.reads, self.text
        return other


_new_union: Final = Union.__new__

USUAL_UNIONS: Final[dict[tuple[str, ...], Union]] = {}
"""Unions of bare primitives by their names, to take twins of."""
_MOST_USUAL = 1_000


def union_of(branches: list[Type]) -> Union:
    """A union of these branches, remembered where they are bare primitives."""
    if not all(BARE.get(branch.kind) is branch for branch in branches):
        return Union(branches)
    kinds = tuple(branch.kind for branch in branches)
    quoted = '","'.join(kinds)
    made = Union(branches, f'["{quoted}"]' if kinds else "[]")
    if len(USUAL_UNIONS) < _MOST_USUAL:
        USUAL_UNIONS[kinds] = made.twin()
    return made


class Named:
    """Common to records, enums and fixed types; `space` may be empty, aliases are full names."""

    __slots__ = ("aliases", "doc", "name", "properties", "space")

    def __init__(
        self, name: str, space: str, doc: str | None, aliases: tuple[str, ...], properties: Mapping[str, Any]
    ) -> None:
        self.name = name
        self.space = space
        self.doc = doc
        self.aliases = aliases
        self.properties = properties

    @property
    def full(self) -> str:
        """The name with its namespace."""
        return f"{self.space}.{self.name}" if self.space else self.name


class Record(Named):
    """Fields in their order; `error` tells how the text spelled the type."""

    __slots__ = ("by_name", "error", "fields")
    kind: Final = "record"

    fields: Sequence[Field]
    by_name: Mapping[str, Field]
    error: bool


class Enum(Named):
    """Symbols in their order, and the one that stands for symbols unknown to the reader."""

    __slots__ = ("default", "symbols")
    kind: Final = "enum"

    symbols: Sequence[str]
    default: str | None


class Fixed(Named):
    """A number of bytes."""

    __slots__ = ("size",)
    kind: Final = "fixed"

    size: int


class Pending:
    """A name used before its definition; replaced by the definition before anybody else sees the schema."""

    __slots__ = ("full",)
    kind: Final = "pending"

    def __init__(self, full: str) -> None:
        self.full = full


class _Absent:
    __slots__ = ()


ABSENT: Final = _Absent()


class Field:
    """A field of a record; `default` is the JSON value as parsed, or ABSENT."""

    __slots__ = ("aliases", "default", "doc", "name", "order", "properties", "type")

    def __init__(
        self,
        name: str,
        node: Type,
        default: Any = ABSENT,
        doc: str | None = None,
        order: str = "ascending",
        aliases: tuple[str, ...] = (),
        properties: Mapping[str, Any] = NO_PROPERTIES,
    ) -> None:
        self.name = name
        self.type = node
        self.default = default
        self.doc = doc
        self.order = order
        self.aliases = aliases
        self.properties = properties


Definition = Record | Enum | Fixed
Type = Primitive | Array | Map | Union | Definition | Pending
