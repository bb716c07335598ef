"""A rest for whoever does not answer, so that nobody else waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Breaker:
    """Closed while the registry answers; open after faults in a row; then one question at a time tries anew."""

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._trying = False

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`."""
        if self._opened_at is None:
            return "closed"
        return "half-open" if self._clock() - self._opened_at >= self._seconds else "open"

    def admit(self) -> bool:
        """Whether a question may be asked now."""
        if self.state == "closed":
            return True
        if self.state == "open" or self._trying:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """Closes it."""
        self._failures = 0
        self._opened_at = None
        self._trying = False

    def failed(self) -> None:
        """Counts a fault; opens after too many in a row, and again after a failed trial."""
        self._failures += 1
        if self._trying or self._failures >= self._limit:
            self._opened_at = self._clock()
        self._trying = False

    def released(self) -> None:
        """Ends a trial that neither succeeded nor failed (its asker went away)."""
        self._trying = False
