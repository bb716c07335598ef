"""What was worked out once is remembered, bounded by the text it hangs on."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """Results by key, the least recently used going first when their keys hold too much text.

    Safe to be shared by threads; two that ask at once may both work. Errors are not remembered.
    """

    def __init__(self, characters: int) -> None:
        self._most = characters
        self._characters = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[int, T]] = OrderedDict()

    def get(self, key: Hashable, weight: int, work: Callable[[], T]) -> T:
        """What `work` gave for this key, asked again only when it was forgotten or is too heavy to be kept."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                return kept[1]
        result = work()
        self.put(key, weight, result)
        return result

    def put(self, key: Hashable, weight: int, result: T) -> None:
        """Remembers a result; one that would fill the memory alone is let go."""
        if weight > self._most // 4:
            return
        with self._lock:
            before = self._kept.pop(key, None)
            self._characters += weight - (before[0] if before is not None else 0)
            self._kept[key] = (weight, result)
            while self._characters > self._most:
                _, (gone, _) = self._kept.popitem(last=False)
                self._characters -= gone
