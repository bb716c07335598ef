"""Jobs: look at one, follow it, pause, resume, cancel, take back, report."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import orjson
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from decapolis.jobs import Jobs
from decapolis.jobs.reports import as_csv, as_html, as_json, iso, rows, told
from decapolis.jobs.results import MOST_RESULTS, result_map
from decapolis.store.jobs import ENDED, Entry, JobRow

from .endpoint import Answer, Asked, Endpoint, Inputs, Shape
from .paging import Page, Paged, decoded_cursor, encoded_cursor
from .problems import Refused

State = Literal[
    "planned", "running", "paused", "cancelling", "cancelled", "done", "failed", "rolling_back", "rolled_back"
]
UNFINISHED = ("planned", "running", "undoing")
"""States of steps that are still to be done, or to be taken back."""
CSV, HTML, PDF = "text/csv", "text/html", "application/pdf"


class JobShape(Shape):
    """A job as it stands."""

    id: str
    kind: str
    title: str
    state: State
    total: int = Field(description="how many steps it has")
    done: int = Field(description="how many of them are over, whatever became of them")
    steps: dict[str, int] = Field(description="how many steps are in which state")
    actor: str
    on_failure: str
    request: dict[str, Any]
    created_at: str
    started_at: str | None
    ended_at: str | None
    reason: str | None = Field(description="why it ended as it did, where that needs to be said")
    result: dict[str, Any] | None = Field(
        default=None,
        description=f"once it is over: what became of each place, by registry and subject (up to {MOST_RESULTS} steps; "
        "the report has all)",
    )


class StepShape(Shape):
    """One step of a job."""

    step: int
    phase: int
    registry: str
    subject: str
    action: str
    state: str
    before: Any
    after: Any
    outcome: Any
    reason: str | None
    changed_at: str | None


class JobsFilter(Paged):
    """Which jobs are listed."""

    kind: str | None = None
    state: State | None = None


class StepsFilter(Paged):
    """Which steps are listed."""

    state: str | None = None


class RollbackInputs(Inputs):
    """What is taken back."""

    scope: Literal["all", "failed"] = Field(
        default="all", description="everything, or what was done to subjects where something failed"
    )


class ReportInputs(Inputs):
    """The form of a report."""

    format: Literal["json", "csv", "html", "pdf"] = "json"


class ReportShape(Shape):
    """Everything about a job."""

    job: dict[str, Any]
    results: list[StepShape]
    journal: list[dict[str, Any]]


class EventsInputs(Inputs):
    """From where on the journal is followed."""

    after: int = Field(default=0, ge=0, description="as the header Last-Event-ID, for those who cannot send one")


async def job_shape(jobs: Jobs, job: JobRow, *, result: bool = True) -> JobShape:
    """A job as callers see it."""
    counts = await jobs.counts(job.id)
    left = sum(counts.get(state, 0) for state in UNFINISHED)
    total = job.total or 0
    with_result = result and job.state in ENDED and total <= MOST_RESULTS
    return JobShape.model_validate(
        {
            "id": job.id,
            "kind": job.kind,
            "title": job.title,
            "state": job.state,
            "total": total,
            "done": total - left,
            "steps": counts,
            "actor": job.actor,
            "on_failure": job.on_failure,
            "request": job.request,
            "created_at": iso(job.created_ms),
            "started_at": iso(job.started_ms),
            "ended_at": iso(job.ended_ms),
            "reason": job.reason,
            "result": await result_map(jobs, job) if with_result else None,
        }
    )


async def list_jobs(asked: Asked[JobsFilter]) -> Answer:
    """A page of jobs, newest first."""
    inputs, jobs = asked.inputs, asked.desk.jobs
    after = _place(inputs.cursor) if inputs.cursor else None
    found = await jobs.listed(inputs.limit + 1, after=after, kind=inputs.kind, state=inputs.state)
    chosen = found[: inputs.limit]
    cursor = None
    if len(found) > len(chosen):
        cursor = encoded_cursor(f"{chosen[-1].created_ms} {chosen[-1].id}")
    items = await asyncio.gather(*(job_shape(jobs, each, result=False) for each in chosen))
    return Answer(Page[JobShape](items=items, next_cursor=cursor))


def _place(cursor: str) -> tuple[int, str]:
    created, _, job = decoded_cursor(cursor).partition(" ")
    if not created.isdigit():
        raise Refused(400, "invalid-cursor", "The cursor is none that was given out here")
    return int(created), job


async def get_job(asked: Asked[Inputs]) -> Answer:
    """One job."""
    jobs = asked.desk.jobs
    return Answer(await job_shape(jobs, await jobs.get(asked.path["job_id"])))


async def list_job_steps(asked: Asked[StepsFilter]) -> Answer:
    """A page of a job's steps, in order."""
    inputs, jobs = asked.inputs, asked.desk.jobs
    job = await jobs.get(asked.path["job_id"])
    spelled = decoded_cursor(inputs.cursor) if inputs.cursor else "0"
    if not spelled.isdigit():
        raise Refused(400, "invalid-cursor", "The cursor is none that was given out here")
    states = None if inputs.state is None else (inputs.state,)
    found = await jobs.some_steps(job.id, after=int(spelled), limit=inputs.limit + 1, states=states)
    chosen = found[: inputs.limit]
    cursor = encoded_cursor(str(chosen[-1].number)) if len(found) > len(chosen) else None
    total = job.total if states is None else None
    items = [StepShape.model_validate(told(each)) for each in chosen]
    return Answer(Page[StepShape](items=items, next_cursor=cursor, total=total))


async def pause_job(asked: Asked[Inputs]) -> Answer:
    """No further step begins."""
    return await _told(asked, await asked.desk.jobs.pause(asked.path["job_id"]))


async def resume_job(asked: Asked[Inputs]) -> Answer:
    """It goes on."""
    return await _told(asked, await asked.desk.jobs.resume(asked.path["job_id"]))


async def cancel_job(asked: Asked[Inputs]) -> Answer:
    """It ends where it is."""
    return await _told(asked, await asked.desk.jobs.cancel(asked.path["job_id"]))


async def roll_back_job(asked: Asked[RollbackInputs]) -> Answer:
    """What it did is taken back."""
    return await _told(asked, await asked.desk.jobs.rollback(asked.path["job_id"], asked.inputs.scope))


async def _told(asked: Asked[Any], job: JobRow) -> Answer:
    return Answer(await job_shape(asked.desk.jobs, job), 202)


async def follow_job(asked: Asked[EventsInputs]) -> Answer:
    """The journal as server-sent events, until the job is over."""
    job = await asked.desk.jobs.get(asked.path["job_id"])
    given = asked.headers.get("last-event-id", "").strip()
    after = int(given) if given.isdigit() else asked.inputs.after
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    stream = StreamingResponse(_events(asked.desk.jobs, job.id, after), media_type="text/event-stream", headers=headers)
    return Answer(raw=stream)


async def _events(jobs: Jobs, job: str, after: int) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    async for page in jobs.follow(job, after):
        if not page:
            yield b": still here\n\n"
            continue
        for entry in page:
            yield _event(entry)
        yield await _progress(jobs, job)
    last = await job_shape(jobs, await jobs.get(job), result=False)
    yield b"event: end\ndata: " + orjson.dumps(last.model_dump(mode="json")) + b"\n\n"


def _event(entry: Entry) -> bytes:
    """One entry, under its number."""
    facts = {"event": entry.event, "step": entry.step, "at": iso(entry.at_ms), **(entry.facts or {})}
    return f"id: {entry.number}\nevent: {entry.event}\n".encode() + b"data: " + orjson.dumps(facts) + b"\n\n"


async def _progress(jobs: Jobs, job: str) -> bytes:
    """How far the job is now; no entry of the journal, hence without a number."""
    counts = await jobs.counts(job)
    left = sum(counts.get(state, 0) for state in UNFINISHED)
    total = sum(counts.values())
    return b"event: progress\ndata: " + orjson.dumps({"done": total - left, "total": total}) + b"\n\n"


async def report_on_job(asked: Asked[ReportInputs]) -> Answer:
    """What a job did, in the form that was asked for."""
    jobs, format = asked.desk.jobs, asked.inputs.format
    job = await jobs.get(asked.path["job_id"])
    name = {"content-disposition": f'attachment; filename="job-{job.id}.{format}"'}
    if format == "pdf":
        from decapolis.jobs.documents import document  # loads a library that an extra brings

        page = await asyncio.to_thread(document, job, await jobs.counts(job.id), await rows(jobs, job))
        return Answer(raw=Response(page, media_type=PDF, headers=name))
    if format == "csv":
        return Answer(raw=StreamingResponse(as_csv(jobs, job), media_type=CSV, headers=name))
    if format == "html":
        policy = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return Answer(raw=StreamingResponse(as_html(jobs, job), media_type=HTML, headers=policy))
    return Answer(raw=StreamingResponse(as_json(jobs, job), media_type="application/json"))


def _telling(verb: str, serve: Any, summary: str, inputs: type[Inputs] = Inputs) -> Endpoint:
    path = f"/jobs/{{job_id}}/{verb}"
    return Endpoint("POST", path, serve, summary, "jobs", inputs, {202: JobShape}, (400, 404, 409))


ENDPOINTS = (
    Endpoint("GET", "/jobs", list_jobs, "List jobs, newest first", "jobs", JobsFilter, {200: Page[JobShape]}, (400,)),
    Endpoint(
        "GET",
        "/jobs/{job_id}",
        get_job,
        "Show a job: its state, its progress, its result",
        "jobs",
        Inputs,
        {200: JobShape},
    ),
    Endpoint(
        "GET",
        "/jobs/{job_id}/steps",
        list_job_steps,
        "List the steps of a job, with what was there before and what became of each",
        "jobs",
        StepsFilter,
        {200: Page[StepShape]},
    ),
    Endpoint(
        "GET",
        "/jobs/{job_id}/events",
        follow_job,
        "Follow a job's journal as server-sent events; Last-Event-ID goes on where one was",
        "jobs",
        EventsInputs,
        {200: str},
        media_types={200: "text/event-stream"},
    ),
    Endpoint(
        "GET",
        "/jobs/{job_id}/report",
        report_on_job,
        "Report on a job as JSON, CSV, a page, or a PDF document (extra `reports`)",
        "jobs",
        ReportInputs,
        {200: ReportShape},
        (400, 404, 501),
        also={200: (CSV, HTML, PDF)},
    ),
    _telling("pause", pause_job, "Pause a job: no further step begins"),
    _telling("resume", resume_job, "Let a paused job go on"),
    _telling("cancel", cancel_job, "End a job where it is; what was done stays done"),
    _telling("rollback", roll_back_job, "Take back what a job did, wherever nobody changed it since", RollbackInputs),
)
