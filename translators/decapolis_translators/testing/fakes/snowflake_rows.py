"""Rows of the mini-catalog: SELECT, MERGE and DELETE over one table, with three-valued logic and bound values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import expressions as sql

from .snowflake_tables import HeldTable, compilation

Scope = Mapping[str, Mapping[str, Any]]
"""Rows by the alias of their table; the table of the statement is also at the empty alias."""


def value_of(expression: Any, scope: Scope) -> Any:
    """What an expression is for some rows; placeholders were replaced beforehand."""
    match expression:
        case sql.Paren():
            return value_of(expression.this, scope)
        case sql.Column():
            return _column(expression, scope)
        case sql.Null():
            return None
        case sql.Boolean():
            return bool(expression.this)
        case sql.Literal():
            return expression.name if expression.is_string else int(expression.name)
        case sql.And() | sql.Or():
            return _connected(expression, scope)
        case sql.EQ() | sql.LTE():
            left, right = (value_of(side, scope) for side in (expression.this, expression.expression))
            if left is None or right is None:
                return None
            return left == right if isinstance(expression, sql.EQ) else left <= right
        case _:
            raise compilation("001003", "42000", f"syntax error: unexpected '{expression.sql()}'.")


def _column(column: Any, scope: Scope) -> Any:
    row = scope.get(column.table)
    if row is None or column.name not in row:
        raise compilation("000904", "42000", f"invalid identifier '{column.sql()}'")
    return row[column.name]


def _connected(expression: Any, scope: Scope) -> bool | None:
    sides = [value_of(side, scope) for side in (expression.this, expression.expression)]
    if isinstance(expression, sql.And):
        return False if False in sides else None if None in sides else True
    return True if True in sides else None if None in sides else False


def selected(statement: Any, table: HeldTable) -> list[list[Any]]:
    """The rows of a SELECT."""
    where, order = statement.args.get("where"), statement.args.get("order")
    rows = [row for row in table.rows if where is None or value_of(where.this, {"": row}) is True]
    for each in reversed(order.expressions if order else ()):
        rows.sort(key=_sorting(each))
    return [[value_of(each, {"": row}) for each in statement.expressions] for row in rows]


def _sorting(ordered: Any) -> Callable[[Mapping[str, Any]], Any]:
    return lambda row: value_of(ordered.this, {"": row})


def deleted(statement: Any, table: HeldTable) -> int:
    """How many rows a DELETE took."""
    where = statement.args.get("where")
    kept = [row for row in table.rows if where is not None and value_of(where.this, {"": row}) is not True]
    gone = len(table.rows) - len(kept)
    table.rows[:] = kept
    return gone


def merged(statement: Any, table: HeldTable) -> tuple[int, int]:
    """How many rows a MERGE inserted and updated."""
    target, given = statement.this.alias_or_name, statement.args["using"]
    source = {each.alias: value_of(each.this, {}) for each in given.this.expressions}
    whens = statement.args["whens"].expressions
    inserted = updated = 0
    matches = [row for row in table.rows if _holds(statement.args["on"], target, row, given.alias, source)]
    for row in matches:
        for when in (each for each in whens if each.args["matched"]):
            condition = when.args.get("condition")
            if condition is not None and not _holds(condition, target, row, given.alias, source):
                continue
            changes = {
                each.this.name: value_of(each.expression, {given.alias: source})
                for each in when.args["then"].expressions
            }
            row.update(_fitting(table, changes))
            updated += 1
            break
    for when in (each for each in whens if not each.args["matched"] and not matches):
        insert = when.args["then"]
        names = [each.name for each in insert.this.expressions]
        values = [value_of(each, {given.alias: source}) for each in insert.expression.expressions]
        table.rows.append(_whole(table, dict(zip(names, values, strict=True))))
        inserted += 1
    return inserted, updated


def _holds(condition: Any, target: str, row: Mapping[str, Any], alias: str, source: Mapping[str, Any]) -> bool:
    return value_of(condition, {target: row, alias: source}) is True


def _fitting(table: HeldTable, values: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in values.items():
        column = table.column(name)
        if column is None:
            raise compilation("000904", "42000", f"invalid identifier '{name}'")
        if value is None and not column.nullable:
            raise compilation("100072", "22000", f"NULL result in a non-nullable column {name}")
    return dict(values)


def _whole(table: HeldTable, values: Mapping[str, Any]) -> dict[str, Any]:
    return _fitting(table, {**{each.name: None for each in table.columns}, **values})


def cells(row: Sequence[Any]) -> list[str | None]:
    """A row as the SQL API writes it: texts, and null."""
    return [None if each is None else str(each).lower() if isinstance(each, bool) else str(each) for each in row]
