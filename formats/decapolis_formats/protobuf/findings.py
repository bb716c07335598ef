"""What a comparison gathers and how it is bounded."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

from decapolis_formats.errors import ComparisonTooCostly
from decapolis_formats.model import CompareOptions, Difference

MAX_DEPTH: Final = 100
_PATH_PER_PAIR: Final = 128
COMPATIBLE: Final = frozenset(
    {
        *("MESSAGE_ADDED", "MESSAGE_MOVED", "ENUM_ADDED", "ENUM_REMOVED"),
        *("ENUM_CONST_ADDED", "ENUM_CONST_CHANGED", "ENUM_CONST_REMOVED"),
        *("FIELD_ADDED", "FIELD_REMOVED", "FIELD_NAME_CHANGED", "FIELD_STRING_OR_BYTES_LABEL_CHANGED"),
        *("ONEOF_ADDED", "ONEOF_REMOVED", "ONEOF_FIELD_ADDED", "ONEOF_FIELD_MOVED_TO_TOP_LEVEL"),
    }
)
# what a reader may lack without losing anything of what it has: protobuf skips unknown fields
_COMPATIBLE_ON_THE_WIRE: Final = COMPATIBLE | {"REQUIRED_FIELD_REMOVED", "ONEOF_FIELD_REMOVED"}


@dataclass(slots=True)
class Visit:
    """One message compared out of line: what it found, and on which messages in progress that depended."""

    found: list[Difference] = field(default_factory=list)
    entered: set[Hashable] = field(default_factory=set)
    skipped: set[Hashable] = field(default_factory=set)

    @property
    def breaks(self) -> bool:
        """Whether anything found is not compatible."""
        return any(not difference.compatible for difference in self.found)


class Findings:
    """The differences so far, the messages in progress and what is left of the budget."""

    def __init__(self, options: CompareOptions) -> None:
        self.budget = options.budget
        self.in_progress: set[Hashable] = set()
        self._compatible = _COMPATIBLE_ON_THE_WIRE if options.strict_semantics else COMPATIBLE
        self._visits: list[Visit] = [Visit()]
        self._finished: dict[Hashable, Visit] = {}

    @property
    def differences(self) -> list[Difference]:
        """Everything found on the level that is compared now."""
        return self._visits[-1].found

    def add(self, type_name: str, path: str, info: str = "", *, compatible: bool | None = None) -> None:
        """Notes a difference; whether it breaks follows from its type unless said."""
        if compatible is None:
            compatible = type_name in self._compatible
        self.spend(len(path) // _PATH_PER_PAIR)
        self._visits[-1].found.append(Difference(type_name, path, compatible, info))

    def spend(self, amount: int) -> None:
        """Takes so many compared pairs off the budget."""
        self.budget -= amount
        if self.budget < 0:
            raise ComparisonTooCostly("The comparison visits more pairs of types and fields than its budget allows")

    def enter(self, key: Hashable) -> bool:
        """Whether a message is to be compared now: not while it is already in progress further out."""
        visit = self._visits[-1]
        if key in self.in_progress:
            visit.skipped.add(key)
            return False
        visit.entered.add(key)
        self.in_progress.add(key)
        return True

    def leave(self, key: Hashable) -> None:
        """Ends what `enter` began."""
        self.in_progress.discard(key)

    def remembered(self, key: Hashable) -> Visit | None:
        """An earlier visit of the same pair, if it would find the same again from here."""
        visit = self._finished.get(key)
        if visit is None or not visit.skipped <= self.in_progress or not visit.entered.isdisjoint(self.in_progress):
            return None
        self._take_over(visit)
        return visit

    def begin_visit(self) -> None:
        """Starts comparing a message out of line."""
        if len(self._visits) > MAX_DEPTH:
            raise ComparisonTooCostly(f"Messages refer to each other through more than {MAX_DEPTH} levels")
        self._visits.append(Visit())

    def end_visit(self, key: Hashable) -> Visit:
        """Ends it and remembers what it found."""
        visit = self._visits.pop()
        self._finished[key] = visit
        self._take_over(visit)
        return visit

    def _take_over(self, visit: Visit) -> None:
        self.spend(len(visit.found) + len(visit.entered) + len(visit.skipped))
        outer = self._visits[-1]
        outer.found += visit.found
        outer.entered |= visit.entered
        outer.skipped |= visit.skipped
