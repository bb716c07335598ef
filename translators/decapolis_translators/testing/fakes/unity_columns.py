"""Columns of a table and members of its structs, altered by the rules of Delta."""

from __future__ import annotations

import re
from typing import Any

import sqlglot
from sqlglot import exp

from .unity_state import HeldColumn, HeldTable
from .unity_types import SCALARS, IllegalType, checked
from .unity_words import SqlError

DIALECT = "databricks"
_FROM_SQL = {text: name for name, text in SCALARS.items()} | {
    "text": "string",
    "varchar": "string",
    "timestampntz": "timestamp_ntz",
}
_WIDER = {
    "byte": ("short", "integer", "long", "double"),
    "short": ("integer", "long", "double"),
    "integer": ("long", "double"),
    "long": (),
    "float": ("double",),
    "date": ("timestamp_ntz",),
}
_DIGITS = {"byte": 10, "short": 10, "integer": 10, "long": 20}


def column_of(definition: Any, name: str | None = None) -> HeldColumn:
    """A column as a statement defines it."""
    constraints = [item.args["kind"] for item in definition.args.get("constraints") or ()]
    comment = next((each.this.name for each in constraints if isinstance(each, exp.CommentColumnConstraint)), None)
    required = any(
        isinstance(each, exp.NotNullColumnConstraint) and not each.args.get("allow_null") for each in constraints
    )
    return HeldColumn(name or definition.name, _type(definition.args["kind"]), not required, comment)


def _type(kind: Any) -> Any:
    name = kind.this.value.lower()
    inner = kind.expressions
    if name == "array":
        return {"type": "array", "elementType": _type(inner[0]), "containsNull": True}
    if name == "map":
        return {"type": "map", "keyType": _type(inner[0]), "valueType": _type(inner[1]), "valueContainsNull": True}
    if name == "struct":
        return {"type": "struct", "fields": [_as_field(column_of(each)) for each in inner]}
    if name == "decimal":
        measures = [each.name for each in inner] or ["10"]
        said = f"decimal({measures[0]},{measures[1] if len(measures) > 1 else 0})"
    else:
        said = _FROM_SQL.get({"timestamptz": "timestamp", "timestampltz": "timestamp"}.get(name, name), name)
    try:
        return checked(said)
    except IllegalType as illegal:
        raise SqlError("UNSUPPORTED_DATATYPE", "0A000", str(illegal)) from None


def _as_field(column: HeldColumn) -> dict[str, Any]:
    metadata = {} if column.comment is None else {"comment": column.comment}
    return {"name": column.name, "type": column.type, "nullable": column.nullable, "metadata": metadata}


# columns of a table are objects, members of a struct are JSON: both are altered through these


def members(table: HeldTable, path: list[str]) -> list[Any]:
    """The columns of a table, or the members of the struct at a path."""
    found: list[Any] = table.columns
    for name in path:
        type = _get(found[index_of(found, name)], "type")
        if not isinstance(type, dict) or type["type"] != "struct":
            raise SqlError("INVALID_FIELD_NAME", "42000", f"{'.'.join(path)} is no struct")
        found = type["fields"]
    return found


def _get(member: Any, what: str) -> Any:
    if isinstance(member, HeldColumn):
        return getattr(member, what)
    return member["metadata"].get("comment") if what == "comment" else member.get(what)


def put(siblings: list[Any], at: int, what: str, value: Any) -> None:
    """Changes one thing of one of them."""
    member = siblings[at]
    if isinstance(member, HeldColumn):
        setattr(member, what, value)
    elif what == "comment":
        member["metadata"]["comment"] = value
    else:
        member[what] = value


def names_of(siblings: list[Any]) -> list[str]:
    """Their names."""
    return [_get(each, "name") for each in siblings]


def index_of(siblings: list[Any], name: str) -> int:
    """Where one stands."""
    names = [each.lower() for each in names_of(siblings)]
    if name.lower() not in names:
        raise SqlError("UNRESOLVED_COLUMN", "42703", f"A column {name} cannot be resolved.")
    return names.index(name.lower())


def insert(siblings: list[Any], made: HeldColumn, position: Any) -> None:
    """Puts a new one where a statement says."""
    new: Any = made if not siblings or isinstance(siblings[0], HeldColumn) else _as_field(made)
    if position is None:
        siblings.append(new)
    elif position.args["position"] == "FIRST":
        siblings.insert(0, new)
    else:
        siblings.insert(index_of(siblings, position.this.name) + 1, new)


def _demand_mapping(table: HeldTable, what: str) -> None:
    if table.properties.get("delta.columnMapping.mode") != "name":
        raise SqlError(
            f"DELTA_UNSUPPORTED_{what}_COLUMN", "0AKDC", f"{what} COLUMN needs delta.columnMapping.mode = name"
        )


def drop(table: HeldTable, path: list[str]) -> None:
    """Takes one away, which needs column mapping."""
    _demand_mapping(table, "DROP")
    siblings = members(table, path[:-1])
    at = index_of(siblings, path[-1])
    if len(siblings) == 1:
        raise SqlError("DELTA_DROP_COLUMN_ON_SINGLE_FIELD_SCHEMA", "0AKDC", "the only column cannot be dropped")
    del siblings[at]


def rename(table: HeldTable, path: list[str], new: str) -> None:
    """Gives one another name, which needs column mapping."""
    _demand_mapping(table, "RENAME")
    siblings = members(table, path[:-1])
    if new.lower() in (each.lower() for each in names_of(siblings)):
        raise SqlError("FIELD_ALREADY_EXISTS", "42710", f"{new} exists.")
    put(siblings, index_of(siblings, path[-1]), "name", new)


def tighten(siblings: list[Any], at: int) -> None:
    """Makes one required."""
    if _get(siblings[at], "nullable") and isinstance(siblings[at], HeldColumn) and siblings[at].holds_nulls:
        raise SqlError("DELTA_NOT_NULL_CONSTRAINT_VIOLATED", "23502", f"{siblings[at].name} holds nulls.")
    put(siblings, at, "nullable", False)


def widen(table: HeldTable, siblings: list[Any], at: int, text: str) -> None:
    """Gives one a wider type."""
    new = _type(sqlglot.parse_one(text, into=exp.DataType, read=DIALECT))
    old = _get(siblings[at], "type")
    if old == new:
        return
    if table.properties.get("delta.enableTypeWidening") != "true" or not _is_wider(old, new):
        raise SqlError(
            "DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP", "0AKDC", f"ALTER TABLE CHANGE COLUMN from {old} to {new}"
        )
    put(siblings, at, "type", new)


def _is_wider(old: Any, new: Any) -> bool:
    if not isinstance(old, str) or not isinstance(new, str):
        return False
    measured = re.fullmatch(r"decimal\((\d+),(\d+)\)", new)
    if measured is None:
        return new in _WIDER.get(old, ())
    precision, scale = int(measured[1]), int(measured[2])
    before = re.fullmatch(r"decimal\((\d+),(\d+)\)", old)
    if before is not None:
        return precision - int(before[1]) >= scale - int(before[2]) >= 0
    return old in _DIGITS and precision - scale >= _DIGITS[old]
