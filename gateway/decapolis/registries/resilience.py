"""Around every call to a registry: a place in the queue, a deadline, repeats where they are safe, and a breaker."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from decapolis.settings import Resilience
from decapolis_translators.errors import Garbled, RegistryFault, Throttled, Unreachable

T = TypeVar("T")

RETRY_BUDGET = 0.2
"""Repeats may add this share to the questions asked, so that a sick registry is not asked to death."""
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
BUDGET_CAP = 10.0


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


class Caller:
    """Asks one registry within its bounds.

    Every error that leaves is the translator's own or a RegistryFault; a fault counts against the breaker, anything else
    the registry says counts for it.
    """

    def __init__(self, registry_id: str, bounds: Resilience) -> None:
        self.registry_id = registry_id
        self.bounds = bounds
        self.breaker = Breaker(bounds.breaker_failures, bounds.breaker_seconds)
        self._places = asyncio.Semaphore(bounds.concurrency)
        self._budget = BUDGET_CAP

    async def ask(self, question: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        """The answer to a question, asked again on a fault where `repeatable` and the budget allow."""
        deadline = time.monotonic() + self.bounds.deadline
        attempt = 0
        self._budget = min(self._budget + RETRY_BUDGET, BUDGET_CAP)
        while True:
            try:
                return await self._once(question, deadline, repeatable=repeatable)
            except RegistryFault as fault:
                pause = self._pause(fault, attempt) if repeatable else None
                if pause is None or time.monotonic() + pause >= deadline:
                    raise
                attempt += 1
                self._budget -= 1
                await asyncio.sleep(pause)

    def _pause(self, fault: RegistryFault, attempt: int) -> float | None:
        """How long to wait before the next attempt (full jitter), None for no next one."""
        if attempt >= self.bounds.retries or self._budget < 1 or self.breaker.state != "closed":
            return None
        if isinstance(fault, Throttled) and fault.retry_after is not None:
            return fault.retry_after
        if not isinstance(fault, Unreachable | Throttled):
            return None
        return random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))  # noqa: S311 - jitter, not a secret

    async def _once(self, question: Callable[[], Awaitable[T]], deadline: float, *, repeatable: bool) -> T:
        if not self.breaker.admit():
            raise Unreachable(f"Registry {self.registry_id} failed repeatedly and is given a rest")
        sent = False
        try:
            async with asyncio.timeout_at(_loop_time(deadline)):
                async with self._places:
                    sent = True
                    answer = await question()
        except TimeoutError as late:
            self.breaker.failed()
            raise Unreachable(
                f"Registry {self.registry_id} did not answer within {self.bounds.deadline:g} s",
                sent=sent and not repeatable,
            ) from late
        except Throttled:
            self.breaker.released()
            raise
        except RegistryFault:
            self.breaker.failed()
            raise
        except asyncio.CancelledError:
            self.breaker.released()
            raise
        except (TypeError, ValueError, KeyError, AttributeError) as odd:
            # a translator stumbled over an answer: the registry's trouble for the caller, a bug for us
            self.breaker.failed()
            raise Garbled(f"Registry {self.registry_id} answered in a way that its translator cannot read") from odd
        except BaseException:
            self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        return answer


def _loop_time(deadline: float) -> float:
    return asyncio.get_running_loop().time() + (deadline - time.monotonic())
