"""Lanes: the steps of one phase at one registry, in order a subject, side by side otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from decapolis.store.jobs import StepRow

CLOSE_SECONDS = 2.0
"""How long a process that stops waits for steps under way."""


class Halting(Protocol):
    """The run that a lane belongs to."""

    closing: bool

    def halted(self, while_state: str) -> bool:
        """Whether no further step may begin."""

    def stopped_by(self, trouble: BaseException) -> None:
        """Remembers what keeps the whole job from going on."""

    def bound(self, registry_id: str, action: str) -> int:
        """How many steps of a kind may be under way at one registry."""

    async def page(self, **where: Any) -> list[StepRow]:
        """Some steps."""


class Lane:
    """One of them, walked once."""

    def __init__(
        self,
        run: Halting,
        phase: int,
        registry: str,
        states: Sequence[str],
        while_state: str,
        work: Callable[[StepRow], Coroutine[Any, Any, None]],
        *,
        descending: bool,
    ) -> None:
        self._run = run
        self._where = {"phase": phase, "registry": registry, "states": states, "descending": descending}
        self._registry = registry
        self._while_state = while_state
        self._work = work
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until there is nothing left, or the job halts; what is under way is waited for either way."""
        try:
            await self._feed()
        except asyncio.CancelledError:
            # the process stops: what is under way gets a moment to be journaled
            self._run.closing = True
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=CLOSE_SECONDS)
            for task in self._under_way:
                task.cancel()
            raise
        except Exception as trouble:  # whatever it is, it ends the job, and not only this lane
            self._run.stopped_by(trouble)
        finally:
            if self._under_way:
                await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _feed(self) -> None:
        last, chain = 0, list[StepRow]()
        while not self._run.halted(self._while_state):
            page = await self._run.page(after=last, **self._where)
            if not page:
                break
            last = page[-1].number
            for step in page:
                if chain and chain[-1].subject != step.subject:
                    await self._start(chain)
                    chain = []
                    if self._run.halted(self._while_state):
                        return
                chain.append(step)
        if chain and not self._run.halted(self._while_state):
            await self._start(chain)

    async def _start(self, chain: Sequence[StepRow]) -> None:
        bound = min(self._run.bound(self._registry, step.action) for step in chain)
        while len(self._under_way) >= bound:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        if self._run.halted(self._while_state):
            return
        task = asyncio.create_task(self._walk(chain))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _walk(self, chain: Sequence[StepRow]) -> None:
        try:
            for step in chain:
                if self._run.halted(self._while_state):
                    return
                await self._work(step)
        except Exception as trouble:  # what is a step's own trouble was told as its outcome; this is the job's
            self._run.stopped_by(trouble)
