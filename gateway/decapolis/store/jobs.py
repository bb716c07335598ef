"""Jobs in the store: who works at which one, what was planned, what was done, and the journal that tells it.

Whoever works at a job holds its lease under a fence that grows with each taker. Everything a worker writes goes through
`note`, which numbers an entry of the journal and checks the fence in one statement: a process that was thought dead and is
not cannot write beside the one that took over.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Text,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    true,
    update,
)

from .prepared import Prepared, json_text
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


# --- working


def claim(connection: Connection, holder: str, seconds: float, *, exclusive: bool) -> JobRow | None:
    """The oldest job that should be worked at and that nobody is at, now ours; None where there is none.

    In a store that one process owns, every other holder is a process that is gone.
    """
    now = now_ms()
    free = or_(jobs.c.holder.is_(None), jobs.c.lease_until_ms <= now)
    if exclusive:
        free = or_(free, jobs.c.holder != holder)
    waiting = and_(jobs.c.state.in_(WORKED_AT), jobs.c.draft.is_(false()), jobs.c.total.is_not(None), free)
    for job, fence in connection.execute(
        select(jobs.c.id, jobs.c.fence).where(waiting).order_by(jobs.c.created_ms, jobs.c.id).limit(4)
    ).all():
        taken = connection.execute(
            update(jobs)
            .where(jobs.c.id == job, jobs.c.fence == fence, waiting)
            .values(holder=holder, fence=jobs.c.fence + 1, lease_until_ms=now + int(seconds * 1000))
        )
        if taken.rowcount:
            return found_job(connection, job)
    return None


def renew(connection: Connection, job: str, fence: int, seconds: float) -> str:
    """Keeps the lease and answers the job's state; Fenced where somebody else took it."""
    state = connection.execute(
        update(jobs)
        .where(jobs.c.id == job, jobs.c.fence == fence)
        .values(lease_until_ms=now_ms() + int(seconds * 1000))
        .returning(jobs.c.state)
    ).scalar()
    if state is None:
        raise Fenced
    return str(state)


_ONE: ColumnElement[int] = literal_column("1", Integer)
_ENTRY_KEYS = ("job", "number", "at_ms", "event", "step", "facts")
_NUMBER = Prepared(
    update(jobs).where(jobs.c.id == bindparam("j")).values(entries=jobs.c.entries + _ONE).returning(jobs.c.entries), "j"
)
_NUMBER_FENCED = Prepared(
    update(jobs)
    .where(jobs.c.id == bindparam("j"), jobs.c.fence == bindparam("f"))
    .values(entries=jobs.c.entries + _ONE)
    .returning(jobs.c.entries),
    *("j", "f"),
)
_ADD_ENTRY = Prepared(
    lambda dialect: insert(job_journal).values(
        {key: json_text(key, dialect) if key == "facts" else bindparam(key) for key in _ENTRY_KEYS}
    ),
    *_ENTRY_KEYS,
)
_AT_STEP = and_(job_steps.c.job == bindparam("j"), job_steps.c.number == bindparam("n"))
_KEEP_INTENT = Prepared(
    lambda dialect: (
        update(job_steps)
        .where(_AT_STEP)
        .values(
            state=literal_column(f"'{RUNNING}'"),
            before=json_text("b", dialect),
            inverse=json_text("i", dialect),
            changed_ms=bindparam("at"),
        )
    ),
    *("b", "i", "at", "j", "n"),
)
_KEEP_OUTCOME = Prepared(
    lambda dialect: (
        update(job_steps)
        .where(_AT_STEP)
        .values(
            state=bindparam("s"),
            outcome=func.coalesce(json_text("o", dialect), job_steps.c.outcome),
            reason=func.coalesce(bindparam("r", type_=Text), job_steps.c.reason),
            attempts=job_steps.c.attempts + _ONE,
            changed_ms=bindparam("at"),
        )
    ),
    *("s", "o", "r", "at", "j", "n"),
)


def note(
    connection: Connection, job: str, event: str, step: int | None, facts: dict[str, Any], fence: int | None = None
) -> int:
    """Adds an entry to the journal and answers its number; with a fence only while that one holds, else Fenced."""
    row = _NUMBER.first(connection, job) if fence is None else _NUMBER_FENCED.first(connection, job, fence)
    if row is None:
        raise Fenced
    number = int(row[0])
    _ADD_ENTRY.count(connection, job, number, now_ms(), event, step, _json(facts))
    return number


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def write_intent(
    connection: Connection, step: StepRow, fence: int, facts: dict[str, Any], *, before: Any, inverse: Any
) -> None:
    """Notes what a step is about to change, and what would take that back; Fenced where the job is somebody else's."""
    note(connection, step.job, "intent", step.number, facts, fence)
    _KEEP_INTENT.count(connection, _json(before), _json(inverse), now_ms(), step.job, step.number)


def write_outcome(
    connection: Connection,
    step: StepRow,
    fence: int,
    facts: dict[str, Any],
    *,
    state: str,
    outcome: dict[str, Any] | None,
    reason: str | None,
) -> None:
    """Notes what became of a step; None leaves what was noted before. Fenced as above."""
    note(connection, step.job, "outcome", step.number, facts, fence)
    _KEEP_OUTCOME.count(connection, state, _json(outcome), reason, now_ms(), step.job, step.number)


def move(
    connection: Connection, job: str, wanted: Sequence[str], state: str, *, fence: int | None = None, **values: Any
) -> bool:
    """Moves a job to a state, where it is in one of the wanted ones; whether it was."""
    where = [jobs.c.id == job, jobs.c.state.in_(wanted)]
    if fence is not None:
        where.append(jobs.c.fence == fence)
    return connection.execute(update(jobs).where(*where).values(state=state, **values)).rowcount > 0


def mark_for_undo(connection: Connection, job: str, *, only_failed: bool) -> int:
    """Marks the steps that are to be taken back: all that may have changed something, or those at places where one failed."""
    other = job_steps.alias("other")
    where = [
        job_steps.c.job == job,
        job_steps.c.inverse.is_not(None),
        job_steps.c.state.in_((DONE, FAILED, RUNNING, UNDO_FAILED)),
    ]
    if only_failed:
        same_place = and_(other.c.registry == job_steps.c.registry, other.c.subject == job_steps.c.subject)
        where.append(exists().where(other.c.job == job, same_place, other.c.state == FAILED))
    return connection.execute(update(job_steps).where(*where).values(state=UNDOING)).rowcount


def let_go(connection: Connection, job: str, fence: int) -> None:
    """Gives the lease back, unless somebody else has it."""
    connection.execute(
        update(jobs).where(jobs.c.id == job, jobs.c.fence == fence).values(holder=None, lease_until_ms=0)
    )
