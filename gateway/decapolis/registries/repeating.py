"""Asks again where that may help: as long as the registry says, else with full jitter under a doubling bound."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from decapolis_translators.errors import Throttled

T = TypeVar("T")

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
_jitter = wait_random_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE)


async def repeated(
    attempt: Callable[[], Awaitable[T]],
    first: Exception,
    attempts: int,
    seconds: float,
    *,
    may_help: Callable[[BaseException], bool],
    before_sleep: Callable[[], None],
) -> T:
    """The first answer of so many attempts within so many seconds; the last fault where there is none.

    The first attempt was made already, and `first` is how it ended.
    """
    ended: list[Exception] = [first]

    async def once() -> T:  # tenacity looks whether a function is a coroutine's, which a lambda never is
        if ended:
            raise ended.pop()
        return await attempt()

    repeating = AsyncRetrying(
        retry=retry_if_exception(may_help),
        wait=_pause,
        stop=stop_after_attempt(attempts) | stop_before_delay(seconds),
        before_sleep=lambda _: before_sleep(),
        reraise=True,
    )
    return await repeating(once)


def _pause(state: RetryCallState) -> float:
    fault = state.outcome.exception() if state.outcome is not None else None
    if isinstance(fault, Throttled) and fault.retry_after is not None:
        return fault.retry_after
    return _jitter(state)
