"""What the parts of the walk share: places, losses, and what kind of type will come out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from decapolis_formats.holds import Holds
from decapolis_formats.nearest import nearest
from decapolis_formats.types import (
    Annotated,
    List,
    Loss,
    Map,
    Model,
    Named,
    Null,
    Struct,
    Type,
    Union,
    Where,
)
from decapolis_formats.wording import shown

from .names import Definitions

WRAPPED = "value"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the walk is: the path, what kind of place it is, and the names that it is inside of."""

    path: str
    where: Where
    hint: str
    inside: tuple[str, ...] = ()

    def to(self, step: str, where: Where, hint: str = "") -> Place:
        """A place further in."""
        dot = "." if where in ("field", "member") and self.path else ""
        return Place(f"{self.path}{dot}{step}", where, hint or self.hint, self.inside)

    def within(self, name: str) -> Place:
        """The same place, inside a definition."""
        return replace(self, inside=(*self.inside, name))


class Ledger:
    """What all parts of one walk share: the model, what the format holds, definitions found and losses."""

    def __init__(self, model: Model, holds: Holds) -> None:
        self.model = model
        self.holds = holds
        self.losses: dict[Loss, None] = {}
        self.definitions = Definitions(holds.spell_type, holds.fold, model.definitions)

    def lose(self, place: Place, what: str, why: str, *, guessed: bool = False) -> None:
        """Writes down a loss or guess."""
        self.losses[Loss(place.path, what, why, guessed)] = None

    def kept_id(self, id: int | None) -> int | None:
        """An id where the format has them; one loss for all that are dropped."""
        if id is None or self.holds.ids:
            return id
        self.losses[Loss("", "the ids of the fields", "fields have none here")] = None
        return None

    def nullability(self, found: Type, place: Place, wanted: bool) -> bool:
        """Whether it may be null in the end."""
        if isinstance(self.meaning(found), Null):
            return True
        kept = self.holds.nullable(self.meaning(found), place.where, wanted)
        if kept != wanted:
            lost = "that it may be null" if wanted else "that it is never null"
            self.lose(place, lost, f"{shown(found)} {'never' if wanted else 'always'} may be null here")
        return kept

    def meaning(self, type: Type) -> Type:
        """What a fitted type means."""
        return Model(type, False, self.definitions.known).meaning(type)

    def expected(self, type: Type, where: Where) -> Type:
        """What kind of type will come out, told without the walk."""
        meaning = self.model.meaning(self.only_branch(type))
        match meaning:
            case Map() if not self.is_map(meaning):
                return List(Struct(()))
            case Union() if where not in self.holds.unions:
                return Struct(())
            case List() | Map() | Struct() | Union() | Named() | Annotated():
                return meaning
            case _:
                return nearest(meaning, self.holds.exact)[0]

    def is_map(self, type: Map) -> bool:
        """Whether the format has maps, and such keys."""
        return self.holds.maps and self.holds.key(self.expected(type.key, "key"))

    def only_branch(self, type: Type) -> Type:
        """The one branch of a union that has no other, the type itself for all others."""
        while isinstance(type, Union) and len(type.branches) == 1:
            type = type.branches[0].type
        return type
