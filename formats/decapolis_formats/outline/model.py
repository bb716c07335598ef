"""A schema as rules see it: its types and fields, the same for every format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

DEPRECATED: Final = "deprecated"


@dataclass(frozen=True, slots=True)
class OutlineType:
    """A named type: a record (message, object) or an enum; `symbols` are an enum's."""

    path: str
    name: str
    kind: str
    doc: str | None = None
    symbols: tuple[str, ...] = ()
    default_symbol: bool = False
    """Whether a reader knows what to take for a symbol that it does not know."""
    deprecated: bool = False
    tags: tuple[str, ...] = ()

    @property
    def simple_name(self) -> str:
        """The name without its namespace."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class OutlineField:
    """A field (property) of a record; `uses` are all type names in its type expression, outermost first."""

    path: str
    name: str
    owner: str
    uses: tuple[str, ...]
    doc: str | None = None
    has_default: bool = False
    default: Any = None
    optional: bool = False
    """Whether data may lack a value: a union with null, a property that is not required, any field of proto3."""
    logical_type: str | None = None
    deprecated: bool = False
    tags: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The outermost type that is not null."""
        return next((name for name in self.uses if name not in {"null", "union"}), "null")


@dataclass(frozen=True, slots=True)
class Outline:
    """All types and fields of one text (its references excluded), outermost first, each once."""

    name: str | None
    """The full name of the outermost named type; a title in JSON Schema."""
    types: tuple[OutlineType, ...] = ()
    fields: tuple[OutlineField, ...] = ()
    depth: int = 0
    """How deep records nest in one another; 1 for a flat record."""

    def field_at(self, path: str) -> OutlineField | None:
        """The field of that path."""
        return next((each for each in self.fields if each.path == path), None)


@dataclass(slots=True)
class Gathering:
    """What a walk has found so far."""

    types: list[OutlineType] = field(default_factory=list)
    fields: list[OutlineField] = field(default_factory=list)
    depth: int = 0

    def outline(self, name: str | None) -> Outline:
        """The finished view."""
        return Outline(name, tuple(self.types), tuple(self.fields), self.depth)


def says_deprecated(doc: str | None) -> bool:
    """Whether a text marks what it documents as deprecated: its first word, or a mark like @deprecated, says so."""
    if not doc:
        return False
    lowered = doc.strip().lower()
    return lowered.startswith(DEPRECATED) or f"@{DEPRECATED}" in lowered or f"[{DEPRECATED}" in lowered
