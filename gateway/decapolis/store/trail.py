"""The audit trail in the store: an intent before each change, its outcome after."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Connection,
    Text,
    bindparam,
    cast,
    func,
    insert,
    or_,
    select,
    update,
)

from decapolis.told import OPEN

from .prepared import Prepared, json_text
from .tables import audit, audit_seals


class Intent(NamedTuple):
    """Who wants to change what."""

    request_id: str
    actor: str
    action: str
    registry: str
    target: str
    facts: dict[str, Any]


_KEYS = ("at_ms", "request_id", "actor", "action", "registry", "target", "intent", "outcome", "result")
_JSON = ("intent", "result")


def _add_closed(dialect: str) -> ClauseElement:
    values = {key: json_text(key, dialect) if key in _JSON else bindparam(key) for key in _KEYS}
    return insert(audit).values(values)


_ADD_CLOSED = Prepared(_add_closed, *_KEYS)


def write_intent(connection: Connection, intent: Intent) -> int:
    """Notes an intent and answers its number."""
    values = {**intent._asdict(), "intent": intent.facts, "at_ms": int(time.time() * 1000)}
    values.pop("facts")
    return int(connection.execute(insert(audit).returning(audit.c.id), values).scalar_one())


def write_closed(connection: Connection, intent: Intent, outcome: str, result: dict[str, Any]) -> None:
    """Notes intent and outcome at once: of a change in this very transaction, or of one that was refused."""
    _ADD_CLOSED.count(
        connection,
        *(int(time.time() * 1000), *intent[:-1], orjson.dumps(intent.facts).decode(), outcome),
        orjson.dumps(result).decode(),
    )


def write_outcome(connection: Connection, number: int, outcome: str, result: dict[str, Any]) -> None:
    """Closes an intent; one that somebody else closed meanwhile gets an entry beside it, for entries never change."""
    closing = update(audit).where(audit.c.id == number, audit.c.outcome.is_(None))
    if connection.execute(closing.values(outcome=outcome, result=result)).rowcount:
        return
    columns = ("request_id", "actor", "action", "registry", "target")
    row = connection.execute(select(*(audit.c[name] for name in columns)).where(audit.c.id == number)).one()
    facts = {"corrects": number}
    values = {**row._mapping, "at_ms": int(time.time() * 1000), "intent": facts, "outcome": outcome, "result": result}
    connection.execute(insert(audit), values)


def open_intents(connection: Connection, registry: str, target: str) -> list[tuple[int, dict[str, Any]]]:
    """Intents on a target that were never closed: a gateway died between the change and its answer."""
    rows = connection.execute(
        select(audit.c.id, audit.c.intent).where(
            audit.c.outcome.is_(None), audit.c.registry == registry, audit.c.target == target
        )
    )
    return [(row.id, row.intent or {}) for row in rows]


class OpenIntent(NamedTuple):
    """An intent without an outcome."""

    number: int
    action: str
    target: str
    facts: dict[str, Any]


def unfinished(connection: Connection, registry: str, before_ms: int) -> list[OpenIntent]:
    """The open intents on a registry that are older than a moment."""
    rows = connection.execute(
        select(audit.c.id, audit.c.action, audit.c.target, audit.c.intent)
        .where(audit.c.outcome.is_(None), audit.c.registry == registry, audit.c.at_ms < before_ms)
        .order_by(audit.c.id)
    )
    return [OpenIntent(row.id, row.action, row.target, row.intent or {}) for row in rows]


def entries(connection: Connection, *, limit: int = 1000) -> list[dict[str, Any]]:
    """The newest entries, newest first."""
    return [dict(row._mapping) for row in connection.execute(select(audit).order_by(audit.c.id.desc()).limit(limit))]


def authors(connection: Connection, registry: str, target: str) -> dict[int, tuple[int, str]]:
    """When and by whom each version of a subject was registered through a gateway."""
    rows = connection.execute(
        select(audit.c.at_ms, audit.c.actor, audit.c.result)
        .where(
            audit.c.outcome == "done",
            audit.c.registry == registry,
            audit.c.target == target,
            audit.c.action == "register",
        )
        .order_by(audit.c.id.desc())
    )
    return {row.result["version"]: (row.at_ms, row.actor) for row in rows if row.result and "version" in row.result}


class Sought(NamedTuple):
    """Which entries are wanted; None where anything will do."""

    registry: str | None = None
    target: str | None = None
    actor: str | None = None
    action: str | None = None
    outcome: str | None = None
    request_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    text: str | None = None


def sought(connection: Connection, wanted: Sought, *, before: int | None, limit: int) -> list[dict[str, Any]]:
    """Entries, newest first, with the number of the link that covers them (None where none does yet)."""
    link = (
        select(func.min(audit_seals.c.number))
        .where(audit_seals.c.entry == audit.c.id)
        .correlate(audit)
        .scalar_subquery()
        .label("link")
    )
    statement = select(audit, link).where(*_conditions(wanted)).order_by(audit.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit.c.id < before)
    return [dict(row._mapping) for row in connection.execute(statement)]


def _conditions(wanted: Sought) -> list[ColumnElement[bool]]:
    exact = {"registry": wanted.registry, "target": wanted.target, "actor": wanted.actor, "action": wanted.action}
    exact["request_id"] = wanted.request_id
    found = [audit.c[name] == value for name, value in exact.items() if value is not None]
    if wanted.outcome is not None:
        found.append(audit.c.outcome.is_(None) if wanted.outcome == OPEN else audit.c.outcome == wanted.outcome)
    if wanted.since_ms is not None:
        found.append(audit.c.at_ms >= wanted.since_ms)
    if wanted.until_ms is not None:
        found.append(audit.c.at_ms < wanted.until_ms)
    if wanted.text:
        places = (audit.c.target, audit.c.action, audit.c.actor, audit.c.registry, cast(audit.c.intent, Text))
        among = [place.icontains(wanted.text, autoescape=True) for place in (*places, cast(audit.c.result, Text))]
        found.append(or_(*among))
    return found
