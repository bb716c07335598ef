"""Brings a database to the tables of this release: made at once when empty, migrated step by step when older."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, event, inspect, text

from .guards import protect_trail
from .tables import audit_seals, metadata

MIGRATIONS = Path(__file__).parent / "migrations"
REVISION = max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
"""The newest migration: their files begin with their numbers."""

event.listen(audit_seals, "after_create", protect_trail)


def prepare(engine: Engine) -> None:
    """Makes the tables of this release exist; safe to be called by several gateways at once.

    An empty database gets them in one go and a stamp, so that the migration machinery is only loaded (it is slow to
    import) when there is something to migrate.
    """
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # one gateway at a time; the lock goes with the transaction
            connection.execute(text("SELECT pg_advisory_xact_lock(73201)"))
        stamped = _stamp(connection)
        if stamped is None:
            metadata.create_all(connection)
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISION})
        elif stamped != REVISION:
            _migrate(connection)
        connection.commit()


def _stamp(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
