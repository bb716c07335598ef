"""Waiting for what AWS finishes later: short pauses that grow, and an end."""

from __future__ import annotations

import asyncio
import time

_FIRST = 0.05
_LONGEST = 0.8


class Patience:
    """Pauses until the time is used up; the caller's own deadline may cancel it earlier."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._pause = _FIRST

    async def pause(self) -> bool:
        """Waits a little longer than the last time; false, without waiting, where the time is used up."""
        if time.monotonic() + self._pause >= self._end:
            return False
        await asyncio.sleep(self._pause)
        self._pause = min(_LONGEST, self._pause * 2)
        return True
