"""Registries and routes that were added at run time, in the store."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, delete, select, update

from .schemas import replace_rows
from .tables import pinned_routes, plugged_registries


class PluggedRow(NamedTuple):
    """One entry as it is kept."""

    id: str
    body: dict[str, Any]
    revision: str


def all_plugged(connection: Connection) -> list[PluggedRow]:
    """Every entry, by id."""
    columns = (plugged_registries.c.id, plugged_registries.c.body, plugged_registries.c.revision)
    wanted = select(*columns).where(~plugged_registries.c.removed).order_by(plugged_registries.c.id)
    return [PluggedRow(*row) for row in connection.execute(wanted)]


def removed_type(connection: Connection, registry: str) -> str | None:
    """Which type a registry was of when it was removed, None where it never was."""
    wanted = select(plugged_registries.c.body).where(plugged_registries.c.id == registry, plugged_registries.c.removed)
    body = connection.execute(wanted).scalar()
    return None if body is None else str(body["type"])


def keep_plugged(connection: Connection, registry: str, body: Mapping[str, Any], actor: str) -> PluggedRow:
    """Keeps an entry under a new revision."""
    row = PluggedRow(registry, dict(body), uuid4().hex)
    noted = {"removed": False, "changed_ms": int(time.time() * 1000), "changed_by": actor}
    replace_rows(connection, plugged_registries, [{**row._asdict(), **noted}])
    return row


def drop_plugged(connection: Connection, registry: str, type_: str) -> None:
    """Forgets an entry but for its type: the range of its ids stays, and they were given for a registry of that type."""
    statement = update(plugged_registries).where(plugged_registries.c.id == registry)
    connection.execute(statement.values(body={"type": type_}, removed=True, changed_ms=int(time.time() * 1000)))


def all_pins(connection: Connection) -> dict[str, str]:
    """Which registry owns which subject, where that was decided at run time."""
    rows = connection.execute(
        select(pinned_routes.c.subject, pinned_routes.c.registry).order_by(pinned_routes.c.subject)
    )
    return {row.subject: row.registry for row in rows}


def keep_pin(connection: Connection, subject: str, registry: str) -> None:
    """Gives a subject to a registry."""
    row = {"subject": subject, "registry": registry, "changed_ms": int(time.time() * 1000)}
    replace_rows(connection, pinned_routes, [row])


def drop_pin(connection: Connection, subject: str) -> None:
    """Leaves the owner of a subject to the rules again."""
    connection.execute(delete(pinned_routes).where(pinned_routes.c.subject == subject))
