"""The run of one job by the process that holds its lease: forward, and back.

Phases follow each other; within a phase each registry has a lane of its own, as wide as half the questions that the registry
may be asked at once, so that clients keep theirs. Steps are read a page at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from decapolis.gateway import Gateway
from decapolis.registries.routing import UnknownRegistry
from decapolis.store import StoreUnavailable
from decapolis.store.job_work import let_go, mark_for_undo, move, note, renew
from decapolis.store.jobs import (
    CANCELLED,
    CANCELLING,
    DONE,
    FAILED,
    PLANNED,
    ROLLED_BACK,
    ROLLING_BACK,
    RUNNING,
    UNDOING,
    Fenced,
    JobRow,
    StepRow,
    found_job,
    now_ms,
    one_step,
    phases_of,
    steps_page,
)

from .lanes import Lane
from .plan import Action, failed, skipped
from .stepping import Stepper

log = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
BEAT_SECONDS = 1.0
PAGE = 200

_LEFT = (PLANNED, RUNNING)


class JobRun:
    """One job in the hands of this process."""

    def __init__(self, gateway: Gateway, actions: Mapping[str, Action], job: JobRow) -> None:
        self.job = job
        self.beat = asyncio.Event()
        """Set by whoever changed the job's state here."""
        self.closing = False
        """Set when the process stops."""
        self._gateway = gateway
        self._actions = actions
        self._state = job.state
        self._failed = False
        self._waiting, self._progress, self._last_round = 0, False, False
        self._trouble: BaseException | None = None
        self._steps = Stepper(gateway, actions, job, self.halted)

    async def run(self) -> None:
        """Works until the job is over, paused, or somebody else's."""
        beating = asyncio.create_task(self._keep_lease())
        try:
            if self.job.state != PLANNED:
                facts = {"holder": self.job.holder, "fence": self.job.fence}
                await self._gateway.store.write(lambda c: note(c, self.job.id, "taken_up", None, facts, self.job.fence))
            await self._work()
        except Fenced:
            log.warning("job taken over by another process", extra={"job": self.job.id})
        except StoreUnavailable:
            raise  # it is taken up once more when the store is back
        except Exception as bug:  # it would happen again and again: the job ends, and says so
            log.exception("job failed", extra={"job": self.job.id})
            reason = f"Something went wrong in the gateway: {type(bug).__name__}: {bug}"
            await self._end((RUNNING, ROLLING_BACK), FAILED, "failed", reason)
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            with suppress(StoreUnavailable):
                await self._gateway.store.write(lambda c: let_go(c, self.job.id, self.job.fence))

    async def _work(self) -> None:
        while True:
            self.job = await self._fresh()
            self._state = self.job.state
            match self._state:
                case "planned":
                    await self._begin()
                case "running":
                    await self._forward()
                case "cancelling":
                    await self._end((CANCELLING,), CANCELLED, "cancelled")
                case "rolling_back":
                    await self._back()
                case _:
                    return

    async def _fresh(self) -> JobRow:
        row = await self._gateway.store.read(lambda c: found_job(c, self.job.id))
        if row is None or row.fence != self.job.fence:
            raise Fenced
        return row

    async def _begin(self) -> None:
        def work(connection: Connection) -> None:
            if move(connection, self.job.id, (PLANNED,), RUNNING, fence=self.job.fence, started_ms=now_ms()):
                note(connection, self.job.id, "started", None, {}, self.job.fence)

        await self._gateway.store.write(work)

    async def _end(self, wanted: Sequence[str], state: str, event: str, reason: str | None = None) -> None:
        def work(connection: Connection) -> None:
            values: dict[str, Any] = {"ended_ms": now_ms()}
            if reason is not None:
                values["reason"] = reason
            if move(connection, self.job.id, wanted, state, fence=self.job.fence, **values):
                facts = {} if reason is None else {"reason": reason}
                note(connection, self.job.id, event, None, facts, self.job.fence)

        await self._gateway.store.write(work)

    # --- the lease

    async def _keep_lease(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.beat.wait(), BEAT_SECONDS)
            self.beat.clear()
            try:
                self._state = await self._gateway.store.write(
                    lambda c: renew(c, self.job.id, self.job.fence, LEASE_SECONDS)
                )
            except Fenced as fenced:
                self._trouble = fenced
                return
            except StoreUnavailable as away:
                log.warning("lease not renewed", extra={"job": self.job.id, "reason": str(away)})

    # --- forward and back

    async def _forward(self) -> None:
        while True:
            self._waiting, self._progress = 0, False
            await self._walk(_LEFT, RUNNING, self._step_done)
            if not self._waiting or self.halted(RUNNING):
                break
            # what waits for others is tried again as long as others get done
            self._last_round = not self._progress
        if self._state != RUNNING:
            return
        if not self._failed:
            await self._end((RUNNING,), DONE, "done")
            return
        reason = "A step failed, and the job was told to " + (
            "take everything back" if self.job.on_failure == "rollback" else "stop then"
        )
        if self.job.on_failure == "rollback":
            await self._turn_back(reason)
        else:
            await self._end((RUNNING,), FAILED, "failed", reason)

    async def _turn_back(self, reason: str) -> None:
        def work(connection: Connection) -> None:
            request = {**self.job.request, "rollback": {"scope": "all", "marked": False}}
            values = {"request": request, "reason": reason}
            if move(connection, self.job.id, (RUNNING,), ROLLING_BACK, fence=self.job.fence, **values):
                note(connection, self.job.id, "rolling_back", None, {"reason": reason}, self.job.fence)

        await self._gateway.store.write(work)

    async def _back(self) -> None:
        await self._mark()
        await self._walk((UNDOING,), ROLLING_BACK, self._step_undone, descending=True)
        if self._state == ROLLING_BACK:
            await self._end((ROLLING_BACK,), ROLLED_BACK, "rolled_back")

    async def _mark(self) -> None:
        """Decides once what is taken back: nothing is under way any more, so every step says what it did."""
        asked = self.job.request.get("rollback") or {"scope": "all"}
        if asked.get("marked"):
            return

        def work(connection: Connection) -> None:
            request = {**self.job.request, "rollback": {**asked, "marked": True}}
            if move(connection, self.job.id, (ROLLING_BACK,), ROLLING_BACK, fence=self.job.fence, request=request):
                steps = mark_for_undo(connection, self.job.id, only_failed=asked["scope"] == "failed")
                note(connection, self.job.id, "marked", None, {"steps": steps}, self.job.fence)

        await self._gateway.store.write(work)

    async def _walk(
        self,
        states: Sequence[str],
        while_state: str,
        work: Callable[[StepRow], Coroutine[Any, Any, None]],
        *,
        descending: bool = False,
    ) -> None:
        """All phases in order, unless the job halts before."""
        found = await self._gateway.store.read(lambda c: phases_of(c, self.job.id, states))
        for phase in sorted({phase for phase, _ in found}, reverse=descending):
            lanes = [
                Lane(self, phase, registry, states, while_state, work, descending=descending)
                for each, registry in found
                if each == phase
            ]
            await asyncio.gather(*(lane.run() for lane in lanes))
            if self._trouble is not None:
                raise self._trouble
            if self.halted(while_state):
                return

    def halted(self, while_state: str) -> bool:
        """Whether no further step may begin."""
        return self._state != while_state or self.closing or self._trouble is not None or self._stops_on_failure

    @property
    def _stops_on_failure(self) -> bool:
        return self._failed and self._state == RUNNING and self.job.on_failure != "continue"

    def stopped_by(self, trouble: BaseException) -> None:
        """Remembers what keeps the whole job from going on."""
        self._trouble = self._trouble or trouble

    def bound(self, registry_id: str, action: str) -> int:
        """How many steps of a kind may be under way at one registry."""
        weight = self._actions[action].weight if action in self._actions else 1
        try:
            places = self._gateway.registries.at(registry_id).entry.resilience.concurrency
        except UnknownRegistry:
            return 1
        return max(1, min(places, 64) // (2 * weight))

    async def page(self, **where: Any) -> list[StepRow]:
        """Some steps."""
        return await self._gateway.store.read(lambda c: steps_page(c, self.job.id, limit=PAGE, **where))

    # --- one step

    async def _step_done(self, step: StepRow) -> None:
        needed = None
        if step.needs is not None:
            needed = await self._gateway.store.read(lambda c: one_step(c, self.job.id, step.needs or 0))
            if needed is None or needed.state != DONE:
                await self._steps.settle(step, skipped(f"step {step.needs}, which has to be done first, was not"))
                return
        outcome = await self._steps.tried(step, needed, undoing=False)
        if outcome.state == PLANNED:
            if not self._last_round:
                self._waiting += 1
                return
            outcome = failed(outcome.reason or "what it waits for does not come")
        self._progress = True
        await self._steps.settle(step, outcome)
        self._failed = self._failed or outcome.state == FAILED

    async def _step_undone(self, step: StepRow) -> None:
        await self._steps.settle(step, await self._steps.tried(step, None, undoing=True))
