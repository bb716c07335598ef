"""Projections of catalogs in the store: what waits to be done, and who is at it."""

from __future__ import annotations

import time
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from .schemas import replace_rows
from .tables import mirrors, projections

PENDING = "pending"
APPLIED = "applied"
FAILED = "failed"
LEFT = "left"
"""The subject was deleted for good and its table stays: it is nobody's, and no subject of its own."""


class ProjectionRow(NamedTuple):
    """How far a subject's table follows."""

    subject: str
    version: int
    table_name: str
    state: str
    reason: str | None = None
    fingerprint: str | None = None
    """What the table looked like when it followed last; None before it ever did."""
    lease_until_ms: int = 0


_COLUMNS = tuple(projections.c[name] for name in ProjectionRow._fields)


def _now() -> int:
    return int(time.time() * 1000)


def projection(connection: Connection, registry: str, subject: str) -> ProjectionRow | None:
    """The projection of a subject, None where it has none."""
    query = select(*_COLUMNS).where(projections.c.registry == registry, projections.c.subject == subject)
    row = connection.execute(query).one_or_none()
    return None if row is None else ProjectionRow(*row)


def all_projections(connection: Connection, registry: str) -> list[ProjectionRow]:
    """Every projection of a registry, by subject."""
    query = select(*_COLUMNS).where(projections.c.registry == registry).order_by(projections.c.subject)
    return [ProjectionRow(*row) for row in connection.execute(query)]


def keep_projection(connection: Connection, registry: str, row: ProjectionRow) -> None:
    """Keeps a projection."""
    replace_rows(connection, projections, [{"registry": registry, **row._asdict(), "changed_ms": _now()}])


def lease_projection(connection: Connection, registry: str, subject: str, seconds: float) -> bool:
    """Takes a projection for oneself for a while; False where somebody else is at it."""
    now = _now()
    taken = connection.execute(
        update(projections)
        .where(
            projections.c.registry == registry,
            projections.c.subject == subject,
            projections.c.state != APPLIED,
            projections.c.lease_until_ms <= now,
        )
        .values(lease_until_ms=now + int(seconds * 1000))
    )
    return taken.rowcount > 0


def drop_projection(connection: Connection, registry: str, subject: str) -> None:
    """Forgets a projection."""
    connection.execute(delete(projections).where(projections.c.registry == registry, projections.c.subject == subject))


class MirrorRow(NamedTuple):
    """A version whose copy is to be written, or removed."""

    subject: str
    version: int
    gone: bool


def owe_mirror(connection: Connection, registry: str, row: MirrorRow) -> None:
    """Notes that a copy must follow."""
    replace_rows(connection, mirrors, [{"registry": registry, **row._asdict()}])


def owed_mirrors(connection: Connection, registry: str) -> list[MirrorRow]:
    """Every copy that must follow, in order."""
    query = select(mirrors.c.subject, mirrors.c.version, mirrors.c.gone).where(mirrors.c.registry == registry)
    return [MirrorRow(*row) for row in connection.execute(query.order_by(mirrors.c.subject, mirrors.c.version))]


def settle_mirror(connection: Connection, registry: str, row: MirrorRow) -> None:
    """Notes that a copy followed; one that changed meanwhile stays owed."""
    connection.execute(
        delete(mirrors).where(
            mirrors.c.registry == registry,
            mirrors.c.subject == row.subject,
            mirrors.c.version == row.version,
            mirrors.c.gone.is_(row.gone),
        )
    )
