"""The chain over the trail, in the store: what is not sealed yet, the links, and reading both in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Text, and_, cast, func, insert, or_, select, text

from .schemas import replace_rows
from .tables import audit, audit_cursors, audit_seals

LATE = 5_000
"""How far behind the newest sealed entry one may turn up: ids are given before transactions end."""

_AT_ONCE = 500

_ENTRY = (
    audit.c.id,
    audit.c.at_ms,
    audit.c.request_id,
    audit.c.actor,
    audit.c.action,
    audit.c.registry,
    audit.c.target,
    cast(audit.c.intent, Text).label("intent"),
    audit.c.outcome,
    cast(audit.c.result, Text).label("result"),
)
"""An entry with its JSON as the text that is kept: what is sealed is what was written, whatever it means."""


class Link(NamedTuple):
    """One link of the chain."""

    number: int
    entry: int
    part: str
    digest: str
    hash: str
    sealed_ms: int


def hold_chain(connection: Connection) -> bool:
    """Whether this transaction alone may add links."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(text("SELECT pg_try_advisory_xact_lock(73203)")).scalar())


def last_link(connection: Connection) -> Link | None:
    """The newest link, None before the first."""
    row = connection.execute(select(audit_seals).order_by(audit_seals.c.number.desc()).limit(1)).first()
    return None if row is None else Link(*row)


_COVERED = and_(audit_seals.c.entry == audit.c.id, audit_seals.c.part.in_(("entry", "intent")))


def first_floor(connection: Connection) -> int:
    """Below which entry, at the least, everything is sealed, for a gateway that has only begun to look."""
    newest: int | None = connection.execute(select(func.max(audit_seals.c.entry))).scalar()
    return 0 if newest is None else max(0, newest - LATE)


def floor_after(connection: Connection, floor: int, settled_ms: int | None) -> int:
    """The same, later: everything up to there is sealed, and nothing below it can turn up any more.

    `settled_ms` is the moment before which every transaction has ended, None where ids come in the order of commits.
    """
    newest = select(func.max(audit.c.id)).where(audit.c.id > floor)
    if settled_ms is not None:
        newest = newest.where(audit.c.at_ms < settled_ms)
    waiting = select(func.min(audit.c.id)).outerjoin(audit_seals, _COVERED)
    waiting = waiting.where(audit.c.id > floor, audit_seals.c.number.is_(None))
    highest, lowest = connection.execute(newest).scalar(), connection.execute(waiting).scalar()
    if highest is None:
        return floor
    return int(highest if lowest is None else min(highest, lowest - 1))


def unsealed(connection: Connection, floor: int, settled_ms: int | None, limit: int) -> list[Mapping[str, Any]]:
    """Entries above the floor that no link covers, by id; open ones only where they began before `settled_ms`."""
    condition = and_(audit.c.id > floor, audit_seals.c.number.is_(None))
    if settled_ms is not None:
        condition = and_(condition, or_(audit.c.outcome.is_not(None), audit.c.at_ms < settled_ms))
    found = connection.execute(
        select(*_ENTRY).outerjoin(audit_seals, _COVERED).where(condition).order_by(audit.c.id).limit(limit)
    )
    return [dict(row._mapping) for row in found]


def open_links(connection: Connection, after: int) -> list[tuple[int, int, str]]:
    """Links after a number that cover an intent or an outcome alone: number, entry, part."""
    rows = connection.execute(
        select(audit_seals.c.number, audit_seals.c.entry, audit_seals.c.part)
        .where(audit_seals.c.number > after, audit_seals.c.part != "entry")
        .order_by(audit_seals.c.number)
    )
    return [(row.number, row.entry, row.part) for row in rows]


def closed_among(connection: Connection, entries: Iterable[int], limit: int) -> list[Mapping[str, Any]]:
    """Those of the entries that have an outcome by now, up to a limit."""
    waiting, found = sorted(entries), list[Mapping[str, Any]]()
    for at in range(0, len(waiting), _AT_ONCE):
        some = audit.c.id.in_(waiting[at : at + _AT_ONCE])
        rows = connection.execute(select(*_ENTRY).where(some, audit.c.outcome.is_not(None)).order_by(audit.c.id))
        found += [dict(row._mapping) for row in rows]
        if len(found) >= limit:
            break
    return found[:limit]


def add_links(connection: Connection, links: Sequence[Link]) -> None:
    """Adds links at the end of the chain."""
    connection.execute(insert(audit_seals), [link._asdict() for link in links])


def chain(connection: Connection, after: int, limit: int) -> Sequence[Row[Any]]:
    """Links after a number in their order, each with the entry that it covers (None where that is gone)."""
    columns = (each.label(f"entry_{each.name}") for each in _ENTRY)
    statement = (
        select(audit_seals, *columns)
        .outerjoin(audit, audit.c.id == audit_seals.c.entry)
        .where(audit_seals.c.number > after)
        .order_by(audit_seals.c.number)
        .limit(limit)
    )
    return connection.execute(statement).all()


def count_unsealed(connection: Connection) -> int:
    """How many entries no link covers."""
    covered = select(audit_seals.c.entry).where(audit_seals.c.entry == audit.c.id, audit_seals.c.part != "outcome")
    return connection.execute(select(func.count()).select_from(audit).where(~covered.exists())).scalar() or 0


def cursor_of(connection: Connection, sink: str) -> int | None:
    """The number of the last link that a sink was given, None before the first."""
    return connection.execute(select(audit_cursors.c.number).where(audit_cursors.c.sink == sink)).scalar()


def keep_cursor(connection: Connection, sink: str, number: int) -> None:
    """Notes how far a sink is."""
    replace_rows(connection, audit_cursors, [{"sink": sink, "number": number}])
