"""One writer at a time per registry and subject, across all gateways on a store."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from decapolis.store import Store
from decapolis.store.coordination import give_lock, holds_lock, take_lock

LEASE_SECONDS = 15.0
"""Longer than any upstream deadline, so that a lock outlives the call that it guards."""
PATIENCE_SECONDS = 3.0
_PAUSE = 0.02


class Busy(Exception):
    """Another write to the same subject did not end in time; nothing was written."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another write to {name} is still under way; try again")


class Locks:
    """Locks by name: in memory within a process, and in the store between processes.

    A lock is held without a database connection. Its fencing token grows with each holder, so a holder that was stopped for
    longer than its lease can find out before it writes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._local: dict[str, _Waiters] = {}
        self._holder = str(uuid4())

    @asynccontextmanager
    async def hold(self, registry: str, subject: str, *, here_only: bool = False) -> AsyncIterator[Held]:
        """Holds the lock of one subject; Busy when it cannot be had in time.

        `here_only` is enough for a registry that compares numbers itself: a writer elsewhere then ends in a conflict.
        """
        name = f"{registry}/{subject}"
        waiters = self._local.setdefault(name, _Waiters())
        waiters.count += 1
        try:
            async with waiters.lock:
                alone = here_only or self._store.exclusive
                held = Held(self._store, name, None if alone else await self._take(name))
                try:
                    yield held
                finally:
                    await held.release()
        finally:
            waiters.count -= 1
            if not waiters.count:
                self._local.pop(name, None)

    async def _take(self, name: str) -> int:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            token = await self._store.write(lambda c: take_lock(c, name, self._holder, LEASE_SECONDS))
            if token is not None:
                return token
            await asyncio.sleep(random.uniform(_PAUSE / 2, _PAUSE * 2))  # noqa: S311 - jitter, not a secret
        raise Busy(name)


class _Waiters:
    """The lock of one name within this process, and how many want it."""

    __slots__ = ("count", "lock")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.count = 0


class Held:
    """A lock that is held now."""

    def __init__(self, store: Store, name: str, token: int | None) -> None:
        self._store = store
        self._name = name
        self._token = token

    async def demand(self) -> None:
        """Raises Busy when somebody else took it meanwhile: asked right before a write, after everything slow."""
        token = self._token
        if token is not None and not await self._store.read(lambda c: holds_lock(c, self._name, token)):
            raise Busy(self._name)

    async def release(self) -> None:
        """Gives it back."""
        token = self._token
        if token is not None:
            await self._store.write(lambda c: give_lock(c, self._name, token))
