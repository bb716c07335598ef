"""Working at jobs in the store: leases, fences, the journal, and what became of each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Text,
    and_,
    bindparam,
    exists,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from .jobs import DONE, FAILED, RUNNING, UNDO_FAILED, UNDOING, WORKED_AT, Fenced, JobRow, StepRow, found_job, now_ms
from .prepared import Prepared, json_text
from .tables import job_journal, job_steps, jobs


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
