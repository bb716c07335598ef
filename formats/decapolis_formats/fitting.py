"""One walk that makes any model fit what a format holds, and tells what that loses.

What comes out is printed and read back exactly; fitting it again changes nothing and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from .fitting_names import Definitions, distinct, suggested
from .holds import Holds
from .nearest import nearest
from .types import (
    ABSENT,
    NOTHING,
    Annotated,
    Branch,
    Enum,
    Field,
    List,
    Loss,
    Map,
    Model,
    Named,
    Null,
    Scalar,
    Struct,
    Text,
    Type,
    Union,
    Variant,
    Where,
    kind,
    shown,
)
from .values import carried

WRAPPED = "value"


def fitted(model: Model, holds: Holds, *, name: str = "Record") -> tuple[Model, tuple[Loss, ...]]:
    """The nearest model that the format holds, and what it lost; `name` is for a root that needs one."""
    return _Fitting(model, holds, name).run()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: the path, what kind of place it is, and the names that it is inside of."""

    path: str
    where: Where
    hint: str
    inside: tuple[str, ...] = ()

    def to(self, step: str, where: Where, hint: str = "") -> _Place:
        dot = "." if where in ("field", "member") and self.path else ""
        return _Place(f"{self.path}{dot}{step}", where, hint or self.hint, self.inside)

    def within(self, name: str) -> _Place:
        return replace(self, inside=(*self.inside, name))


class _Fitting:
    """One walk over one model."""

    def __init__(self, model: Model, holds: Holds, name: str) -> None:
        self.model = model
        self.holds = holds
        self.name = name
        self.losses: dict[Loss, None] = {}
        self.told: set[str] = set()
        self.definitions = Definitions(holds.spell_type, holds.fold, model.definitions)

    def run(self) -> tuple[Model, tuple[Loss, ...]]:
        """The whole walk."""
        place = _Place("", "root", self.name.rpartition(".")[2])
        source, wrapped = self._rooted(place)
        root = self._root(source, place)
        nullable = self._nullability(root, place, self.model.nullable and not wrapped)
        finished, more = self.holds.finish(Model(root, nullable, self.definitions.found))
        return finished, tuple(dict.fromkeys((*self.losses, *more)))

    def _rooted(self, place: _Place) -> tuple[Type, bool]:
        """The root, wrapped in a struct of one field where the format's roots are structs."""
        if not self.holds.struct_root or isinstance(self.model.meaning(self.model.root), Struct):
            return self.model.root, False
        self._lose(place, "that the root is no struct", f"it is the field {WRAPPED}", guessed=True)
        return Struct((Field(WRAPPED, self.model.root, self.model.nullable),)), True

    def _root(self, source: Type, place: _Place) -> Type:
        if self.holds.root_name == "any":
            return self.type(source, place)
        name = source.name if isinstance(source, Named) else ""
        place = place.within(name) if name else place
        found = self._unnamed(self.model.meaning(source), place)
        if self.holds.root_name == "dropped":
            if name:
                self._lose(place, f"the name {name}", "the root has no name here")
            return found
        if not name:
            self._lose(place, "no name", f"the root is called {self.name}", guessed=True)
        legal = self.definitions.claim(name or self.name, renamed=False, free=bool(name))
        if name and legal != name:
            self._lose(place, f"the name {name}", f"it is {legal} here")
        self.definitions.add(legal, found)
        return Named(legal)

    def type(self, type: Type, place: _Place) -> Type:
        """The nearest type that the format holds in this place."""
        expected = self._expected(type, place.where)
        if not self.holds.inside(expected, place.where):
            self._lose(place, f"that it is {shown(expected)} here", f"it is the field {WRAPPED} of a struct")
            return self._nameless(Struct((Field(WRAPPED, type),)), place)
        if isinstance(type, Named) and type.name in self.model.definitions:
            return self._named(type, place)
        return self._nameless(type, place)

    def _expected(self, type: Type, where: Where) -> Type:
        """What kind of type will come out, told without the walk."""
        meaning = self.model.meaning(type)
        match meaning:
            case Map() if not self._is_map(meaning):
                return List(Struct(()))
            case Union() if where not in self.holds.unions:
                return Struct(())
            case List() | Map() | Struct() | Union() | Named() | Annotated():
                return meaning
            case _:
                return nearest(meaning, self.holds.exact)[0]

    def _is_map(self, type: Map) -> bool:
        return self.holds.maps and self.holds.key(self._expected(type.key, "key"))

    def _meaning(self, type: Type) -> Type:
        return Model(type, False, self.definitions.known).meaning(type)

    def _nameless(self, type: Type, place: _Place) -> Type:
        """A type without a name in its place, or as a definition where the format wants one."""
        if not self.holds.must_name(self._expected(type, place.where), place.where) or self._is_dissolved(type, place):
            return self._unnamed(type, place)
        name = self.name if place.where == "root" else suggested(place.hint, self.name)
        self._lose(place, "no name of a type", f"it is named {name.rpartition('.')[2]}", guessed=True)
        return self._define(name, type, place)

    def _is_dissolved(self, type: Type, place: _Place) -> bool:
        """Whether it is a union that becomes another type, which is named then."""
        return isinstance(self.model.meaning(type), Union)

    def _named(self, use: Named, place: _Place) -> Type:
        known = self.definitions.renamed.get(use.name)
        if known is not None:
            return Named(known)
        definition = self.model.definitions[use.name]
        if use.name in place.inside:
            return self._cut(use, place)
        place = place.within(use.name)
        kind = self._expected(definition, place.where)
        if not isinstance(definition, Named) and self.holds.named(kind) and not self._is_lost(definition, kind):
            return self._define(use.name, definition, place, renamed=True)
        if use.name not in self.told:
            self.told.add(use.name)
            self._lose(place, f"the type name {use.name}", "a type like this has no name here")
        return self.type(definition, place)

    def _is_lost(self, definition: Type, kind: Type) -> bool:
        """Whether a union dissolves: its uses may become different things in different places."""
        return isinstance(self.model.meaning(definition), Union) and not isinstance(kind, Union)

    def _cut(self, use: Named, place: _Place) -> Type:
        found = nearest(Variant(), self.holds.exact)[0]
        self._lose(place, f"the structure of {use.name} inside itself", f"it is {shown(found)}: types cannot recur")
        return found

    def _define(self, name: str, source: Type, place: _Place, *, renamed: bool = False) -> Named:
        """A definition under the nearest legal name; `renamed` that the source had it under that name."""
        legal = self.definitions.claim(name, renamed=renamed)
        if renamed and legal != name:
            self._lose(place, f"the type name {name}", f"it is {legal} here")
        self.definitions.add(legal, self._unnamed(source, place))
        return Named(legal)

    def _unnamed(self, type: Type, place: _Place) -> Type:
        match type:
            case Annotated():
                return self._annotated(type, place)
            case Named():
                return self.type(type, place)
            case Struct():
                return self._struct(type, place)
            case List():
                return self._list(type, place)
            case Map():
                return self._map(type, place)
            case Union():
                return self._union(type, place)
            case Enum():
                return self._scalar(self._enum(type, place), place)
            case _:
                return self._scalar(type, place)

    def _scalar(self, type: Scalar, place: _Place) -> Type:
        found, lost = nearest(type, self.holds.exact)
        if lost:
            self._lose(place, lost, f"{shown(type)} becomes {shown(found)}")
        return found

    def _enum(self, type: Enum, place: _Place) -> Enum:
        """An enum with what the format says of enums; losses only where it stays one."""
        if not self.holds.exact(type):
            return type
        holds = self.holds
        kept = Enum(
            type.symbols,
            type.default if holds.enum_default else None,
            type.numbers if holds.enum_numbers else None,
            type.doc if holds.type_docs else None,
            type.properties if holds.properties else NOTHING,
        )
        for what in ("default", "numbers", "doc", "properties"):
            if getattr(type, what) != getattr(kept, what):
                self._lose(place, f"the {what} of the enum", "enums have none here")
        return kept

    def _annotated(self, type: Annotated, place: _Place) -> Type:
        base = self._unnamed(type.base, place)
        if self.holds.properties and base == type.base:
            return Annotated(base, type.properties)
        names = ", ".join(sorted(type.properties))
        self._lose(place, f"the properties {names} of the type", "they mean nothing here")
        return base

    def _list(self, type: List, place: _Place) -> Type:
        inner = place.to("[]", "item")
        item = self.type(type.item, inner)
        return List(item, self._nullability(item, inner, type.nullable), self._id(type.id))

    def _map(self, type: Map, place: _Place) -> Type:
        if not self._is_map(type):
            return self._pairs(type, place)
        inner = place.to("{}", "value")
        key = self.type(type.key, place.to("{key}", "key"))
        value = self.type(type.value, inner)
        nullable = self._nullability(value, inner, type.nullable)
        return Map(key, value, nullable, self._id(type.key_id), self._id(type.value_id))

    def _pairs(self, type: Map, place: _Place) -> Type:
        self._lose(place, "that it is a map", "it is a list of structs of key and value")
        pair = Struct((Field("key", type.key), Field("value", type.value, type.nullable)))
        return self.type(List(pair), place)

    def _struct(self, type: Struct, place: _Place) -> Type:
        if not type.fields and not self.holds.empty_structs:
            return self._emptiness(place)
        fields = tuple(self._fields(type.fields, place))
        kept = Struct(
            fields,
            type.doc if self.holds.type_docs or (place.where == "root" and "root" in self.holds.docs) else None,
            type.tags if self.holds.tags else (),
            type.properties if self.holds.properties else NOTHING,
        )
        for what in ("doc", "tags", "properties"):
            if getattr(type, what) != getattr(kept, what):
                self._lose(place, f"the {what} of the struct", "structs have none here")
        return kept

    def _emptiness(self, place: _Place) -> Type:
        if place.where == "root":
            self._lose(place, "that there are no fields", "a field that may be null stands for them", guessed=True)
            return self._struct(Struct((Field(WRAPPED, Text(), nullable=True),)), place)
        self._lose(place, "that it is a struct", "structs have fields here")
        return nearest(Variant(), self.holds.exact)[0]

    def _fields(self, fields: Iterable[Field], place: _Place) -> Iterator[Field]:
        fields = tuple(fields)
        names = distinct([self.holds.spell(field.name) for field in fields], self.holds.fold)
        for field, name in zip(fields, names, strict=True):
            inner = place.to(field.name, "field" if place.where == "root" else "member", field.name)
            if name != field.name:
                self._lose(inner, f"the name {field.name}", f"it is {name} here")
            yield self._field(field, name, inner)

    def _field(self, field: Field, name: str, place: _Place) -> Field:
        found = self.type(field.type, place)
        nullable = self._nullability(found, place, field.nullable)
        kept = Field(
            name,
            found,
            nullable,
            self._default(field, found, nullable, place),
            field.doc if place.where in self.holds.docs else None,
            field.tags if self.holds.tags else (),
            field.properties if self.holds.properties else NOTHING,
            self._id(field.id) if not isinstance(self._meaning(found), Union) else None,
        )
        for what in ("doc", "tags", "properties"):
            if getattr(field, what) != getattr(kept, what):
                self._lose(place, f"the {what}", "fields have none here")
        return kept

    def _default(self, field: Field, found: Type, nullable: bool, place: _Place) -> Any:
        meaning = self._meaning(found)
        value = field.default
        if value is not ABSENT and value is not None:
            value = (
                carried(value, self.model.meaning(field.type), meaning)
                if self.holds.default(meaning, place.where)
                else ABSENT
            )
        if value is None and (
            not nullable or not (self.holds.implied_null or self.holds.default(meaning, place.where))
        ):
            value = ABSENT
        if value is ABSENT and field.default is not ABSENT:
            self._lose(place, "the default", "it has none here")
        if value is ABSENT and nullable and self.holds.implied_null:
            if field.default is ABSENT:
                self._lose(place, "that it has no default", "what may be null is null by default here")
            return None
        return value

    def _nullability(self, found: Type, place: _Place, wanted: bool) -> bool:
        if isinstance(self._meaning(found), Null):
            return True
        kept = self.holds.nullable(self._meaning(found), place.where, wanted)
        if kept != wanted:
            lost = "that it may be null" if wanted else "that it is never null"
            self._lose(place, lost, f"{shown(found)} {'never' if wanted else 'always'} may be null here")
        return kept

    def _union(self, type: Union, place: _Place) -> Type:
        branches = tuple(self._flat(type, ()))
        if not branches:
            return self._scalar(Variant(), place)
        if len(branches) == 1:
            return self.type(branches[0].type, place)
        if place.where not in self.holds.unions:
            return self._members(branches, place)
        return self._alternatives(branches, place)

    def _flat(self, type: Union, inside: tuple[Union, ...]) -> Iterator[Branch]:
        for branch in type.branches:
            meaning = self.model.meaning(branch.type)
            if not isinstance(meaning, Union):
                yield branch
            elif not any(meaning is each for each in (type, *inside)):
                yield from self._flat(meaning, (type, *inside))

    def _alternatives(self, branches: tuple[Branch, ...], place: _Place) -> Type:
        names = distinct([self._branch_name(branch, place) for branch in branches], self.holds.fold)
        taken: set[object] = set()
        found = []
        for branch, name in zip(branches, names, strict=True):
            inner = place.to(f"|{name}", "branch", name)
            mark = self._mark(branch.type)
            if mark in taken:
                self._lose(inner, "the branch as it is", f"it is the field {WRAPPED} of a struct, to be told apart")
                type = self._nameless(Struct((Field(WRAPPED, branch.type),)), inner)
            else:
                type = self.type(branch.type, inner)
            taken.add(mark)
            found.append(self._branch(branch, type, name, inner))
        return Union(tuple(found))

    def _mark(self, type: Type) -> object:
        """What a branch is told apart by; equal marks collide."""
        expected = self._expected(type, "branch")
        if self.holds.must_name(expected, "branch"):
            return type.name if isinstance(type, Named) else object()
        return self.holds.clash(expected)

    def _branch(self, branch: Branch, type: Type, name: str, place: _Place) -> Branch:
        if branch.name and (not self.holds.branch_names or name != branch.name):
            self._lose(place, f"the name {branch.name} of the branch", "it is another one or none here")
        if not branch.name and self.holds.branch_names:
            self._lose(place, "no name of the branch", f"it is {name}", guessed=True)
        return Branch(type, name if self.holds.branch_names else "", self._id(branch.id))

    def _branch_name(self, branch: Branch, place: _Place) -> str:
        if branch.name:
            return self.holds.spell(branch.name)
        type = branch.type
        word = type.name.rpartition(".")[2] if isinstance(type, Named) else kind(type)
        return self.holds.spell(f"{place.hint}_{word.lower()}" if self.holds.branch_names else word.lower())

    def _members(self, branches: tuple[Branch, ...], place: _Place) -> Type:
        self._lose(place, "that it is exactly one of several types", "it is a struct with a field for each of them")
        names = [self._branch_name(branch, place) for branch in branches]
        fields = tuple(
            Field(name, branch.type, nullable=True, default=None, id=branch.id)
            for branch, name in zip(branches, distinct(names, self.holds.fold), strict=True)
        )
        return self._nameless(Struct(fields), place)

    def _id(self, id: int | None) -> int | None:
        if id is None or self.holds.ids:
            return id
        self.losses[Loss("", "the ids of the fields", "fields have none here")] = None
        return None

    def _lose(self, place: _Place, what: str, why: str, *, guessed: bool = False) -> None:
        self.losses[Loss(place.path, what, why, guessed)] = None
