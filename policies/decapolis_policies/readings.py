"""Schema texts as engines read them, remembered within a bound: most comparisons meet a text again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any

MOST_CHARACTERS = 1_000_000
"""Of all remembered texts together; a parsed tree takes some thirty times its text."""


class Readings:
    """The least recently used goes first; safe to be shared by threads."""

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self._most = most
        self._characters = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()

    def get(self, key: Hashable) -> Any | None:
        """The reading under a key, None where it is not (any more) remembered."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                return None
            self._kept.move_to_end(key)
            return found[1]

    def put(self, key: Hashable, characters: int, reading: Any) -> None:
        """Remembers a reading of a text of that length; one that would fill the memory alone is let go."""
        if characters > self._most // 4:
            return
        with self._lock:
            gone = self._kept.pop(key, None)
            self._characters += characters - (gone[0] if gone else 0)
            self._kept[key] = (characters, reading)
            while self._characters > self._most:
                _, (freed, _) = self._kept.popitem(last=False)
                self._characters -= freed
