"""How a table's columns differ from those that a document wants, for the planners of catalogs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from decapolis_formats.types import Field, Struct


class Kind(StrEnum):
    """What a change of one column is."""

    ADD = "add"
    DROP = "drop"
    TYPE = "type"
    RELAX = "relax"
    """From required to nullable."""
    TIGHTEN = "tighten"
    """From nullable to required."""
    DOC = "doc"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a column, or of a member of a struct column; `after` is None for a drop, `before` for an addition."""

    kind: Kind
    path: tuple[str, ...]
    before: Field | None = None
    after: Field | None = None

    @property
    def name(self) -> str:
        """The path as people read it."""
        return ".".join(self.path)


def changes(
    current: Struct, wanted: Struct, *, fold: Callable[[str], str] = str, path: tuple[str, ...] = ()
) -> Iterator[Change]:
    """Every change from one to the other: members of structs one by one, anything else as a change of its type.

    Columns are paired by name; `fold` says which names are the same to the engine.
    """
    there = {fold(field.name): field for field in current.fields}
    for after in wanted.fields:
        before = there.pop(fold(after.name), None)
        if before is None:
            yield Change(Kind.ADD, (*path, after.name), None, after)
        else:
            yield from _changed(before, after, fold, (*path, before.name))
    for before in there.values():
        yield Change(Kind.DROP, (*path, before.name), before, None)


def _changed(before: Field, after: Field, fold: Callable[[str], str], path: tuple[str, ...]) -> Iterator[Change]:
    if isinstance(before.type, Struct) and isinstance(after.type, Struct):
        yield from changes(before.type, after.type, fold=fold, path=path)
    elif before.type != after.type:
        yield Change(Kind.TYPE, path, before, after)
    if before.nullable != after.nullable:
        yield Change(Kind.RELAX if after.nullable else Kind.TIGHTEN, path, before, after)
    if (before.doc or "") != (after.doc or ""):
        yield Change(Kind.DOC, path, before, after)
