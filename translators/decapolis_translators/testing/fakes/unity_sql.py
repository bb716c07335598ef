"""A small catalog that executes the statements of Databricks SQL that concern tables, parsed by sqlglot.

Rules are those of Delta's documentation: columns are added nullable and without a default, dropped and renamed only with
column mapping, widened only with type widening and along its table, made required only where no row has a null.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import sqlglot
from sqlglot import exp

from .asgi import Problem
from .unity_columns import (
    DIALECT,
    column_of,
    drop,
    index_of,
    insert,
    members,
    names_of,
    put,
    rename,
    tighten,
    widen,
)
from .unity_state import HeldColumn, HeldTable, UnityState
from .unity_words import SqlError, Words

_ILLEGAL = re.compile(r"[ ,;{}()\n\t=]")
_VARIABLE = re.compile(r"\$\{[^}\s]*\}")
_KNOWN = frozenset(
    {"delta.columnMapping.mode", "delta.enableTypeWidening", "delta.appendOnly", "delta.feature.variantType-preview"}
)

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # statements that it only half knows are parsed here


class SqlCatalog:
    """Executes statements on a state."""

    def __init__(self, state: UnityState, current: str = "main") -> None:
        self._state = state
        self._current = current

    def execute(self, text: str) -> None:
        """Executes one statement, or raises SqlError and changes nothing."""
        text = _VARIABLE.sub("", text)  # Spark replaces variables before it parses, in literals too
        try:
            statements = sqlglot.parse(text, read=DIALECT)
        except sqlglot.errors.SqlglotError as error:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", str(error)[:200]) from None
        if len(statements) != 1 or statements[0] is None:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", "exactly one statement is taken")
        self._one(statements[0], text)

    def _one(self, found: Any, text: str) -> None:
        match found:
            case exp.Create() if found.kind == "TABLE":
                self._create(found)
            case exp.Create() if found.kind == "SCHEMA":
                self._create_schema(found)
            case exp.Comment() if found.args.get("kind") == "TABLE":
                table = self._table(found.this)
                table.comment = found.expression.name
                table.touch()
            case exp.Update():
                self._fill(found)
            case exp.Alter() | exp.Command():
                self._alter(text)
            case _:
                raise SqlError("PARSE_SYNTAX_ERROR", "42601", f"this catalog does not know {text[:60]}")

    # --- names

    def _names(self, table: Any) -> tuple[str, str, str]:
        return table.catalog or self._current, table.db or "default", table.name

    def _table(self, table: Any) -> HeldTable:
        return self._held(self._names(table))

    def _held(self, names: tuple[str, str, str]) -> HeldTable:
        try:
            return self._state.table(".".join(names))
        except Problem as missing:
            raise _absent(missing, ".".join(names)) from None

    # --- creating

    def _create_schema(self, found: Any) -> None:
        catalog, schema = found.this.catalog or self._current, found.this.db
        if catalog.lower() not in self._state.catalogs:
            raise SqlError("NO_SUCH_CATALOG_EXCEPTION", "42704", f"Catalog '{catalog}' was not found.")
        self._state.make_schema(catalog.lower(), schema.lower())

    def _create(self, found: Any) -> None:
        catalog, schema, name = self._names(found.this.this)
        try:
            held = self._state.schema(catalog, schema).tables
        except Problem as missing:
            raise _absent(missing, f"{catalog}.{schema}") from None
        if name.lower() in held:
            if found.args.get("exists"):
                return
            raise SqlError("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", f"Cannot create table {name}: it exists.")
        properties, comment, location = _said_of(found)
        _demand_known(properties)
        columns = [column_of(each) for each in found.this.expressions]
        _demand_distinct(columns)
        mapped = properties.get("delta.columnMapping.mode") == "name"
        for each in columns:
            if _ILLEGAL.search(each.name) and not mapped:
                raise SqlError("DELTA_INVALID_CHARACTERS_IN_COLUMN_NAME", "42K05", f"illegal characters: {each.name}")
        kind = "MANAGED" if location is None else "EXTERNAL"
        held[name.lower()] = HeldTable(name.lower(), kind, "DELTA", columns, comment, properties, location)

    # --- altering

    def _alter(self, text: str) -> None:
        words = Words(sqlglot.tokenize(text, read=DIALECT))
        words.demand("ALTER", "TABLE")
        names = words.path()
        if len(names) != 3:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", "a full name is expected")
        table = self._held((names[0], names[1], names[2]))
        if table.format != "DELTA" or table.table_type == "VIEW":
            raise SqlError("EXPECT_TABLE_NOT_VIEW", "42809", f"{table.name} is no Delta table")
        if words.take("ADD"):
            self._add(table, text)
        elif words.take("DROP", "COLUMN"):
            drop(table, words.path())
        elif words.take("RENAME", "COLUMN"):
            old = words.path()
            words.demand("TO")
            rename(table, old, words.path()[-1])
        elif words.take("SET", "TBLPROPERTIES"):
            found = sqlglot.parse_one(text, read=DIALECT).find(exp.Properties)
            properties = {each.this.name: each.args["value"].name for each in found.expressions} if found else {}
            _demand_known(properties)
            table.properties |= properties
        elif words.take("ALTER", "COLUMN"):
            self._alter_column(table, words)
        else:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", f"near {text[:80]}")
        table.touch()

    def _add(self, table: HeldTable, text: str) -> None:
        parsed = sqlglot.parse_one(text, read=DIALECT)
        for each in (item for action in parsed.args["actions"] for item in action.expressions):
            names = _way(each.this)
            for constraint in (item.args["kind"] for item in each.args.get("constraints") or ()):
                if not isinstance(constraint, exp.CommentColumnConstraint):
                    raise SqlError(
                        "PARSE_SYNTAX_ERROR", "42601", "NOT NULL and DEFAULT cannot be said of an added column"
                    )
            made = column_of(each, names[-1])
            made.holds_nulls = table.rows > 0
            siblings = members(table, names[:-1])
            if any(name.lower() == made.name.lower() for name in names_of(siblings)):
                raise SqlError("FIELD_ALREADY_EXISTS", "42710", f"Cannot add column, because {'.'.join(names)} exists.")
            insert(siblings, made, each.args.get("position"))

    @staticmethod
    def _alter_column(table: HeldTable, words: Words) -> None:
        names = words.path()
        siblings = members(table, names[:-1])
        at = index_of(siblings, names[-1])
        if words.take("TYPE"):
            widen(table, siblings, at, words.rest())
        elif words.take("SET", "NOT", "NULL"):
            tighten(siblings, at)
        elif words.take("DROP", "NOT", "NULL"):
            put(siblings, at, "nullable", True)
        elif words.take("COMMENT"):
            put(siblings, at, "comment", words.string())
        elif words.take("FIRST"):
            siblings.insert(0, siblings.pop(at))
        elif words.take("AFTER"):
            moved = siblings.pop(at)
            siblings.insert(index_of(siblings, words.path()[-1]) + 1, moved)
        else:
            raise SqlError("PARSE_SYNTAX_ERROR", "42601", f"near {words.rest()}")
        words.demand_end()

    def _fill(self, found: Any) -> None:
        table = self._table(found.this)
        for each in found.expressions:
            column = table.column(each.this.name)
            if column is None:
                raise SqlError("UNRESOLVED_COLUMN", "42703", f"A column {each.this.name} cannot be resolved.")
            where = found.args.get("where")
            if where is not None and isinstance(where.this, exp.Is) and where.this.this.name == each.this.name:
                column.holds_nulls = False


def _absent(missing: Problem, name: str) -> SqlError:
    code = missing.body["error_code"]
    if code.startswith("TABLE"):
        return SqlError("TABLE_OR_VIEW_NOT_FOUND", "42P01", f"The table or view {name} cannot be found.")
    kind = "NO_SUCH_CATALOG_EXCEPTION" if code.startswith("CATALOG") else "SCHEMA_NOT_FOUND"
    return SqlError(kind, "42704", f"{name}: the catalog or schema cannot be found.")


def _way(name: Any) -> list[str]:
    if isinstance(name, exp.Dot):
        return [*_way(name.this), *_way(name.expression)]
    return [name.name]


def _said_of(create: Any) -> tuple[dict[str, str], str | None, str | None]:
    properties: dict[str, str] = {}
    comment = location = None
    said = create.args.get("properties")
    for each in said.expressions if said else ():
        match each:
            case exp.SchemaCommentProperty():
                comment = each.this.name
            case exp.LocationProperty():
                location = each.this.name
            case exp.FileFormatProperty():
                if each.this.name.upper() != "DELTA":
                    raise SqlError("DATA_SOURCE_NOT_FOUND", "42K02", f"{each.this.name} is not made here")
            case _:
                properties[each.this.name] = each.args["value"].name
    return properties, comment, location


def _demand_known(properties: dict[str, str]) -> None:
    for key in properties:
        if key.startswith("delta.") and key not in _KNOWN:
            raise SqlError("DELTA_UNKNOWN_CONFIGURATION", "F0000", f"Unknown configuration was specified: {key}")


def _demand_distinct(columns: list[HeldColumn]) -> None:
    names = [each.name.lower() for each in columns]
    if len(set(names)) != len(names):
        raise SqlError("COLUMN_ALREADY_EXISTS", "42711", f"Duplicate columns among {', '.join(sorted(names))}")
