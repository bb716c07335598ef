"""The audit trail in the store: an intent before each change, its outcome after."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from .tables import audit


class Intent(NamedTuple):
    """Who wants to change what."""

    request_id: str
    actor: str
    action: str
    registry: str
    target: str
    facts: dict[str, Any]


def write_intent(connection: Connection, intent: Intent) -> int:
    """Notes an intent and answers its number."""
    values = {**intent._asdict(), "intent": intent.facts, "at_ms": int(time.time() * 1000)}
    values.pop("facts")
    return int(connection.execute(insert(audit).returning(audit.c.id), values).scalar_one())


def write_outcome(connection: Connection, number: int, outcome: str, result: dict[str, Any]) -> None:
    """Closes an intent."""
    connection.execute(update(audit).where(audit.c.id == number).values(outcome=outcome, result=result))


def open_intents(connection: Connection, registry: str, target: str) -> list[tuple[int, dict[str, Any]]]:
    """Intents on a target that were never closed: a gateway died between the change and its answer."""
    rows = connection.execute(
        select(audit.c.id, audit.c.intent).where(
            audit.c.outcome.is_(None), audit.c.registry == registry, audit.c.target == target
        )
    )
    return [(row.id, row.intent or {}) for row in rows]


def entries(connection: Connection, *, limit: int = 1000) -> list[dict[str, Any]]:
    """The newest entries, newest first."""
    return [dict(row._mapping) for row in connection.execute(select(audit).order_by(audit.c.id.desc()).limit(limit))]
