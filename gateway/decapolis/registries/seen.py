"""Which ids of a registry the store may hold, so that nobody asks it for one that was never seen."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 200_000
"""Ids that are worth their memory, some hundred bytes each; with more of them the store is asked every time."""


class SeenIds:
    """Every id that the store holds, and perhaps some more; none left out, or it would be lost to a dead registry."""

    def __init__(self) -> None:
        self._ids: set[tuple[str, int]] | None = None

    def open(self, ids: Iterable[tuple[str, int]]) -> None:
        """Begins with all that the store holds."""
        self._ids = set(ids)

    def add(self, context: str, native_id: int) -> None:
        """To be called before the store gets it."""
        if self._ids is None:
            return
        self._ids.add((context, native_id))
        if len(self._ids) > MOST:
            self._ids = None

    def may_have(self, context: str, native_id: int) -> bool:
        """Whether the store has to be asked."""
        return self._ids is None or (context, native_id) in self._ids
