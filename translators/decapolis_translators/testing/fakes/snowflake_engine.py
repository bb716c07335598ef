"""The mini-catalog: statements parsed by sqlglot and run against an account, with the limits of a standard table.

What ALTER TABLE takes is from https://docs.snowflake.com/en/sql-reference/sql/alter-table and its page on columns; codes
and SQLSTATEs of missing, existing and forbidden objects and of syntax errors are published, those of refused changes are not
(here: 002108, 001430 and others, on which nobody should rely).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import expressions as sql

from .snowflake_columns import add, alter_column, drop_column, rename, tag
from .snowflake_rows import cells, deleted, merged, selected
from .snowflake_tables import (
    Account,
    HeldTable,
    Refusal,
    absent,
    column_of,
    compilation,
)

DONE = "Statement executed successfully."
_SHOW_LIMIT = 10_000
_NO_SESSION = (sql.Use, sql.Transaction, sql.Commit, sql.Rollback, sql.Set)
_FUNCTIONS = {
    "CurrentVersion": "version",
    "CurrentAccount": "account",
    "CurrentRole": "role",
    "CurrentWarehouse": "warehouse",
}


@dataclass(frozen=True, slots=True)
class Result:
    """Names of columns and rows of texts."""

    names: tuple[str, ...]
    rows: list[list[str | None]]


@dataclass(frozen=True, slots=True)
class Session:
    """What a request says of itself."""

    database: str | None
    schema: str | None
    warehouse: str | None
    role: str


class Engine:
    """Runs statements."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.statements: list[str] = []

    def run(self, text: str, bound: Sequence[Any], session: Session) -> Result:
        """One statement; Refusal where Snowflake would refuse it."""
        self.statements.append(text)
        parsed = _parsed(text)
        bindable = isinstance(parsed, (sql.Select, sql.Merge, sql.Delete, sql.Insert, sql.Update))
        _bind(parsed, bound, bindable)
        self._demand_privilege(parsed)
        match parsed:
            case sql.Select() if parsed.args.get("from_") is None:
                return self._told(parsed, session)
            case sql.Select() | sql.Merge() | sql.Delete():
                return self._with_rows(parsed, session)
            case sql.Show():
                return self._show(parsed, session)
            case sql.Describe():
                return self._describe(self._table(parsed.this, session))
        if re.match(r"CREATE TAG\b", text):
            return self._create_tag(text)
        changed = self._changed(parsed, session)
        return Result(("status",), [[changed]])

    def _demand_privilege(self, parsed: Any) -> None:
        words = self.account.denied.get(parsed.key)
        if words is not None:
            raise Refusal("003001", "42501", f"SQL access control error:\n{words}")

    # --- questions

    def _told(self, parsed: Any, session: Session) -> Result:
        known = {"version": "9.30.1", "account": "XY12345", "role": session.role, "warehouse": session.warehouse}
        row = []
        for each in parsed.expressions:
            name = _FUNCTIONS.get(type(each.this).__name__)
            if name is None:
                raise compilation("002140", "42601", f"Unknown function {each.this.sql()}")
            row.append(known[name])
        return Result(tuple(each.alias for each in parsed.expressions), [cells(row)])

    def _show(self, parsed: Any, session: Session) -> Result:
        if parsed.name != "TABLES" or parsed.args.get("scope_kind") != "SCHEMA":
            raise compilation("001003", "42000", "syntax error: only SHOW TABLES IN SCHEMA is imitated.")
        database, schema, _ = _names(parsed.args["scope"], session, of_schema=True)
        tables = self.account.schema(database, schema)
        start, after, limit = (parsed.args.get(key) for key in ("starts_with", "from_", "limit"))
        names = sorted(name for name in tables if not start or name.startswith(start.name))
        if after:
            names = [name for name in names if name > after.name]
        count = min(int(limit.expression.name), _SHOW_LIMIT) if limit else _SHOW_LIMIT
        found = [tables[name] for name in names[:count]]
        if parsed.args.get("terse"):
            rows = [[each.created, each.name, "TABLE", database, schema] for each in found]
            return Result(("created_on", "name", "kind", "database_name", "schema_name"), [cells(row) for row in rows])
        rows = [
            [
                each.created,
                each.name,
                database,
                schema,
                "TABLE",
                each.comment,
                str(len(each.rows)),
                "GATEWAY",
                "Y" if each.iceberg else "N",
            ]
            for each in found
        ]
        names_ = (
            "created_on",
            "name",
            "database_name",
            "schema_name",
            "kind",
            "comment",
            "rows",
            "owner",
            "is_iceberg",
        )
        return Result(names_, [cells(row) for row in rows])

    @staticmethod
    def _describe(table: HeldTable) -> Result:
        names = (
            "name",
            "type",
            "kind",
            "null?",
            "default",
            "primary key",
            "unique key",
            "check",
            "expression",
            "comment",
        )
        rows = [
            [
                each.name,
                each.type,
                "COLUMN",
                "Y" if each.nullable else "N",
                each.default,
                "N",
                "N",
                None,
                None,
                each.comment or None,
            ]
            for each in table.columns
        ]
        return Result(names, [cells(row) for row in rows])

    def _with_rows(self, parsed: Any, session: Session) -> Result:
        if session.warehouse not in self.account.warehouses:
            raise Refusal("000606", "57P03", "No active warehouse selected in the current session.")
        where = parsed.args["from_"].this if isinstance(parsed, sql.Select) else parsed.this
        table = self._table(where, session)
        if isinstance(parsed, sql.Merge):
            counts = merged(parsed, table)
            return Result(("number of rows inserted", "number of rows updated"), [cells(counts)])
        if isinstance(parsed, sql.Delete):
            return Result(("number of rows deleted",), [cells([deleted(parsed, table)])])
        return Result(
            tuple(each.alias_or_name for each in parsed.expressions), [cells(row) for row in selected(parsed, table)]
        )

    # --- changes

    def _changed(self, parsed: Any, session: Session) -> str:
        self.account.table_writes += 1
        match parsed:
            case sql.Create(kind="SCHEMA"):
                return self._create_schema(parsed)
            case sql.Create(kind="TABLE") if isinstance(parsed.this, sql.Schema):
                return self._create_table(parsed, session)
            case sql.Drop(kind="TABLE"):
                return self._drop(parsed, session)
            case sql.Comment() if parsed.args.get("kind") == "TABLE":
                self._table(parsed.this, session).comment = parsed.expression.name
                return DONE
            case sql.Alter(kind="TABLE"):
                table = self._table(parsed.this, session)
                if parsed.args.get("iceberg") and not table.iceberg:
                    raise compilation("093678", "0A000", f"{table.name} is not an Iceberg table.")
                for action in parsed.args["actions"]:
                    self._act(table, action, iceberg=bool(parsed.args.get("iceberg")))
                return DONE
        raise compilation("001003", "42000", f"syntax error: unexpected '{parsed.key.upper()}'.")

    def _create_schema(self, parsed: Any) -> str:
        database, schema = parsed.this.catalog, parsed.this.db
        if database not in self.account.databases:
            raise absent("Database", database)
        if schema in self.account.databases[database] and not parsed.args.get("exists"):
            raise compilation("002002", "42710", f"Object '{schema}' already exists.")
        self.account.databases[database].setdefault(schema, {})
        return f"Schema {schema} successfully created."

    def _create_table(self, parsed: Any, session: Session) -> str:
        database, schema, name = _names(parsed.this.this, session)
        tables = self.account.schema(database, schema)
        columns = [column_of(each) for each in parsed.this.expressions if isinstance(each, sql.ColumnDef)]
        if len({each.name for each in columns}) < len(columns):
            raise compilation("002025", "42S21", "duplicate column name")
        if name in tables and not parsed.args.get("exists"):
            raise compilation("002002", "42710", f"Object '{database}.{schema}.{name}' already exists.")
        properties = parsed.args.get("properties")
        comment = next((each.this.name for each in properties or () if isinstance(each, sql.SchemaCommentProperty)), "")
        comment = comment or _comment_of(properties)
        tables.setdefault(name, HeldTable(name, columns, comment, uuid=str(uuid.uuid4())))
        return f"Table {name} successfully created."

    def _create_tag(self, text: str) -> Result:
        if not self.account.tags_supported:
            raise Refusal("000002", "0A000", "Unsupported feature 'TAG'.")
        self.account.tags.add(text.rpartition(" ")[2])
        return Result(("status",), [["Tag successfully created."]])

    def _drop(self, parsed: Any, session: Session) -> str:
        for each in parsed.args["tables"]:
            database, schema, name = _names(each, session)
            if self.account.schema(database, schema).pop(name, None) is None and not parsed.args.get("exists"):
                raise absent("Object", name)
        return DONE

    def _act(self, table: HeldTable, action: Any, *, iceberg: bool) -> None:
        match action:
            case sql.ColumnDef():
                add(table, action)
            case sql.Drop(kind="COLUMN"):
                drop_column(table, action)
            case sql.RenameColumn():
                rename(table, action.this.name, action.args["to"].name)
            case sql.AlterColumn():
                alter_column(table, action, iceberg=iceberg)
            case sql.AlterSet() if action.args.get("tag"):
                if not self.account.tags_supported:
                    raise Refusal("000002", "0A000", "Unsupported feature 'TAG'.")
                tag(table, action.args["tag"])
            case _:
                raise compilation("001003", "42000", f"syntax error: unexpected '{action.sql()}'.")

    def _table(self, expression: Any, session: Session) -> HeldTable:
        return self.account.table(*_names(expression, session))


def _yes(said: bool) -> str:
    return "Y" if said else "N"


def _parsed(text: str) -> Any:
    try:
        found = [each for each in sqlglot.parse(text, read="snowflake") if each is not None]
    except sqlglot.errors.SqlglotError as unreadable:
        raise compilation("001003", "42000", f"syntax error: {str(unreadable)[:200]}") from None
    if len(found) != 1:
        words = f"Actual statement count {len(found)} did not match the desired statement count 1."
        raise Refusal("000008", "0A000", words)
    if isinstance(found[0], _NO_SESSION):
        raise Refusal("391911", "0A000", "Unsupported statement type for a request of a single statement.")
    if isinstance(found[0], sql.Command):
        raise compilation("001003", "42000", f"syntax error: unexpected '{text[:60]}'.")
    return found[0]


def _bind(parsed: Any, bound: Sequence[Any], bindable: bool) -> None:
    places = list(parsed.find_all(sql.Placeholder, bfs=False))
    if places and not bindable:
        raise compilation("001003", "42000", "syntax error: unexpected '?'.")
    if len(places) != len(bound):
        raise compilation("002049", "42601", f"Bind variable {min(len(places), len(bound)) + 1} not set.")
    for place, value in zip(places, bound, strict=True):
        place.replace(sql.convert(value))


def _names(expression: Any, session: Session, *, of_schema: bool = False) -> tuple[str, str, str]:
    """Database, schema and table; a name without quotes is folded to upper case."""
    given = [_folded(part) for part in expression.parts]
    if of_schema:
        given.append("")
    context = [session.database or "", session.schema or ""]
    database, schema, name = [*context[: 3 - len(given)], *given]
    return database, schema, name


def _folded(identifier: Any) -> str:
    return str(identifier.name if identifier.args.get("quoted") else identifier.name.upper())


def _comment_of(properties: Any) -> str:
    found = properties.find(sql.SchemaCommentProperty) if properties else None
    return found.this.name if found else ""


def seeded(databases: Mapping[str, Sequence[str]]) -> Account:
    """An account with databases and their schemas."""
    return Account({name: {schema: {} for schema in schemas} for name, schemas in databases.items()})
