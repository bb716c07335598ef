"""Triggers that keep the trail as it was written, whoever asks the database to change it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table

_FACTS = ("id", "at_ms", "request_id", "actor", "action", "registry", "target", "intent")
_REFUSAL = "the audit trail is append-only"
_SQLITE_GUARDS = (
    f"CREATE TRIGGER IF NOT EXISTS audit_keeps_entries BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_keeps_facts BEFORE UPDATE ON audit WHEN OLD.outcome IS NOT NULL OR "
    + " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in _FACTS)
    + f" BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    *(
        f"CREATE TRIGGER IF NOT EXISTS audit_seals_refuse_{verb.lower()} BEFORE {verb} ON audit_seals "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for verb in ("DELETE", "UPDATE")
    ),
)
_POSTGRES_GUARDS = (
    f"CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE '{_REFUSAL}'; END$$",
    "CREATE TRIGGER audit_keeps_entries BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_keeps_all BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_keeps_facts BEFORE UPDATE ON audit FOR EACH ROW WHEN (OLD.outcome IS NOT NULL OR "
    + " OR ".join(f"OLD.{name}::text IS DISTINCT FROM NEW.{name}::text" for name in _FACTS)
    + ") EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_seals_keep_all BEFORE TRUNCATE ON audit_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_seals_keep BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
)


def protect_trail(_: Table, connection: Connection, **__: Any) -> None:
    """An entry may be closed once; nothing else about the trail may change, whoever asks the database for it."""
    guards = _POSTGRES_GUARDS if connection.dialect.name == "postgresql" else _SQLITE_GUARDS
    for statement in guards:
        connection.exec_driver_sql(statement)
