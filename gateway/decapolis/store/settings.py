"""Configuration and modes in the store, a row a subject, an empty subject for a whole context."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, and_, bindparam, delete, select

from .prepared import Prepared
from .schemas import replace_rows
from .tables import settings


def _at(registry: str, context: str, subject: str, kind: str) -> Any:
    return and_(
        settings.c.registry == registry,
        settings.c.context == context,
        settings.c.subject == subject,
        settings.c.kind == kind,
    )


_KEY = ("registry", "context", "subject", "kind")
_SETTING = Prepared(select(settings.c.body).where(*(settings.c[name] == bindparam(name) for name in _KEY)), *_KEY)


def setting(connection: Connection, registry: str, context: str, subject: str, kind: str) -> dict[str, Any] | None:
    """What is set exactly there, None when nothing is."""
    row = _SETTING.first(connection, registry, context, subject, kind)
    if row is None:
        return None
    body: dict[str, Any] | None = orjson.loads(row[0]) if isinstance(row[0], str) else row[0]
    return body


def keep_setting(
    connection: Connection, registry: str, context: str, subject: str, kind: str, body: dict[str, Any]
) -> None:
    """Sets it."""
    row = {"registry": registry, "context": context, "subject": subject, "kind": kind, "body": body}
    replace_rows(connection, settings, [row])


def drop_setting(connection: Connection, registry: str, context: str, subject: str, kind: str) -> bool:
    """Clears it; whether there was something."""
    return connection.execute(delete(settings).where(_at(registry, context, subject, kind))).rowcount > 0


def all_settings(connection: Connection, registry: str, kind: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Every setting of one kind: context, subject, body."""
    rows = connection.execute(
        select(settings.c.context, settings.c.subject, settings.c.body).where(
            settings.c.registry == registry, settings.c.kind == kind
        )
    )
    return [(row.context, row.subject, row.body) for row in rows]
