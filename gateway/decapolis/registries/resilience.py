"""Around every call to a registry: a place in the queue, a deadline, repeats where they are safe, and a breaker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from decapolis.breaker import Breaker
from decapolis.settings import Resilience
from decapolis_translators.errors import Garbled, RegistryFault, Throttled, Unreachable

T = TypeVar("T")

RETRY_BUDGET = 0.2
"""Repeats may add this share to the questions asked, so that a sick registry is not asked to death."""
BUDGET_CAP = 10.0
LONGEST_REST = 60.0
"""Seconds that a `Retry-After` is believed."""


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
        self._welcome_at = 0.0

    async def ask(self, question: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        """The answer to a question, asked again on a fault where `repeatable` and the budget allow."""
        deadline = time.monotonic() + self.bounds.deadline
        self._budget = min(self._budget + RETRY_BUDGET, BUDGET_CAP)
        try:
            return await self._once(question, deadline, repeatable=repeatable)
        except (Unreachable, Throttled) as fault:
            if not (repeatable and self.bounds.retries and self._may_help(fault)):
                raise
            first = fault
        # loaded, and set up, once something went wrong: that costs more than asking does
        from .repeating import repeated

        return await repeated(
            lambda: self._once(question, deadline, repeatable=repeatable),
            first,
            self.bounds.retries + 1,
            deadline - time.monotonic(),
            may_help=self._may_help,
            before_sleep=self._spend,
        )

    def _may_help(self, fault: BaseException) -> bool:
        """Whether asking again may help and is affordable."""
        passing = isinstance(fault, Unreachable | Throttled)
        return passing and self._budget >= 1 and self.breaker.state == "closed"

    def _spend(self) -> None:
        self._budget -= 1

    async def _once(self, question: Callable[[], Awaitable[T]], deadline: float, *, repeatable: bool) -> T:
        self._demand_welcome()
        if not self.breaker.admit():
            raise Unreachable(f"Registry {self.registry_id} failed repeatedly and is given a rest")
        sent = False
        try:
            async with asyncio.timeout_at(_loop_time(deadline)):
                async with self._places:
                    sent = True
                    answer = await question()
        except TimeoutError as late:
            if sent:
                self.breaker.failed()
            else:
                self.breaker.released()  # it was busy with our other questions, which says nothing against it
            raise Unreachable(
                f"Registry {self.registry_id} did not answer within {self.bounds.deadline:g} s",
                sent=sent and not repeatable,
            ) from late
        except Throttled as throttled:
            self.breaker.released()
            wait = min(throttled.retry_after or 0.0, LONGEST_REST)
            self._welcome_at = max(self._welcome_at, time.monotonic() + wait)
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

    def _demand_welcome(self) -> None:
        """A registry that said when to come again (`Retry-After`) is left alone until then."""
        wait = self._welcome_at - time.monotonic()
        if wait > 0:
            raise Throttled(f"Registry {self.registry_id} asked to be left alone for a while", retry_after=wait)


def _loop_time(deadline: float) -> float:
    return asyncio.get_running_loop().time() + (deadline - time.monotonic())
