"""What ALTER TABLE does to the columns of one table, and what it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .snowflake_tables import HeldColumn, HeldTable, column_of, compilation, shown_type, widens


def add(table: HeldTable, definition: Any) -> None:
    """ADD COLUMN: IF NOT EXISTS and DEFAULT exclude each other; a required one needs a default where there are rows."""
    column = column_of(definition)
    if definition.args.get("exists") and column.default is not None:
        raise compilation("001003", "42000", "IF NOT EXISTS cannot stand beside DEFAULT.")
    if table.column(column.name) is not None:
        if definition.args.get("exists"):
            return
        raise compilation("001430", "42601", f"column '{column.name}' already exists")
    if not column.nullable and column.default is None and table.rows:
        words = (
            f"Non-nullable column '{column.name}' cannot be added to non-empty table '{table.name}' without a default."
        )
        raise compilation("002240", "22000", words)
    table.columns.append(column)
    for row in table.rows:
        row[column.name] = column.default


def _demanded(table: HeldTable, name: str) -> HeldColumn:
    column = table.column(name)
    if column is None:
        raise compilation("000904", "42000", f"invalid identifier '{name}'")
    return column


def drop_column(table: HeldTable, action: Any) -> None:
    """DROP COLUMN; one column stays."""
    for each in action.args["tables"]:
        if table.column(each.name) is None and action.args.get("exists"):
            continue
        column = _demanded(table, each.name)
        if len(table.columns) == 1:
            raise compilation("002108", "0A000", "Cannot drop the only column of a table.")
        table.columns.remove(column)


def rename(table: HeldTable, old: str, new: str) -> None:
    """RENAME COLUMN."""
    column = _demanded(table, old)
    if table.column(new) is not None:
        raise compilation("001430", "42601", f"column '{new}' already exists")
    column.name = new


def alter_column(table: HeldTable, action: Any, *, iceberg: bool) -> None:
    """ALTER COLUMN: a comment, a type that widens, whether it may be null."""
    column = _demanded(table, action.name)
    kind, allowed, comment = (action.args.get(key) for key in ("dtype", "allow_null", "comment"))
    if comment is not None:
        column.comment = comment.name or None
    elif kind is not None:
        wanted = shown_type(kind)
        structured = iceberg and "(" in wanted and wanted.partition("(")[0] in {"OBJECT", "ARRAY", "MAP"}
        if not structured and not widens(column.type, wanted):
            words = f"cannot change column {column.name} from type {column.type} to {wanted}"
            raise compilation("002108", "22000", words)
        column.type = wanted
    elif allowed is None:
        raise compilation("001003", "42000", "syntax error: only defaults of sequences can be set.")
    else:
        if not allowed and any(row.get(column.name) is None for row in table.rows):
            raise compilation("002271", "22000", f"Column {column.name} contains null values.")
        column.nullable = bool(allowed)


def tag(table: HeldTable, given: Sequence[Any]) -> None:
    """SET TAG, with the values that are short enough."""
    for each in given:
        value = each.expression.name
        if len(value) > 256:
            raise compilation("391825", "22023", "The value of a tag is too long.")
        table.tags[each.this.name] = value
