"""Statements of Databricks SQL, in which names and words of others stay names and words."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal as Number
from typing import Any, Final

from decapolis_formats.types import Boolean, Date, Decimal, Field, Floating, Integer, List, Map, Struct, Text, Type

from . import spark

_ESCAPES: Final = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", "$": "\\u0024"}
"""`${…}` is replaced by Spark before it parses, in strings too."""


def quoted(text: str) -> str:
    """A string literal."""
    return "'" + "".join(_ESCAPES.get(each, each) for each in text) + "'"


def named(name: str) -> str:
    """One identifier."""
    return "`" + name.replace("`", "``") + "`"


def path(parts: Iterable[str]) -> str:
    """A table's full name, or the way to a member of a struct."""
    return ".".join(map(named, parts))


def table(name: str) -> str:
    """A table by its full name."""
    return path(name.split("."))


def type_of(type: Type) -> str:
    """A type that fits a table."""
    match type:
        case Struct():
            return f"STRUCT<{', '.join(map(_member, type.fields))}>"
        case List():
            return f"ARRAY<{type_of(type.item)}>"
        case Map():
            return f"MAP<{type_of(type.key)}, {type_of(type.value)}>"
        case _:
            return spark.text(type).upper()


def _member(field: Field) -> str:
    return f"{named(field.name)}: {type_of(field.type)}{'' if field.nullable else ' NOT NULL'}{comment(field.doc)}"


def comment(doc: str | None) -> str:
    """The clause behind a column or a table; nothing without a comment."""
    return "" if doc is None else f" COMMENT {quoted(doc)}"


def create(name: str, struct: Struct, properties: Mapping[str, str], *, location: str | None = None) -> str:
    """CREATE TABLE, which does nothing where there is one."""
    columns = ",\n".join(
        f"  {named(each.name)} {type_of(each.type)}{'' if each.nullable else ' NOT NULL'}{comment(each.doc)}"
        for each in struct.fields
    )
    where = "" if location is None else f"\nLOCATION {quoted(location)}"
    head = f"CREATE TABLE IF NOT EXISTS {table(name)} (\n{columns}\n)\nUSING DELTA{where}"
    return f"{head}{comment(struct.doc)}\nTBLPROPERTIES {_pairs(properties)}"


def _pairs(properties: Mapping[str, str]) -> str:
    return f"({', '.join(f'{quoted(key)} = {quoted(value)}' for key, value in properties.items())})"


def set_properties(name: str, properties: Mapping[str, str]) -> str:
    """ALTER TABLE … SET TBLPROPERTIES."""
    return f"ALTER TABLE {table(name)} SET TBLPROPERTIES {_pairs(properties)}"


def create_schema(catalog: str, schema: str) -> str:
    """CREATE SCHEMA, which does nothing where there is one."""
    return f"CREATE SCHEMA IF NOT EXISTS {path((catalog, schema))}"


def add(name: str, way: tuple[str, ...], field: Field, position: str = "") -> str:
    """ADD COLUMNS; an added column is nullable, whatever the field says."""
    return f"ALTER TABLE {table(name)} ADD COLUMNS ({path(way)} {type_of(field.type)}{comment(field.doc)}{position})"


def first() -> str:
    """Where a column is put before all others."""
    return " FIRST"


def after(other: str) -> str:
    """Where a column is put behind another."""
    return f" AFTER {named(other)}"


def alter(name: str, way: tuple[str, ...], what: str) -> str:
    """ALTER COLUMN with what becomes of it."""
    return f"ALTER TABLE {table(name)} ALTER COLUMN {path(way)} {what}"


def drop(name: str, way: tuple[str, ...]) -> str:
    """DROP COLUMN."""
    return f"ALTER TABLE {table(name)} DROP COLUMN {path(way)}"


def rename(name: str, old: str, new: str) -> str:
    """RENAME COLUMN."""
    return f"ALTER TABLE {table(name)} RENAME COLUMN {named(old)} TO {named(new)}"


def comment_on(name: str, doc: str) -> str:
    """The comment of a table."""
    return f"COMMENT ON TABLE {table(name)} IS {quoted(doc)}"


def backfill(name: str, column: str, value: str) -> str:
    """Puts a value where a new column has none."""
    return f"UPDATE {table(name)} SET {named(column)} = {value} WHERE {named(column)} IS NULL"  # noqa: S608 - quoted above


def literal(value: Any, type: Type) -> str | None:
    """A default as SQL says it, None where it cannot."""
    match type:
        case Boolean():
            return "TRUE" if value else "FALSE"
        case Integer():
            return str(int(value))
        case Floating() | Decimal() if isinstance(value, (int, float, Number)):
            return f"{value:f}" if isinstance(value, Number) else repr(value)
        case Text() if isinstance(value, str):
            return quoted(value)
        case Date() if isinstance(value, int):
            return f"DATE '{datetime.date(1970, 1, 1) + datetime.timedelta(days=value)}'"
        case _:
            return None
