"""Asking one registry: within its bounds, once for all who ask the same, patiently as far as something is known."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from decapolis.cache import Changes, SingleFlight, subject_scope
from decapolis.metrics import Metrics
from decapolis.settings import RegistryEntry
from decapolis.web import current_call
from decapolis_translators.contract import (
    Capabilities,
    Ping,
    Translator,
)
from decapolis_translators.errors import (
    Absent,
    RegistryError,
    RegistryFault,
    Unreachable,
)
from decapolis_translators.tracing import outbound_headers

from .catalog import CatalogRegistry
from .histories import Histories
from .known import Stands
from .memory import Memory, ReissuedId
from .overlay import Overlay
from .resilience import Caller

T = TypeVar("T")
log = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
"""How long a stop waits for what is still being written down."""


@dataclass(frozen=True, slots=True)
class LastPing:
    """What the last successful ping told, when, and how long it took."""

    at_ms: int
    latency_ms: float
    version: str | None


class RegistryDisabled(Unreachable):
    """The registry's entry says that nothing is asked of it."""

    def __init__(self, registry_id: str) -> None:
        super().__init__(f"Registry {registry_id} is disabled")


class AskedRegistry:
    """One registry and the bounds around every call; the last known answer where its own does not come in time."""

    def __init__(
        self,
        entry: RegistryEntry,
        translator: Translator[Any],
        memory: Memory | None,
        changes: Changes,
        metrics: Metrics,
        *,
        passes_through: bool,
        stale_after: float,
    ) -> None:
        self.entry = entry
        self.id = entry.id
        self.settings_key = (entry.id, "*", "*")
        """Where all its settings are remembered together, if the gateway keeps them."""
        self.facts = tuple(sorted((str(key), str(value)) for key, value in entry.metadata.items()))
        """Its metadata as policies read it."""
        self.translator = translator
        self.memory = memory
        self.caller = Caller(entry.id, entry.resilience)
        self._flights = SingleFlight()
        self._changes = changes
        self._metrics = metrics
        self._answered = metrics.upstream.labels(entry.id, "answer")
        self._histories = Histories() if memory is None and not changes.shared else None
        self._passes_through = passes_through
        self._stale_after = stale_after
        self._learns = memory is not None and not isinstance(translator, (Overlay, CatalogRegistry))
        """Whether answers must be kept to be known later: an overlay and a catalog keep them themselves."""
        self._background: set[asyncio.Task[None]] = set()
        self.up: bool | None = None
        self.last_error: str | None = None
        self.last_ping: LastPing | None = None
        self._quarantined: str | None = None
        self._under_way = 0

    @property
    def capabilities(self) -> Capabilities:
        """What the registry can do, as far as is known now."""
        return self.translator.capabilities

    @property
    def is_local(self) -> bool:
        """Whether it lives in the gateway's own store."""
        return self.memory is None

    async def close(self) -> None:
        """Ends what still runs for it."""
        await self._flights.close()
        if self._background:
            # what was answered is remembered, also by a gateway that stops
            _, unfinished = await asyncio.wait(self._background, timeout=CLOSE_SECONDS)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
        await self.translator.close()

    @property
    def is_idle(self) -> bool:
        """Whether no question is under way."""
        return not self._under_way

    def note_ping(self, found: Ping, latency_ms: float) -> None:
        """It answered somebody who asked it directly."""
        self.last_ping = LastPing(int(time.time() * 1000), latency_ms, found.version)
        self._seen()

    @property
    def problem(self) -> str | None:
        """Why it is asked nothing any more, None where it is."""
        return self._quarantined

    def quarantine(self, reason: str) -> None:
        """Stops asking it for anything: another cluster answers under its address, whose ids mean other schemas."""
        self._quarantined = reason
        self.up, self.last_error = False, reason

    # --- asking

    async def ask(self, question: Callable[[], Awaitable[T]], *, repeatable: bool = True) -> T:
        """One question within all bounds."""
        if not self.entry.enabled:
            raise RegistryDisabled(self.id)
        if self._quarantined is not None:
            raise Unreachable(f"Registry {self.id} is not asked any more: {self._quarantined}")
        if self.is_local:
            return await question()
        call = current_call()
        if self.id in call.gave_up:
            raise Unreachable(f"Registry {self.id} did not answer in time a moment ago")
        outbound_headers.set(call.outbound_headers)
        asked_at = time.monotonic()
        self._under_way += 1
        try:
            answer = await self.caller.ask(question, repeatable=repeatable)
        except RegistryFault as fault:
            if self.id not in str(fault):
                fault.args = (f"Registry {self.id}: {fault}", *fault.args[1:])
            self.up, self.last_error = False, str(fault)
            self._metrics.upstream.labels(self.id, "fault").inc()
            self._note_wait(fault, time.monotonic() - asked_at)
            raise
        except RegistryError:
            # absent, refused: an answer all the same
            self._seen()
            raise
        finally:
            self._under_way -= 1
        self._seen()
        return answer

    def _note_wait(self, fault: RegistryFault, waited: float) -> None:
        """One wait for a registry that does not answer is enough for a request."""
        if isinstance(fault, Unreachable) and waited > self._stale_after:
            current_call().gave_up.add(self.id)

    def _seen(self) -> None:
        self.up, self.last_error = True, None
        self._answered.inc()
        note = self.memory.note_seen() if self.memory is not None else None
        if note is not None:
            self._later(note)

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.warning("not remembered", extra={"registry": self.id, "reason": str(fault)})

    async def patiently(
        self,
        key: Hashable,
        question: Callable[[], Awaitable[T]],
        recall: Callable[[Memory], Awaitable[tuple[T, float]]],
    ) -> T:
        """One answer for all who ask the same; the last known one with its age when it does not come, or not soon.

        The question goes on when its asker takes the last known answer, and whoever asks next may find it answered.
        """
        memory = self.memory
        if memory is None:
            return await question()
        call = current_call()
        flight = self._flights.start(key, question)
        asked_at = time.monotonic()
        done, _ = await asyncio.wait({flight}, timeout=call.patience(self._stale_after))
        if not done:
            try:
                return await self._recalled(memory, recall)
            except Absent:
                await asyncio.wait({flight})
        try:
            return flight.result()
        except ReissuedId:
            raise
        except RegistryFault as fault:
            self._note_wait(fault, time.monotonic() - asked_at)
            if call.wants_fresh:
                raise
            try:
                return await self._recalled(memory, recall)
            except Absent:
                raise fault from None

    async def _recalled(self, memory: Memory, recall: Callable[[Memory], Awaitable[tuple[T, float]]]) -> T:
        answer, age = await recall(memory)
        current_call().note_stale(age)
        return answer

    async def _key(self, subject: str, *rest: Hashable) -> Hashable:
        """Who asks after a change to the subject does not get what was asked before it."""
        return (subject, await self._changes.last_of(subject_scope(self.id, subject)), *rest)

    async def _standing(self, subject: str) -> Stands:
        """To be asked before a question: whether its answer, once it is there, is still the state of the subject."""
        return self._changes.stands((subject_scope(self.id, subject),), await self._changes.now())

    async def ping(self) -> Ping:
        """Asks whether it is there."""
        began = time.perf_counter()
        found = await self.ask(self.translator.ping)
        taken = round((time.perf_counter() - began) * 1000, 2)
        self.last_ping = LastPing(int(time.time() * 1000), taken, found.version)
        return found

    @property
    def health(self) -> Mapping[str, Any]:
        """What is known without asking."""
        return {"up": self.up, "breaker": self.caller.breaker.state, "error": self.last_error}
