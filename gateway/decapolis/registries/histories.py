"""Histories of the embedded registry as last read, bounded by the text they hold."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from decapolis_translators.contract import StoredVersion

MOST_CHARACTERS = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class History:
    """The versions of a subject, and the number of changes they were read under."""

    made: int
    versions: Sequence[StoredVersion]
    characters: int


class Histories:
    """The least recently used goes first when there is too much text."""

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._characters = 0
        self._kept: OrderedDict[str, History] = OrderedDict()

    def get(self, subject: str) -> History | None:
        """What was last read of a subject."""
        found = self._kept.get(subject)
        if found is not None:
            self._kept.move_to_end(subject)
        return found

    def put(self, subject: str, made: int, versions: Sequence[StoredVersion]) -> None:
        """Keeps what was just read."""
        gone = self._kept.pop(subject, None)
        if gone is not None:
            self._characters -= gone.characters
        kept = History(made, versions, 200 + sum(len(each.schema.text) for each in versions))
        self._kept[subject] = kept
        self._characters += kept.characters
        while self._characters > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._characters -= oldest.characters
