"""What several gateways on one store tell each other: numbered changes and locks with fencing tokens."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, func, select, text, update

from .schemas import insert_into, insert_new
from .tables import changes, locks


def latest_number(connection: Connection) -> int:
    """The number of the latest change, one that is still being noted included."""
    # a sequence that was never asked shows its first number, which nobody has been given yet
    statement = text("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM change_numbers")
    return int(connection.execute(statement).scalar_one())


def last_change(connection: Connection, scopes: Sequence[str]) -> int:
    """The number of the latest change to any of the scopes, 0 for none."""
    found = connection.execute(select(func.max(changes.c.counter)).where(changes.c.scope.in_(scopes))).scalar()
    return found or 0


def note_change(connection: Connection, scopes: Sequence[str]) -> None:
    """Gives the scopes the next number; called after the change itself is durable."""
    number = connection.execute(text("SELECT nextval('change_numbers')")).scalar_one()
    statement = insert_into(changes, "postgresql")
    statement = statement.on_conflict_do_update(
        index_elements=["scope"],
        set_={"counter": func.greatest(changes.c.counter, statement.excluded.counter)},
    )
    # one order for everybody, so that two gateways never wait for each other
    connection.execute(statement, [{"scope": scope, "counter": number} for scope in sorted(scopes)])


def take_lock(connection: Connection, name: str, holder: str, seconds: float) -> int | None:
    """The fencing token of a lock that is now ours until it expires; None while somebody else holds it."""
    now = int(time.time() * 1000)
    insert_new(connection, locks, [{"name": name, "token": 0, "holder": None, "expires_ms": 0}])
    return connection.execute(
        update(locks)
        .where(locks.c.name == name, locks.c.expires_ms <= now)
        .values(token=locks.c.token + 1, holder=holder, expires_ms=now + int(seconds * 1000))
        .returning(locks.c.token)
    ).scalar()


def holds_lock(connection: Connection, name: str, token: int) -> bool:
    """Whether nobody took the lock since that token was given."""
    return connection.execute(select(locks.c.token).where(locks.c.name == name)).scalar() == token


def give_lock(connection: Connection, name: str, token: int) -> None:
    """Gives a lock back, unless it expired and went to somebody else."""
    connection.execute(
        update(locks).where(locks.c.name == name, locks.c.token == token).values(expires_ms=0, holder=None)
    )
