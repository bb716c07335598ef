"""Jobs in the store: who works at which one, what was planned, what was done, and the journal that tells it.

Whoever works at a job holds its lease under a fence that grows with each taker. Everything a worker writes goes through
`note`, which numbers an entry of the journal and checks the fence in one statement: a process that was thought dead and is
not cannot write beside the one that took over.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    and_,
    delete,
    false,
    func,
    insert,
    or_,
    select,
    text,
    true,
    update,
)

from .tables import job_journal, job_steps, jobs

PLANNED, RUNNING, PAUSED, CANCELLING, CANCELLED = "planned", "running", "paused", "cancelling", "cancelled"
DONE, FAILED, ROLLING_BACK, ROLLED_BACK = "done", "failed", "rolling_back", "rolled_back"
SKIPPED, UNDOING, UNDONE, UNDO_SKIPPED, UNDO_FAILED = "skipped", "undoing", "undone", "undo_skipped", "undo_failed"

WORKED_AT = (PLANNED, RUNNING, CANCELLING, ROLLING_BACK)
"""States in which somebody should be at work."""
OPEN = (*WORKED_AT, PAUSED)
"""States of a job that is not over: what it is about belongs to it."""
ENDED = (CANCELLED, DONE, FAILED, ROLLED_BACK)
CLAIMLESS = ("snapshot", "mirror")
"""Steps of jobs that change things which claim no place: they change nothing, or only add what is missing."""


class Fenced(Exception):
    """Another process took the job over; nothing was written."""


class Overlap(Exception):
    """Another job that is not over works at the same place."""

    def __init__(self, job: str, title: str, registry: str, subject: str) -> None:
        where = f"subject {subject} of registry {registry}" if subject else f"registry {registry} as a whole"
        super().__init__(
            f"Job {job} ({title}) is not over and has steps on {where}: wait for it, or cancel it, then ask again"
        )
        self.job = job


class JobRow(NamedTuple):
    """One job."""

    id: str
    kind: str
    title: str
    state: str
    draft: bool
    changes: bool
    actor: str
    administrator: bool
    request: dict[str, Any]
    on_failure: str
    total: int | None = None
    entries: int = 0
    fence: int = 0
    holder: str | None = None
    lease_until_ms: int = 0
    created_ms: int = 0
    started_ms: int | None = None
    ended_ms: int | None = None
    reason: str | None = None
    idempotency_key: str | None = None
    request_hash: str | None = None


class StepRow(NamedTuple):
    """One step of a job."""

    job: str
    number: int
    phase: int
    registry: str
    subject: str
    action: str
    needs: int | None = None
    state: str = PLANNED
    before: Any = None
    after: Any = None
    inverse: Any = None
    outcome: Any = None
    reason: str | None = None
    attempts: int = 0
    changed_ms: int = 0


class Entry(NamedTuple):
    """One entry of a journal."""

    number: int
    at_ms: int
    event: str
    step: int | None
    facts: dict[str, Any] | None


_JOB = tuple(jobs.c[name] for name in JobRow._fields)
_STEP = tuple(job_steps.c[name] for name in StepRow._fields)
_ENTRY = tuple(job_journal.c[name] for name in Entry._fields)


def now_ms() -> int:
    """The wall clock."""
    return int(time.time() * 1000)


# --- making


def one_at_a_time(connection: Connection) -> None:
    """Keeps two gateways from sealing jobs on the same places side by side; the lock goes with the transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(73202)"))


def add_job(connection: Connection, row: JobRow) -> None:
    """Adds a job without steps."""
    connection.execute(insert(jobs), row._asdict())


def add_steps(connection: Connection, rows: Sequence[StepRow]) -> None:
    """Adds steps to a job that is not sealed yet."""
    connection.execute(insert(job_steps), [row._asdict() for row in rows])


def seal(connection: Connection, job: str) -> int:
    """Makes a job with all its steps ready to be run; Overlap where one that is not over works at a same place."""
    one_at_a_time(connection)
    row = found_job(connection, job)
    assert row is not None
    if row.changes and not row.draft:
        demand_alone(connection, job)
    total = connection.execute(select(func.count()).where(job_steps.c.job == job)).scalar_one()
    connection.execute(update(jobs).where(jobs.c.id == job).values(total=total))
    return int(total)


def demand_alone(connection: Connection, job: str) -> None:
    """Overlap where another job that changes things and is not over has a step at a place of this one."""
    mine, other = job_steps.alias("mine"), job_steps.alias("other")
    same_place = and_(
        other.c.registry == mine.c.registry,
        or_(other.c.subject == mine.c.subject, other.c.subject == "", mine.c.subject == ""),
    )
    found = connection.execute(
        select(jobs.c.id, jobs.c.title, mine.c.registry, mine.c.subject)
        .select_from(mine)
        .join(other, same_place)
        .join(jobs, jobs.c.id == other.c.job)
        .where(
            mine.c.job == job,
            other.c.job != job,
            mine.c.action.not_in(CLAIMLESS),
            other.c.action.not_in(CLAIMLESS),
            jobs.c.state.in_(OPEN),
            jobs.c.changes.is_(true()),
            jobs.c.draft.is_(false()),
        )
        .limit(1)
    ).one_or_none()
    if found is not None:
        raise Overlap(*found)


def drop_job(connection: Connection, job: str) -> None:
    """Forgets a job that never ran."""
    for table, column in ((job_steps, job_steps.c.job), (job_journal, job_journal.c.job), (jobs, jobs.c.id)):
        connection.execute(delete(table).where(column == job))


def old_drafts(connection: Connection, before_ms: int) -> list[str]:
    """Plans that were only looked at, and jobs whose making was never finished, from before a moment."""
    unfinished = or_(jobs.c.draft.is_(true()), jobs.c.total.is_(None))
    return list(connection.execute(select(jobs.c.id).where(unfinished, jobs.c.created_ms < before_ms)).scalars())


# --- looking


def found_job(connection: Connection, job: str) -> JobRow | None:
    """The job of that id."""
    row = connection.execute(select(*_JOB).where(jobs.c.id == job)).one_or_none()
    return None if row is None else JobRow(*row)


def job_of_key(connection: Connection, actor: str, key: str) -> JobRow | None:
    """The job that a caller began under a key."""
    row = connection.execute(select(*_JOB).where(jobs.c.actor == actor, jobs.c.idempotency_key == key)).one_or_none()
    return None if row is None else JobRow(*row)


def listed_jobs(
    connection: Connection,
    limit: int,
    *,
    after: tuple[int, str] | None = None,
    kind: str | None = None,
    state: str | None = None,
) -> list[JobRow]:
    """Jobs, newest first, from after a place in that order."""
    query = select(*_JOB).where(jobs.c.draft.is_(false()), jobs.c.total.is_not(None))
    if after is not None:
        query = query.where(
            or_(jobs.c.created_ms < after[0], and_(jobs.c.created_ms == after[0], jobs.c.id < after[1]))
        )
    if kind is not None:
        query = query.where(jobs.c.kind == kind)
    if state is not None:
        query = query.where(jobs.c.state == state)
    query = query.order_by(jobs.c.created_ms.desc(), jobs.c.id.desc()).limit(limit)
    return [JobRow(*row) for row in connection.execute(query)]


def step_counts(connection: Connection, job: str) -> dict[str, int]:
    """How many steps are in which state."""
    query = select(job_steps.c.state, func.count()).where(job_steps.c.job == job).group_by(job_steps.c.state)
    return {row[0]: row[1] for row in connection.execute(query)}


def steps_page(
    connection: Connection,
    job: str,
    *,
    after: int = 0,
    limit: int = 200,
    states: Sequence[str] | None = None,
    phase: int | None = None,
    registry: str | None = None,
    descending: bool = False,
) -> list[StepRow]:
    """Some steps in order; from after a number, or before it where the order is `descending` (0: from the end)."""
    query = select(*_STEP).where(job_steps.c.job == job)
    if descending:
        query = query.where(job_steps.c.number < after) if after else query
    else:
        query = query.where(job_steps.c.number > after)
    if states is not None:
        query = query.where(job_steps.c.state.in_(states))
    if phase is not None:
        query = query.where(job_steps.c.phase == phase)
    if registry is not None:
        query = query.where(job_steps.c.registry == registry)
    order = job_steps.c.number.desc() if descending else job_steps.c.number
    return [StepRow(*row) for row in connection.execute(query.order_by(order).limit(limit))]


def one_step(connection: Connection, job: str, number: int) -> StepRow | None:
    """One step."""
    row = connection.execute(select(*_STEP).where(job_steps.c.job == job, job_steps.c.number == number)).one_or_none()
    return None if row is None else StepRow(*row)


def phases_of(connection: Connection, job: str, states: Sequence[str]) -> list[tuple[int, str]]:
    """The phases and registries that have steps in one of the states, in order."""
    query = (
        select(job_steps.c.phase, job_steps.c.registry)
        .where(job_steps.c.job == job, job_steps.c.state.in_(states))
        .distinct()
        .order_by(job_steps.c.phase, job_steps.c.registry)
    )
    return [(phase, registry) for phase, registry in connection.execute(query)]


def journal_after(connection: Connection, job: str, number: int, limit: int = 500) -> list[Entry]:
    """Entries of the journal from after a number."""
    query = (
        select(*_ENTRY)
        .where(job_journal.c.job == job, job_journal.c.number > number)
        .order_by(job_journal.c.number)
        .limit(limit)
    )
    return [Entry(*row) for row in connection.execute(query)]
