"""The walk over a model: every type becomes the nearest one that the format holds in its place."""

from __future__ import annotations

from decapolis_formats.holds import Holds
from decapolis_formats.nearest import nearest
from decapolis_formats.types import (
    NOTHING,
    Annotated,
    Enum,
    Field,
    List,
    Loss,
    Map,
    Model,
    Named,
    Scalar,
    Struct,
    Text,
    Type,
    Union,
    Variant,
)
from decapolis_formats.wording import shown

from .fields import Fields
from .ledger import WRAPPED, Ledger, Place
from .names import suggested
from .unions import Unions


class Walk:
    """One walk over one model."""

    def __init__(self, model: Model, holds: Holds, name: str) -> None:
        self.name = name
        self.space = model.root.name if isinstance(model.root, Named) else name
        self.told: set[str] = set()
        self.ledger = Ledger(model, holds)
        self.fields = Fields(self.ledger, self.type)
        self.unions = Unions(self.ledger, self.type, self._nameless)

    def run(self) -> tuple[Model, tuple[Loss, ...]]:
        """The whole walk."""
        place = Place("", "root", self.name.rpartition(".")[2])
        source, wrapped = self._rooted(place)
        root = self._root(source, place)
        nullable = self.ledger.nullability(root, place, self.ledger.model.nullable and not wrapped)
        finished, more = self.ledger.holds.finish(Model(root, nullable, self.ledger.definitions.found))
        return finished, tuple(dict.fromkeys((*self.ledger.losses, *more)))

    def _rooted(self, place: Place) -> tuple[Type, bool]:
        """The root, wrapped in a struct of one field where the format's roots are structs."""
        if not self.ledger.holds.struct_root or isinstance(self.ledger.model.meaning(self.ledger.model.root), Struct):
            return self.ledger.model.root, False
        self.ledger.lose(place, "that the root is no struct", f"it is the field {WRAPPED}", guessed=True)
        return Struct((Field(WRAPPED, self.ledger.model.root, self.ledger.model.nullable),)), True

    def _root(self, source: Type, place: Place) -> Type:
        if self.ledger.holds.root_name == "any":
            return self.type(source, place)
        name = source.name if isinstance(source, Named) else ""
        place = place.within(name) if name else place
        found = self._unnamed(self.ledger.model.meaning(source), place)
        if self.ledger.holds.root_name == "dropped":
            if name:
                self.ledger.lose(place, f"the name {name}", "the root has no name here")
            return found
        if not name:
            self.ledger.lose(place, "no name", f"the root is called {self.name}", guessed=True)
        legal = self.ledger.definitions.claim(name or self.name, renamed=False, free=bool(name))
        if name and legal != name:
            self.ledger.lose(place, f"the name {name}", f"it is {legal} here")
        self.ledger.definitions.add(legal, found)
        return Named(legal)

    def type(self, type: Type, place: Place) -> Type:
        """The nearest type that the format holds in this place."""
        type = self.ledger.only_branch(type)
        expected = self.ledger.expected(type, place.where)
        if not self.ledger.holds.inside(expected, place.where):
            self.ledger.lose(place, f"that it is {shown(expected)} here", f"it is the field {WRAPPED} of a struct")
            return self._nameless(Struct((Field(WRAPPED, type),)), place)
        if isinstance(type, Named) and type.name in self.ledger.model.definitions:
            return self._named(type, place)
        return self._nameless(type, place)

    def _nameless(self, type: Type, place: Place) -> Type:
        """A type without a name in its place, or as a definition where the format wants one."""
        expected = self.ledger.expected(type, place.where)
        if not self.ledger.holds.must_name(expected, place.where) or self._is_dissolved(type, expected):
            return self._unnamed(type, place)
        name = self.name if place.where == "root" else suggested(place.hint, self.space)
        self.ledger.lose(place, "no name of a type", f"it is named {name.rpartition('.')[2]}", guessed=True)
        return self._define(name, type, place)

    def _is_dissolved(self, type: Type, expected: Type) -> bool:
        """Whether it is a union that becomes something else: named there, and not the same in every place."""
        return isinstance(self.ledger.model.meaning(type), Union) and not isinstance(expected, Union)

    def _named(self, use: Named, place: Place) -> Type:
        known = self.ledger.definitions.renamed.get(use.name)
        if known is not None:
            return Named(known)
        definition = self.ledger.model.definitions[use.name]
        if use.name in place.inside:
            return self._cut(use, place)
        place = place.within(use.name)
        kind = self.ledger.expected(definition, place.where)
        if (
            not isinstance(definition, Named)
            and self.ledger.holds.named(kind)
            and not self._is_dissolved(definition, kind)
        ):
            return self._define(use.name, definition, place, renamed=True)
        if use.name not in self.told:
            self.told.add(use.name)
            self.ledger.lose(place, f"the type name {use.name}", "a type like this has no name here")
        return self.type(definition, place)

    def _cut(self, use: Named, place: Place) -> Type:
        found = nearest(Variant(), self.ledger.holds.exact)[0]
        self.ledger.lose(
            place, f"the structure of {use.name} inside itself", f"it is {shown(found)}: types cannot recur"
        )
        return found

    def _define(self, name: str, source: Type, place: Place, *, renamed: bool = False) -> Named:
        """A definition under the nearest legal name; `renamed` that the source had it under that name."""
        legal = self.ledger.definitions.claim(name, renamed=renamed)
        if renamed and legal != name:
            self.ledger.lose(place, f"the type name {name}", f"it is {legal} here")
        self.ledger.definitions.add(legal, self._unnamed(source, place))
        return Named(legal)

    def _unnamed(self, type: Type, place: Place) -> Type:
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
                return self.unions.fitted(type, place)
            case Enum():
                return self._scalar(self._enum(type, place), place)
            case _:
                return self._scalar(type, place)

    def _scalar(self, type: Scalar, place: Place) -> Type:
        found, lost = nearest(type, self.ledger.holds.exact)
        if lost:
            self.ledger.lose(place, lost, f"{shown(type)} becomes {shown(found)}")
        return found

    def _enum(self, type: Enum, place: Place) -> Enum:
        """An enum with what the format says of enums; losses only where it stays one."""
        if not self.ledger.holds.exact(type):
            return type
        holds = self.ledger.holds
        kept = Enum(
            type.symbols,
            type.default if holds.enum_default else None,
            type.numbers if holds.enum_numbers else None,
            type.doc if holds.type_docs else None,
            type.properties if holds.properties else NOTHING,
        )
        for what in ("default", "numbers", "doc", "properties"):
            if getattr(type, what) != getattr(kept, what):
                self.ledger.lose(place, f"the {what} of the enum", "enums have none here")
        return kept

    def _annotated(self, type: Annotated, place: Place) -> Type:
        base = self._unnamed(type.base, place)
        if self.ledger.holds.properties and base == type.base:
            return Annotated(base, type.properties)
        names = ", ".join(sorted(type.properties))
        self.ledger.lose(place, f"the properties {names} of the type", "they mean nothing here")
        return base

    def _list(self, type: List, place: Place) -> Type:
        inner = place.to("[]", "item")
        item = self.type(type.item, inner)
        return List(item, self.ledger.nullability(item, inner, type.nullable), self.ledger.kept_id(type.id))

    def _map(self, type: Map, place: Place) -> Type:
        if not self.ledger.is_map(type):
            return self._pairs(type, place)
        inner = place.to("{}", "value")
        key = self.type(type.key, place.to("{key}", "key"))
        value = self.type(type.value, inner)
        nullable = self.ledger.nullability(value, inner, type.nullable)
        return Map(key, value, nullable, self.ledger.kept_id(type.key_id), self.ledger.kept_id(type.value_id))

    def _pairs(self, type: Map, place: Place) -> Type:
        self.ledger.lose(place, "that it is a map", "it is a list of structs of key and value")
        pair = Struct((Field("key", type.key), Field("value", type.value, type.nullable)))
        return self._list(List(pair), place)

    def _struct(self, type: Struct, place: Place) -> Type:
        if not type.fields and not self.ledger.holds.empty_structs:
            return self._emptiness(place)
        fields = tuple(self.fields.fitted(type.fields, place))
        kept = Struct(
            fields,
            type.doc
            if self.ledger.holds.type_docs or (place.where == "root" and "root" in self.ledger.holds.docs)
            else None,
            type.tags if self.ledger.holds.tags else (),
            type.properties if self.ledger.holds.properties else NOTHING,
        )
        for what in ("doc", "tags", "properties"):
            if getattr(type, what) != getattr(kept, what):
                self.ledger.lose(place, f"the {what} of the struct", "structs have none here")
        return kept

    def _emptiness(self, place: Place) -> Type:
        if place.where == "root":
            self.ledger.lose(
                place, "that there are no fields", "a field that may be null stands for them", guessed=True
            )
            return self._struct(Struct((Field(WRAPPED, Text(), nullable=True),)), place)
        self.ledger.lose(place, "that it is a struct", "structs have fields here")
        return nearest(Variant(), self.ledger.holds.exact)[0]
