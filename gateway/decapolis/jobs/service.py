"""What faces ask about jobs: begin one, look at it, follow it, and tell it what to do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from decapolis.gateway import Gateway
from decapolis.operations.cutting import Routes
from decapolis.operations.errors import OperationRefused
from decapolis.store.job_work import move, note
from decapolis.store.jobs import (
    CANCELLED,
    CANCELLING,
    DONE,
    ENDED,
    FAILED,
    PAUSED,
    PLANNED,
    ROLLED_BACK,
    ROLLING_BACK,
    RUNNING,
    Entry,
    JobRow,
    Overlap,
    StepRow,
    add_job,
    add_steps,
    demand_alone,
    drop_job,
    found_job,
    job_of_key,
    journal_after,
    listed_jobs,
    now_ms,
    one_at_a_time,
    seal,
    step_counts,
    steps_page,
)
from decapolis.web import current_call

from .actions import known_actions
from .plan import JobPlan
from .runner import Runner

PAGE = 500
POLL_SECONDS = 0.1
Scope = Literal["all", "failed"]


class UnknownJob(LookupError):
    """There is no job of that id."""

    def __init__(self, job: str) -> None:
        super().__init__(f"There is no job {job}")


class NotNow(OperationRefused):
    """The job is not in a state in which that can be done."""


class KeyReused(OperationRefused):
    """The Idempotency-Key was used for another request."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The Idempotency-Key {key} was used for another request: take a new key, or send the same request again"
        )


class Jobs:
    """The jobs of a gateway; while `at_work`, this process runs some of them."""

    def __init__(self, gateway: Gateway, routes: Routes | None = None) -> None:
        self.routes = routes
        """Who can change routes while the gateway runs."""
        self._gateway = gateway
        self._runner = Runner(gateway, known_actions(lambda: self.routes))
        self._closing = asyncio.Event()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Jobs]:
        """Takes up what is to be done, until the block ends."""
        running = asyncio.create_task(self._runner.run())
        try:
            yield self
        finally:
            self._closing.set()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    # --- beginning

    async def known(self, key: str | None, request_hash: str) -> JobRow | None:
        """The job that this caller began with this key; KeyReused where that was another request."""
        if key is None:
            return None
        actor = current_call().actor
        found = await self._gateway.store.read(lambda c: job_of_key(c, actor, key))
        if found is not None and found.request_hash != request_hash:
            raise KeyReused(key)
        return found

    async def start(self, plan: JobPlan, *, key: str | None = None, request_hash: str | None = None) -> JobRow:
        """Stores a plan as a job and has it run; Overlap where another one that is not over works at a same place."""
        job = await self._stored(plan, draft=False, key=key, request_hash=request_hash)
        self._runner.wake()
        return job

    async def draft(self, plan: JobPlan) -> JobRow:
        """Stores a plan that is only looked at, so that it can be begun later as it was seen."""
        return await self._stored(plan, draft=True)

    async def _stored(
        self, plan: JobPlan, *, draft: bool, key: str | None = None, request_hash: str | None = None
    ) -> JobRow:
        call, store = current_call(), self._gateway.store
        row = JobRow(
            str(uuid4()),
            plan.kind,
            plan.title,
            PLANNED,
            draft,
            plan.changes,
            call.actor,
            call.administrator,
            plan.request,
            plan.on_failure,
            created_ms=now_ms(),
            idempotency_key=key,
            request_hash=request_hash if key is not None else None,
        )
        try:
            await store.write(lambda c: add_job(c, row))
        except IntegrityError:
            # the same request at the same time
            found = await self.known(key, request_hash or "")
            if found is None:
                raise
            return found
        try:
            async for rows in _pages(row.id, plan):
                await store.write(partial(add_steps, rows=rows))
            await store.write(lambda c: self._sealed(c, row))
        except BaseException:
            await asyncio.shield(store.write(lambda c: drop_job(c, row.id)))
            raise
        return await self.get(row.id)

    @staticmethod
    def _sealed(connection: Connection, row: JobRow) -> None:
        total = seal(connection, row.id)
        note(connection, row.id, "planned", None, {"total": total, "actor": row.actor})

    # --- looking

    async def get(self, job: str) -> JobRow:
        """A job; UnknownJob."""
        found = await self._gateway.store.read(lambda c: found_job(c, job))
        if found is None or (found.total is None and not found.draft):
            raise UnknownJob(job)
        return found

    async def listed(
        self, limit: int, *, after: tuple[int, str] | None = None, kind: str | None = None, state: str | None = None
    ) -> list[JobRow]:
        """Jobs, newest first."""
        return await self._gateway.store.read(lambda c: listed_jobs(c, limit, after=after, kind=kind, state=state))

    async def counts(self, job: str) -> dict[str, int]:
        """How many steps are in which state."""
        return await self._gateway.store.read(lambda c: step_counts(c, job))

    async def steps(self, job: str, **where: Any) -> AsyncIterator[StepRow]:
        """All steps in order, read a page at a time."""
        last = 0
        while page := await self._gateway.store.read(partial(steps_page, job=job, after=last, limit=PAGE, **where)):
            for step in page:
                yield step
            last = page[-1].number

    async def some_steps(self, job: str, **where: Any) -> list[StepRow]:
        """One page of steps."""
        return await self._gateway.store.read(partial(steps_page, job=job, **where))

    async def journal(self, job: str) -> AsyncIterator[Entry]:
        """The whole journal, read a page at a time."""
        last = 0
        while page := await self._gateway.store.read(partial(journal_after, job=job, number=last, limit=PAGE)):
            for entry in page:
                yield entry
            last = page[-1].number

    async def follow(self, job: str, after: int = 0) -> AsyncIterator[list[Entry]]:
        """The journal as it grows, some entries at a time, until the job is over; none at all now and then."""
        last, quiet = after, time.monotonic()
        while not self._closing.is_set():
            row = await self.get(job)
            page = await self._gateway.store.read(partial(journal_after, job=job, number=last, limit=PAGE))
            if page:
                yield page
                last, quiet = page[-1].number, time.monotonic()
            elif row.state in ENDED:
                return
            else:
                if time.monotonic() - quiet > 10:
                    quiet = time.monotonic()
                    yield []
                await self._pause()

    async def wait(self, job: str, seconds: float) -> JobRow:
        """The job once it is over, or as it is after so many seconds."""
        until = time.monotonic() + seconds
        while (row := await self.get(job)).state not in (*ENDED, PAUSED):
            if time.monotonic() >= until or self._closing.is_set():
                break
            await self._pause()
        return row

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), POLL_SECONDS)
        except TimeoutError:
            return

    # --- telling

    async def pause(self, job: str) -> JobRow:
        """No further step begins; those under way are finished."""
        return await self._told(job, (PLANNED, RUNNING), PAUSED, "paused")

    async def resume(self, job: str) -> JobRow:
        """It goes on where it was."""
        return await self._told(job, (PAUSED,), RUNNING, "resumed")

    async def cancel(self, job: str) -> JobRow:
        """It ends; what was done stays done."""
        row = await self.get(job)
        if row.state == PAUSED:
            return await self._told(job, (PAUSED,), CANCELLED, "cancelled", ended_ms=now_ms())
        return await self._told(job, (PLANNED, RUNNING), CANCELLING, "cancelling")

    async def rollback(self, job: str, scope: Scope = "all") -> JobRow:
        """Takes back everything that it did, or what it did where something failed; Overlap as for a new job."""
        row = await self.get(job)
        if not row.changes:
            raise NotNow(f"Job {job} changes nothing, so there is nothing to take back")
        wanted = (RUNNING, PAUSED, DONE, FAILED, CANCELLED, ROLLED_BACK)
        facts = {"scope": scope, "actor": current_call().actor}

        def work(connection: Connection) -> bool:
            one_at_a_time(connection)
            if row.state in ENDED:
                demand_alone(connection, job)
            request = {**row.request, "rollback": {"scope": scope, "marked": False}}
            if not move(connection, job, wanted, ROLLING_BACK, request=request, ended_ms=None):
                return False
            note(connection, job, "rolling_back", None, facts)
            return True

        return await self._moved(job, await self._gateway.store.write(work), wanted, "rolled back")

    async def _told(self, job: str, wanted: tuple[str, ...], state: str, event: str, **values: Any) -> JobRow:
        facts = {"actor": current_call().actor}

        def work(connection: Connection) -> bool:
            if not move(connection, job, wanted, state, **values):
                return False
            note(connection, job, event, None, facts)
            return True

        return await self._moved(job, await self._gateway.store.write(work), wanted, event)

    async def _moved(self, job: str, moved: bool, wanted: tuple[str, ...], event: str) -> JobRow:
        row = await self.get(job)
        if not moved:
            raise NotNow(f"Job {job} is {row.state}: only one that is {' or '.join(wanted)} can be {event}")
        self._runner.wake(job)
        return row


async def _pages(job: str, plan: JobPlan) -> AsyncIterator[list[StepRow]]:
    page: list[StepRow] = []
    number = 0
    async for step in plan.each():
        number += 1
        page.append(
            StepRow(
                job,
                number,
                step.phase,
                step.registry,
                step.subject,
                step.action,
                step.needs,
                PLANNED,
                step.before,
                step.after,
            )
        )
        if len(page) >= PAGE:
            yield page
            page = []
    if page:
        yield page


__all__ = ["Jobs", "KeyReused", "NotNow", "Overlap", "Scope", "UnknownJob"]
