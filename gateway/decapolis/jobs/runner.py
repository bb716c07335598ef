"""Takes up jobs that should be worked at: new ones, resumed ones, and those whose process is gone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from uuid import uuid4

from decapolis.gateway import Gateway
from decapolis.store import StoreUnavailable
from decapolis.store.job_work import claim
from decapolis.store.jobs import drop_job, now_ms, old_drafts

from .copying import MIRROR
from .plan import Action
from .run import LEASE_SECONDS, JobRun

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
MOST_JOBS = 4
"""How many jobs one process works at; those that never end do not count."""
DRAFT_SECONDS = 24 * 3600.0
_TIDY_SECONDS = 3600.0


class Runner:
    """Works at jobs as long as the gateway runs."""

    def __init__(self, gateway: Gateway, actions: Mapping[str, Action]) -> None:
        self._gateway = gateway
        self._actions = actions
        self._holder = str(uuid4())
        self._wake = asyncio.Event()
        self._runs: dict[str, tuple[JobRun, asyncio.Task[None]]] = {}
        self._tidied = 0.0

    def wake(self, job: str | None = None) -> None:
        """Something is to be done: a new job, or another state for one that may be at work here."""
        if job in self._runs:
            self._runs[job][0].beat.set()
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled; then every job is let go for another process, or for the next start."""
        try:
            while True:
                try:
                    await self._take_up()
                except StoreUnavailable as away:
                    log.warning("jobs cannot be looked at", extra={"reason": str(away)})
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
                self._wake.clear()
        finally:
            tasks = [task for _, task in self._runs.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_up(self) -> None:
        store = self._gateway.store
        if time.monotonic() - self._tidied > _TIDY_SECONDS:
            self._tidied = time.monotonic()
            await self._tidy()
        while sum(run.job.kind != MIRROR for run, _ in self._runs.values()) < MOST_JOBS:
            job = await store.write(lambda c: claim(c, self._holder, LEASE_SECONDS, exclusive=store.exclusive))
            if job is None:
                return
            run = JobRun(self._gateway, self._actions, job)
            task = asyncio.create_task(run.run())
            self._runs[job.id] = run, task
            task.add_done_callback(partial(self._ended, job.id))

    def _ended(self, job: str, task: asyncio.Task[None]) -> None:
        self._runs.pop(job, None)
        self._wake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            # it stays as it is in the store, and is taken up once more after its lease
            log.error("job interrupted", extra={"job": job}, exc_info=error)

    async def _tidy(self) -> None:
        """Forgets plans that were only looked at long ago."""
        before = now_ms() - int(DRAFT_SECONDS * 1000)
        for job in await self._gateway.store.read(lambda c: old_drafts(c, before)):
            await self._gateway.store.write(partial(drop_job, job=job))
