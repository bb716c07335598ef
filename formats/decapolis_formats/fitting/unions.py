"""The part of the walk that fits unions: branches that can be told apart, or a struct of what may be there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from decapolis_formats.types import (
    Branch,
    Field,
    Named,
    Struct,
    Type,
    Union,
    Variant,
)
from decapolis_formats.wording import kind

from .ledger import WRAPPED, Ledger, Place
from .names import distinct


class Unions:
    """Fits unions; the callables are the walk's own steps for a type in its place."""

    def __init__(
        self, ledger: Ledger, fit: Callable[[Type, Place], Type], fit_nameless: Callable[[Type, Place], Type]
    ) -> None:
        self.ledger = ledger
        self.fit = fit
        self.fit_nameless = fit_nameless

    def fitted(self, type: Union, place: Place) -> Type:
        """A union where the format has them here, else a struct with a field for each branch."""
        branches = tuple(self._flat(type, ()))
        if not branches:
            return self.fit_nameless(Variant(), place)
        if len(branches) == 1:
            return self.fit(branches[0].type, place)
        if place.where not in self.ledger.holds.unions:
            return self._members(branches, place)
        return self._alternatives(branches, place)

    def _flat(self, type: Union, inside: tuple[Union, ...]) -> Iterator[Branch]:
        for branch in type.branches:
            meaning = self.ledger.model.meaning(branch.type)
            if not isinstance(meaning, Union):
                yield branch
            elif not any(meaning is each for each in (type, *inside)):
                yield from self._flat(meaning, (type, *inside))

    def _alternatives(self, branches: tuple[Branch, ...], place: Place) -> Type:
        names = distinct([self._branch_name(branch, place) for branch in branches], self.ledger.holds.fold)
        taken: set[object] = set()
        found = []
        for branch, name in zip(branches, names, strict=True):
            inner = place.to(f"|{name}", "branch", name)
            mark = self._mark(branch.type)
            if mark in taken:
                self.ledger.lose(
                    inner, "the branch as it is", f"it is the field {WRAPPED} of a struct, to be told apart"
                )
                type = self.fit_nameless(Struct((Field(WRAPPED, branch.type),)), inner)
            else:
                type = self.fit(branch.type, inner)
            taken.add(mark)
            found.append(self._branch(branch, type, name, inner))
        return Union(tuple(found))

    def _mark(self, type: Type) -> object:
        """What a branch is told apart by; equal marks collide."""
        expected = self.ledger.expected(type, "branch")
        if self.ledger.holds.must_name(expected, "branch"):
            return type.name if isinstance(type, Named) else object()
        return self.ledger.holds.clash(expected)

    def _branch(self, branch: Branch, type: Type, name: str, place: Place) -> Branch:
        if branch.name and (not self.ledger.holds.branch_names or name != branch.name):
            self.ledger.lose(place, f"the name {branch.name} of the branch", "it is another one or none here")
        if not branch.name and self.ledger.holds.branch_names:
            self.ledger.lose(place, "no name of the branch", f"it is {name}", guessed=True)
        return Branch(type, name if self.ledger.holds.branch_names else "", self.ledger.kept_id(branch.id))

    def _branch_name(self, branch: Branch, place: Place) -> str:
        if branch.name:
            return self.ledger.holds.spell(branch.name)
        type = branch.type
        word = type.name.rpartition(".")[2] if isinstance(type, Named) else kind(type)
        return self.ledger.holds.spell(
            f"{place.hint}_{word.lower()}" if self.ledger.holds.branch_names else word.lower()
        )

    def _members(self, branches: tuple[Branch, ...], place: Place) -> Type:
        self.ledger.lose(
            place, "that it is exactly one of several types", "it is a struct with a field for each of them"
        )
        names = [self._branch_name(branch, place) for branch in branches]
        fields = tuple(
            Field(name, branch.type, nullable=True, default=None, id=branch.id)
            for branch, name in zip(branches, distinct(names, self.ledger.holds.fold), strict=True)
        )
        return self.fit_nameless(Struct(fields), place)
