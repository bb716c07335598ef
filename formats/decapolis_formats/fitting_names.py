"""Names while a model is made to fit: legal, distinct, and found again under the name they had."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from .types import Type


def distinct(names: Sequence[str], fold: Callable[[str], str]) -> list[str]:
    """The names, a number behind those that would collide with one before them or with one that stays."""
    kept = [fold(name) for name in names]
    taken: set[str] = set()
    found = []
    for name in names:
        new = name if fold(name) not in taken else numbered(name, {*taken, *kept}, fold)
        taken.add(fold(new))
        found.append(new)
    return found


def numbered(name: str, taken: Iterable[str], fold: Callable[[str], str]) -> str:
    """The name with the first number behind it that makes it free."""
    return next(new for new in (f"{name}_{n}" for n in count(2)) if fold(new) not in taken)


class Definitions:
    """The definitions of the fitted model, and what those of the source are called in it.

    `known` are those that are found and, under their new names, the sources of those being made.
    """

    def __init__(self, spell: Callable[[str], str], fold: Callable[[str], str], sources: Mapping[str, Type]) -> None:
        self.found: dict[str, Type] = {}
        self.known: dict[str, Type] = {}
        self.renamed: dict[str, str] = {}
        self._spell = spell
        self._fold = fold
        self._taken: set[str] = set()
        self._reserved = {fold(name): name for name in sources if spell(name) == name}
        self._sources = sources

    def claim(self, name: str, *, renamed: bool, free: bool = False) -> str:
        """The nearest legal name; `renamed` that uses of the name mean this one from now on.

        `free` that it is the source's own name although nothing can use it.
        """
        legal = self._spell(name)
        folded = self._fold(legal)
        owner = self._reserved.get(folded)
        if folded in self._taken or (owner is not None and not ((renamed or free) and owner == name)):
            legal = numbered(legal, {*self._taken, *self._reserved}, self._fold)
        self._taken.add(self._fold(legal))
        if renamed:
            self.renamed[name] = legal
            self.known[legal] = self._sources[name]
        return legal

    def add(self, name: str, type: Type) -> None:
        """Takes in a definition under a claimed name."""
        self.found[name] = self.known[name] = type


def suggested(hint: str, root: str) -> str:
    """A name for a type that has none: that of its place in capitals, in the namespace of the root."""
    word = "".join(part[:1].upper() + part[1:] for part in hint.replace("-", "_").split("_"))
    space = root.rpartition(".")[0]
    return f"{space}.{word or 'Record'}" if space else word or "Record"
