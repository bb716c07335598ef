"""SIGHUP for whoever reads files again: a process has one handler of a signal, and more than one may want to know."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress


class Hangup:
    """Rings all its bells when the process is told to look at its files again."""

    def __init__(self) -> None:
        self._bells: list[asyncio.Event] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def bell(self) -> asyncio.Event:
        """An event that is set with each signal; whoever waits for it clears it."""
        bell = asyncio.Event()
        self._bells.append(bell)
        return bell

    def open(self) -> None:
        """Listens, where the running loop is the main thread's: no other may be told."""
        loop = asyncio.get_running_loop()
        # elsewhere (another thread, no such signal) files are still read on change and by call
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(signal.SIGHUP, self._ring)
            self._loop = loop

    def _ring(self) -> None:
        for bell in self._bells:
            bell.set()

    async def close(self) -> None:
        """Leaves the signal to the system again."""
        if self._loop is not None:
            self._loop.remove_signal_handler(signal.SIGHUP)
            self._loop = None
