"""The part of the walk that fits fields: names, nullability, defaults and what is said about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from decapolis_formats.types import (
    ABSENT,
    NOTHING,
    Field,
    Type,
    Union,
)
from decapolis_formats.values import carried

from .ledger import Ledger, Place
from .names import distinct


class Fields:
    """Fits the fields of structs; `fit` is the walk's own step for a type in its place."""

    def __init__(self, ledger: Ledger, fit: Callable[[Type, Place], Type]) -> None:
        self.ledger = ledger
        self.fit = fit

    def fitted(self, fields: Iterable[Field], place: Place) -> Iterator[Field]:
        """The fields of a struct under distinct legal names."""
        fields = tuple(fields)
        names = distinct([self.ledger.holds.spell(field.name) for field in fields], self.ledger.holds.fold)
        for field, name in zip(fields, names, strict=True):
            inner = place.to(field.name, "field" if place.where == "root" else "member", field.name)
            if name != field.name:
                self.ledger.lose(inner, f"the name {field.name}", f"it is {name} here")
            yield self._field(field, name, inner)

    def _field(self, field: Field, name: str, place: Place) -> Field:
        found = self.fit(field.type, place)
        nullable = self.ledger.nullability(found, place, field.nullable)
        kept = Field(
            name,
            found,
            nullable,
            self._default(field, found, nullable, place),
            field.doc if place.where in self.ledger.holds.docs else None,
            field.tags if self.ledger.holds.tags else (),
            field.properties if self.ledger.holds.properties else NOTHING,
            self.ledger.kept_id(field.id) if not isinstance(self.ledger.meaning(found), Union) else None,
        )
        for what in ("doc", "tags", "properties"):
            if getattr(field, what) != getattr(kept, what):
                self.ledger.lose(place, f"the {what}", "fields have none here")
        return kept

    def _default(self, field: Field, found: Type, nullable: bool, place: Place) -> Any:
        meaning = self.ledger.meaning(found)
        value = field.default
        if value is not ABSENT and value is not None:
            value = (
                carried(value, self.ledger.model.meaning(field.type), meaning)
                if self.ledger.holds.default(meaning, place.where)
                else ABSENT
            )
        if value is None and (
            not nullable or not (self.ledger.holds.implied_null or self.ledger.holds.default(meaning, place.where))
        ):
            value = ABSENT
        if value is ABSENT and field.default is not ABSENT:
            self.ledger.lose(place, "the default", "it has none here")
        if value is ABSENT and nullable and self.ledger.holds.implied_null:
            if field.default is ABSENT:
                self.ledger.lose(place, "that it has no default", "what may be null is null by default here")
            return None
        return value
