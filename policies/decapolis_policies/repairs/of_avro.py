"""Edits of Avro schemas, on nodes of our own, because parsed schemas are shared and must not change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from decapolis_formats import DEFAULT_OPTIONS, InvalidSchema
from decapolis_formats.avro import AvroSchema
from decapolis_formats.avro.comparing import AmbiguousFieldError, Comparison
from decapolis_formats.avro.json_text import load
from decapolis_formats.avro.nodes import (
    ABSENT,
    BARE,
    Array,
    Enum,
    Field,
    Fixed,
    Map,
    Named,
    Primitive,
    Record,
    Type,
    Union,
)
from decapolis_formats.avro.printing import Canonical
from decapolis_formats.avro.reading import Reader

from . import Edits

_NUMBERS: Final = ("int", "long", "float", "double")
MOST_DEPTH: Final = 60
MOST_WORK: Final = 50_000
"""Pairs of types that are compared for one repair; it is made where a caller waits."""

BEYOND: Final = ("AMBIGUOUS_FIELD",)
"""Beginnings of the names of differences that no edit here undoes."""


def edited(new: AvroSchema, old: AvroSchema, edits: Edits) -> str:
    """The text of `new`, edited so that it may follow `old` in the directions asked for, as far as the list goes."""
    root = _Editor(edits).settled(_copied(new), _copied(old), "the schema")
    return Canonical(new.known).text(root)


def _copied(schema: AvroSchema) -> Type:
    reader = Reader(strict=False)
    for dependency in schema.dependencies:
        reader.read(load(dependency.text))
    return reader.read(load(schema.text))


class _Readings:
    """Answers whether one type reads another, many times over, within one budget for all."""

    def __init__(self) -> None:
        self._left = MOST_WORK

    def reads(self, reader: Type, writer: Type) -> bool:
        """Whether it does; ComparisonTooCostly once the budget is gone, which is the end of the repair."""
        comparison = Comparison(replace(DEFAULT_OPTIONS, budget=self._left))
        try:
            return not comparison.run(reader, writer)
        except AmbiguousFieldError:
            return False
        finally:
            self._left -= comparison.spent


class _Editor:
    """Walks both schemas together and changes the new one where it stands in the way."""

    def __init__(self, edits: Edits) -> None:
        self._edits = edits
        self._reads = _Readings().reads
        self._seen: set[tuple[int, int]] = set()
        self._under_way: set[tuple[int, int]] = set()
        self._met_again = 0

    def settled(self, new: Type, old: Type, where: str) -> Type:
        """The new type, or the one to take instead."""
        pair = (id(new), id(old))
        self._met_again += pair in self._under_way
        if pair in self._seen or len(self._under_way) >= MOST_DEPTH or self._holds(new, old):
            return new
        self._seen.add(pair)
        self._under_way.add(pair)
        result = self._changed(new, old, where)
        self._under_way.discard(pair)
        return result

    def _holds(self, new: Type, old: Type) -> bool:
        return (not self._edits.backward or self._reads(new, old)) and (
            not self._edits.forward or self._reads(old, new)
        )

    def _changed(self, new: Type, old: Type, where: str) -> Type:
        met_again = self._met_again
        match new, old:
            case Record(), Record():
                self._named(new, old)
                self._record(new, old)
            case Enum(), Enum():
                self._named(new, old)
                self._enum(new, old)
            case Array(), Array():
                new.items = self.settled(new.items, old.items, f"the items of {where}")
            case Map(), Map():
                new.values = self.settled(new.values, old.values, f"the values of {where}")
            case Union(), Union():
                new.branches = [self._branch(branch, old, where) for branch in new.branches]
        # whether a recursive type holds shows only once the outermost use of it is settled
        deferred = self._met_again > met_again
        return new if deferred or self._holds(new, old) else self._other_type(new, old, where)

    def _branch(self, branch: Type, old: Union, where: str) -> Type:
        partner = next((each for each in old.branches if _is_same(branch, each)), None)
        return branch if partner is None else self.settled(branch, partner, where)

    def _named(self, new: Record | Enum, old: Record | Enum) -> None:
        if new.name != old.name and self._edits.backward and old.full not in new.aliases:
            new.aliases = (*new.aliases, old.full)
            self._edits.tell(f"give {new.full} the alias {old.full}")

    def _enum(self, new: Enum, old: Enum) -> None:
        missing = [symbol for symbol in old.symbols if symbol not in new.symbols]
        if missing and self._edits.backward and new.default is None:
            new.symbols = [*new.symbols, *missing]
            self._edits.tell(f"re-add the symbol{'s' * (len(missing) > 1)} {', '.join(missing)} to {new.full}")

    def _record(self, new: Record, old: Record) -> None:
        pairs = {field.name: _partner(field, old) for field in new.fields}
        gone = [field for field in old.fields if field not in pairs.values()]
        for field in new.fields:
            partner = pairs[field.name]
            if partner is not None:
                field.type = self.settled(field.type, partner.type, f"the field '{field.name}' of {new.full}")
            elif self._edits.backward and field.default is ABSENT:
                self._added(new, field, gone, alone=sum(each is None for each in pairs.values()) == 1)
        if self._edits.forward:
            kept = [field for field in gone if field.default is ABSENT]
            new.fields = [*new.fields, *kept]
            for field in kept:
                self._edits.tell(f"keep the field '{field.name}' of {new.full}")

    def _added(self, record: Record, field: Field, gone: list[Field], *, alone: bool) -> None:
        """A new field without a default: a renamed one gets an alias, any other null as its default."""
        renamed = alone and len(gone) == 1 and not self._edits.forward and self._reads(field.type, gone[0].type)
        if renamed:
            field.aliases = (*field.aliases, gone[0].name)
            self._edits.tell(f"give the field '{field.name}' of {record.full} the alias '{gone[0].name}'")
            return
        if self._edits.keeps_types:
            field.default = _empty(field.type, ())
            shown = json.dumps(field.default, ensure_ascii=False)
            self._edits.tell(f"give the field '{field.name}' of {record.full} the default {shown}")
            return
        field.type, field.default = _nullable(field.type), None
        self._edits.tell(f"make the field '{field.name}' of {record.full} nullable with the default null")

    def _other_type(self, new: Type, old: Type, where: str) -> Type:
        if self._edits.forward:
            self._edits.tell(f"keep the type of {where}")
            return old
        if not self._edits.backward:
            return new
        wider = self._wider(new, old)
        if _is_null(old) or (
            isinstance(old, Union) and any(map(_is_null, old.branches)) and not isinstance(new, Union)
        ):
            self._edits.tell(f"make {where} nullable")
        else:
            self._edits.tell(f"widen the type of {where} so that it reads what was written")
        return wider

    def _wider(self, new: Type, old: Type) -> Type:
        """A type that reads both: the wider of two numbers, else a union."""
        if isinstance(new, Primitive) and isinstance(old, Primitive) and {new.kind, old.kind} <= set(_NUMBERS):
            return BARE[max(new.kind, old.kind, key=_NUMBERS.index)]
        own = new.branches if isinstance(new, Union) else [new]
        branches = list(own)
        for branch in old.branches if isinstance(old, Union) else [old]:
            if not any(self._reads(each, branch) for each in branches):
                branches.append(branch)
        # null first, as it is usually written
        return Union(sorted(branches, key=lambda branch: not _is_null(branch)))


def _partner(field: Field, old: Record) -> Field | None:
    found = old.by_name.get(field.name)
    return found or next((old.by_name[alias] for alias in field.aliases if alias in old.by_name), None)


def _is_same(one: Type, other: Type) -> bool:
    """Whether two branches of unions are meant to be each other's."""
    if isinstance(one, Named) and isinstance(other, Named):
        return one.kind == other.kind and one.name == other.name
    return one.kind == other.kind


def _is_null(node: Type) -> bool:
    return isinstance(node, Primitive) and node.kind == "null"


def _nullable(node: Type) -> Type:
    """The type with null as its first branch, where a default of null is understood by everybody."""
    branches = node.branches if isinstance(node, Union) else [node]
    return Union([BARE["null"], *(branch for branch in branches if not _is_null(branch))])


_EMPTY: Final = {
    "null": None,
    "boolean": False,
    "int": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "bytes": "\u0000",  # a decimal of no bytes at all is no number
    "string": "",
}


def _empty(node: Type, within: tuple[Type, ...]) -> Any:
    """The value of a type that says least; InvalidSchema for a record that holds itself without an end."""
    match node:
        case Primitive():
            return _EMPTY[node.kind]
        case Enum():
            return node.symbols[0]
        case Fixed():
            return "\u0000" * node.size
        case Array():
            return []
        case Map():
            return {}
        case Union():
            return _empty(node.branches[0], within)
        case Record() if not any(each is node for each in within):
            return {
                field.name: _empty(field.type, (*within, node)) if field.default is ABSENT else field.default
                for field in node.fields
            }
    raise InvalidSchema(f"there is no smallest value of {node.kind}")
