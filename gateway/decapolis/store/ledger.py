"""Ranges of public ids, and ids that a registry gave out twice, in the store."""

from __future__ import annotations

import time
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, text, update

from .schemas import replace_rows
from .tables import conflicts, ranges


class RangeRow(NamedTuple):
    """Which public ids belong to a registry."""

    registry: str
    base: int
    span: int
    home: bool
    cluster_id: str | None


def all_ranges(connection: Connection) -> list[RangeRow]:
    """Every range ever given, those of registries that are gone included, by base."""
    columns = (ranges.c.registry, ranges.c.base, ranges.c.span, ranges.c.home, ranges.c.cluster_id)
    return [RangeRow(*row) for row in connection.execute(select(*columns).order_by(ranges.c.base))]


def hold_ranges(connection: Connection) -> None:
    """Makes other gateways that want to give ranges wait until the surrounding transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(73202)"))


def add_range(connection: Connection, row: RangeRow) -> None:
    """Gives a range, for ever."""
    connection.execute(insert(ranges), {**row._asdict(), "created_ms": int(time.time() * 1000)})


def keep_cluster_id(connection: Connection, registry: str, cluster_id: str) -> None:
    """Remembers which cluster a range was given for."""
    connection.execute(update(ranges).where(ranges.c.registry == registry).values(cluster_id=cluster_id))


class ConflictRow(NamedTuple):
    """An id that stood for one schema and now stands for another."""

    context: str
    native_id: int
    known_guid: str
    seen_guid: str


def all_conflicts(connection: Connection, registry: str) -> list[ConflictRow]:
    """The open conflicts of a registry."""
    columns = (conflicts.c.context, conflicts.c.native_id, conflicts.c.known_guid, conflicts.c.seen_guid)
    rows = connection.execute(select(*columns).where(conflicts.c.registry == registry))
    return [ConflictRow(*row) for row in rows]


def keep_conflict(connection: Connection, registry: str, row: ConflictRow) -> None:
    """Notes a conflict."""
    replace_rows(connection, conflicts, [{"registry": registry, **row._asdict(), "seen_ms": int(time.time() * 1000)}])


def drop_conflict(connection: Connection, registry: str, context: str, native_id: int) -> None:
    """Forgets a conflict that was decided."""
    connection.execute(
        delete(conflicts).where(
            conflicts.c.registry == registry,
            conflicts.c.context == context,
            conflicts.c.native_id == native_id,
        )
    )
