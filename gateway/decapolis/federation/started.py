"""What begins work: `Idempotency-Key`, the answer while it runs, and waiting for it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from pydantic import Field

from decapolis.jobs import JobPlan
from decapolis.store.jobs import ENDED, JobRow

from .endpoint import Answer, Asked, Inputs
from .jobs import job_shape
from .problems import Refused

MOST_WAIT = 300.0
MOST_KEY = 255


class Starting(Inputs):
    """What every call that begins a job may say."""

    wait: float = Field(
        default=0, ge=0, le=MOST_WAIT, description="how many seconds the answer waits for the job to end"
    )


async def begun(asked: Asked[Any], plan: Callable[[], Awaitable[JobPlan]]) -> JobRow:
    """The job of a request: the one that the same key began before, or a new one."""
    key = asked.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= MOST_KEY:
        raise Refused(400, "invalid-idempotency-key", f"An Idempotency-Key has 1 to {MOST_KEY} characters")
    said = {name: value for name, value in asked.given.items() if name != "wait"}
    # the operation counts too: one key is one request
    text = orjson.dumps([asked.operation, dict(asked.path), said], option=orjson.OPT_SORT_KEYS)
    request_hash = hashlib.sha256(text).hexdigest()
    jobs = asked.desk.jobs
    known = await jobs.known(key, request_hash)
    if known is None:
        known = await jobs.start(await plan(), key=key, request_hash=request_hash)
    return known


async def waited(asked: Asked[Any], job: JobRow) -> tuple[JobRow, bool]:
    """The job after the time that the caller gives it, and whether that was asked for and enough."""
    seconds = float(asked.inputs.wait)
    if seconds <= 0:
        return job, False
    job = await asked.desk.jobs.wait(job.id, seconds)
    return job, job.state in ENDED


async def accepted(asked: Asked[Any], job: JobRow) -> Answer:
    """202 with the job and where to look at it; 200 where the caller waited for its end."""
    return await told(asked, *await waited(asked, job))


async def told(asked: Asked[Any], job: JobRow, over: bool) -> Answer:
    """The job, over or not."""
    shape = await job_shape(asked.desk.jobs, job)
    return Answer(shape, 200 if over else 202, {"Location": f"/api/v1/jobs/{job.id}"})
