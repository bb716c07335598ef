"""Answers kept for a while, one question in flight asked once, and who is told when something changed.

Everything short-lived hangs on scopes (`registry` or `registry/subject`). Changes are numbered, before they are answered; an
answer remembers the number that was the latest when its making began, and is only given out while none of its scopes changed
after that. A fill that began before a write therefore never wins against it, in this process or in another on the same store.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from decapolis.store import Store
from decapolis.store.coordination import last_change, latest_number, note_change
from decapolis.web import current_call

T = TypeVar("T")
Headers = list[tuple[bytes, bytes]]


def subject_scope(registry: str, subject: str) -> str:
    """The scope of one subject."""
    return f"{registry}/{subject}"


def table_scope() -> str:
    """The scope of which registries there are and who owns what: every answer that can grow old hangs on it."""
    return "~registries"


def entries_scope() -> str:
    """The scope of what was added at run time, which every gateway on the store follows."""
    return "~plugged"


class SingleFlight:
    """Lets many askers of one question share one answer."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, asyncio.Task[Any]] = {}

    def start(self, key: Hashable, question: Callable[[], Awaitable[T]]) -> asyncio.Task[T]:
        """The flight under way for `key`, started if there is none; it goes on without those who do not wait for it."""
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.ensure_future(question())
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        return flight

    async def share(self, key: Hashable, question: Callable[[], Awaitable[T]]) -> T:
        """The answer of the flight for `key`; an asker that leaves stops nobody."""
        return await asyncio.shield(self.start(key, question))

    async def close(self) -> None:
        """Ends what is under way."""
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _landed(self, key: Hashable, flight: asyncio.Task[Any]) -> None:
        self._flights.pop(key, None)
        if not flight.cancelled():
            # whoever still waits gets it; when nobody does it must not be reported as lost
            flight.exception()


class Changes:
    """Numbers all changes, and knows the number of each scope's last one.

    In memory where this process owns the store, else in the store itself, so that what one gateway changed is known to the
    others before the change is answered.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._number = 0
        self.last: dict[str, int] = {}
        """The number of each scope's last change, as far as this process made it."""
        self.shared = not store.exclusive

    def unchanged_here(self, scopes: tuple[str, ...], since: int) -> bool:
        """Whether this process knows of no change to the scopes after that number."""
        last = self.last
        for scope in scopes:  # noqa: SIM110 - all() with a generator costs a microsecond
            if last.get(scope, 0) > since:
                return False
        return True

    async def now(self) -> int:
        """The number of the latest change: what an answer that begins now is made under."""
        return await self._store.read(latest_number) if self.shared else self._number

    async def unchanged(self, scopes: tuple[str, ...], since: int) -> bool:
        """Whether nobody changed any of the scopes after that number."""
        if not self.shared:
            return self.unchanged_here(scopes, since)
        return await self._store.read(lambda connection: last_change(connection, scopes)) <= since

    def stands(self, scopes: tuple[str, ...], since: int) -> Callable[[Connection], bool]:
        """The same question for work that has the store in hand, to be asked right before it writes."""
        if not self.shared:
            return lambda _: self.unchanged_here(scopes, since)
        return lambda connection: last_change(connection, scopes) <= since

    async def last_of(self, scope: str) -> int:
        """The number of the last change to a scope, asked of the shared store once a request."""
        if not self.shared:
            return self.last.get(scope, 0)
        seen = current_call().last_changes
        if scope not in seen:
            seen[scope] = await self._store.read(lambda connection: last_change(connection, (scope,)))
        return seen[scope]

    async def number_of(self, scope: str) -> int:
        """The number of the last change to a scope as of now."""
        if not self.shared:
            return self.last.get(scope, 0)
        return await self._store.read(lambda connection: last_change(connection, (scope,)))

    async def unchanged_for_call(self, scope: str, since: int) -> bool:
        """Whether a scope is unchanged, asked of the shared store once a request."""
        return await self.last_of(scope) <= since

    async def count(self, *scopes: str) -> None:
        """Numbers a change; whoever asks after this returns sees it."""
        if self.shared:
            current_call().last_changes.clear()
            await self._store.write(lambda connection: note_change(connection, scopes))
            return
        self._number += 1
        for scope in scopes:
            self.last[scope] = self._number


@dataclass(slots=True)
class Ready:
    """An answer as it goes over the wire."""

    status: int
    headers: Headers
    body: bytes
    route: str = ""
    scopes: tuple[str, ...] = ()
    made: int = 0
    expires: float = 0.0
    """Monotonic time; 0 for an answer that never changes."""
    question: int = 0
    """Bytes of the request that it answers, which are kept as its key."""

    @property
    def size(self) -> int:
        """Bytes that keeping it takes, roughly."""
        return len(self.body) + self.question + 400


class ReadyAnswers:
    """A bounded dictionary of ready answers, the least recently used going first."""

    MOST_SEEN = 10_000

    def __init__(self, most: int, most_bytes: int) -> None:
        self._seen: set[int] = set()
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[Hashable, Ready] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def size(self) -> int:
        """Bytes of everything kept, roughly."""
        return self._bytes

    def get(self, key: Hashable) -> Ready | None:
        """The answer under `key` unless its time is over."""
        found = self._answers.get(key)
        if found is None:
            return None
        if found.expires and found.expires < time.monotonic():
            self.drop(key)
            return None
        return found

    def put(self, key: Hashable, answer: Ready) -> None:
        """Keeps an answer, at the cost of older ones where there is no room."""
        if not self._most or answer.size > self._most_bytes // 8:
            return
        self.drop(key)
        self._answers[key] = answer
        self._bytes += answer.size
        while len(self._answers) > self._most or self._bytes > self._most_bytes:
            _, gone = self._answers.popitem(last=False)
            self._bytes -= gone.size

    def seen(self, key: Hashable) -> bool:
        """Whether the same was asked lately, as far as its hash tells; from here on it was."""
        number = hash(key)
        if number in self._seen:
            return True
        if len(self._seen) >= self.MOST_SEEN:
            self._seen.clear()
        self._seen.add(number)
        return False

    def drop(self, key: Hashable) -> None:
        """Forgets one answer."""
        gone = self._answers.pop(key, None)
        if gone is not None:
            self._bytes -= gone.size

    def clear(self) -> None:
        """Forgets all."""
        self._answers.clear()
        self._bytes = 0


@dataclass(slots=True)
class Remembered:
    """A small value and the number of changes it was read under."""

    value: Any
    made: int
    until: float


class SettingsMemory:
    """Configuration and modes as last read, bounded."""

    MOST = 100_000

    def __init__(self) -> None:
        self._kept: dict[Hashable, Remembered] = {}

    def get(self, key: Hashable) -> Remembered | None:
        """What was last read there."""
        return self._kept.get(key)

    def put(self, key: Hashable, value: Any, made: int, until: float) -> None:
        """Keeps what was just read; starts anew rather than growing without end."""
        if len(self._kept) >= self.MOST:
            self._kept.clear()
        self._kept[key] = Remembered(value, made, until)


@dataclass(frozen=True, slots=True)
class KeptNames:
    """A listing of subjects, under which change it was made, and until when it may be used."""

    value: frozenset[str]
    made: int
    until: float


class Budget:
    """Calls per second that the gateway makes of its own accord, evenly spread."""

    def __init__(self, per_second: float) -> None:
        self._pause = 1.0 / per_second
        self._next = 0.0

    async def wait(self) -> None:
        """Waits until the next call may be made."""
        now = time.monotonic()
        self._next = max(self._next + self._pause, now)
        if self._next > now:
            await asyncio.sleep(self._next - now)


class EstateMemory:
    """What this process knows of the estate, and under which change it was last looked at."""

    def __init__(self) -> None:
        self.names: dict[str, KeptNames] = {}
        self.looked: dict[tuple[str, str], int] = {}
        self.checked: dict[str, int] = {}
        """Under which change the index of a registry was last found to be whole."""
        self.levels: dict[str, dict[str, tuple[str | None, int]]] = {}
        """The own level of each subject of a large registry, and under which change it was read."""
        self._locks: dict[str, asyncio.Lock] = {}
        self._budgets: dict[str, Budget] = {}

    def lock(self, registry: str) -> asyncio.Lock:
        """Only one task at a time looks at a registry."""
        return self._locks.setdefault(registry, asyncio.Lock())

    def budget(self, registry: str, per_second: float) -> Budget:
        """What may be asked of a registry in the background."""
        return self._budgets.setdefault(registry, Budget(per_second))

    def keep_names(self, registry: str, names: frozenset[str], made: int, until: float) -> None:
        """Keeps a listing."""
        self.names[registry] = KeptNames(names, made, until)

    def keep_level(self, registry: str, subject: str, level: str | None, made: int) -> None:
        """Keeps the own level of a subject, None for none."""
        self.levels.setdefault(registry, {})[subject] = (level, made)
