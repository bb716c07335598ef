"""What an account of Snowflake holds: databases, schemas, tables with their columns, tags and rows; and its refusals."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from sqlglot import expressions as sql

_TEXT = 16_777_216
_BINARY = 8_388_608
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*")
_WHOLE = {"TINYINT", "SMALLINT", "INT", "BIGINT", "INT128"}
_CLOCKS = {
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "DATETIME": "TIMESTAMP_NTZ",
    "TIMESTAMPNTZ": "TIMESTAMP_NTZ",
    "TIMESTAMPLTZ": "TIMESTAMP_LTZ",
    "TIMESTAMPTZ": "TIMESTAMP_TZ",
}
_BARE = {"BOOLEAN": "BOOLEAN", "DATE": "DATE", "VARIANT": "VARIANT", "DOUBLE": "FLOAT", "FLOAT": "FLOAT"}


class Refusal(Exception):
    """A statement that fails: Snowflake's code, the SQLSTATE and its words."""

    def __init__(self, code: str, state: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.state = state
        self.message = message


def compilation(code: str, state: str, words: str) -> Refusal:
    """A refusal before anything ran."""
    return Refusal(code, state, f"SQL compilation error:\n{words}")


def absent(kind: str, name: str) -> Refusal:
    """What is not there, or may not be seen."""
    return compilation(
        "002003", "02000" if kind != "Object" else "42S02", f"{kind} '{name}' does not exist or not authorized."
    )


@dataclass
class HeldColumn:
    """One column."""

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    comment: str | None = None


@dataclass
class HeldTable:
    """One table with its rows."""

    name: str
    columns: list[HeldColumn]
    comment: str = ""
    iceberg: bool = False
    uuid: str = ""
    created: str = "1700000000.000000000"
    tags: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def column(self, name: str) -> HeldColumn | None:
        """A column by its exact name."""
        return next((each for each in self.columns if each.name == name), None)


@dataclass
class Account:
    """Databases by name, their schemas by name, their tables by name."""

    databases: dict[str, dict[str, dict[str, HeldTable]]] = field(default_factory=dict)
    warehouses: set[str] = field(default_factory=lambda: {"COMPUTE_WH"})
    roles: set[str] = field(default_factory=lambda: {"GATEWAY"})
    denied: dict[str, str] = field(default_factory=dict)
    """Kinds of statements that the role may not run, with the words that say so."""
    tags_supported: bool = True
    tags: set[str] = field(default_factory=set)
    table_writes: int = 0
    """Statements that changed a table."""

    def schema(self, database: str, schema: str) -> dict[str, HeldTable]:
        """The tables of a schema; refused where it is not there."""
        if database not in self.databases:
            raise absent("Database", database)
        if schema not in self.databases[database]:
            raise absent("Schema", f"{database}.{schema}")
        return self.databases[database][schema]

    def table(self, database: str, schema: str, name: str) -> HeldTable:
        """A table; refused where it is not there."""
        found = self.schema(database, schema).get(name)
        if found is None:
            raise absent("Object", f"{database}.{schema}.{name}")
        return found


def shown_type(kind: Any) -> str:
    """A type as DESCRIBE shows it; refused where Snowflake has none such."""
    if not isinstance(kind, sql.DataType) or not isinstance(kind.this, sql.DType):
        raise compilation("002040", "42601", f"Unsupported data type '{kind}'.")
    name = kind.this.value
    measures = [int(each.name) for each in kind.expressions if isinstance(each, sql.DataTypeParam)]
    if name in _BARE and not measures:
        return _BARE[name]
    if name in _WHOLE:
        return "NUMBER(38,0)"
    if name in {"TEXT", "VARCHAR", "CHAR"}:
        return f"VARCHAR({_bounded(name, measures, _TEXT)})"
    if name in {"BINARY", "VARBINARY"}:
        return f"BINARY({_bounded(name, measures, _BINARY)})"
    if name == "DECIMAL":
        return _number(measures)
    if name in _CLOCKS:
        digits = measures[0] if measures else 9
        if digits > 9:
            raise compilation("001003", "42000", f"Invalid precision {digits}")
        return f"{_CLOCKS[name]}({digits})"
    return _nested(name, kind)


def _bounded(name: str, measures: list[int], limit: int) -> int:
    length = measures[0] if measures else limit
    if not 0 < length <= limit:
        raise compilation("002021", "22023", f"Data type length {length} for {name} is out of range")
    return length


def _number(measures: list[int]) -> str:
    precision, scale = (measures + [38, 0][len(measures) :])[:2]
    if not (1 <= precision <= 38 and 0 <= scale <= min(37, precision)):
        raise compilation("002022", "22023", f"Invalid precision or scale: NUMBER({precision},{scale})")
    return f"NUMBER({precision},{scale})"


def _nested(name: str, kind: Any) -> str:
    if name in {"ARRAY", "OBJECT"} and not kind.expressions:
        return name
    if name == "ARRAY":
        return f"ARRAY({shown_type(kind.expressions[0])})"
    if name == "MAP" and len(kind.expressions) == 2:
        key, value = map(shown_type, kind.expressions)
        if not key.startswith(("VARCHAR", "NUMBER")) or (key.startswith("NUMBER") and not key.endswith(",0)")):
            raise compilation("001065", "22023", "The key of a MAP is a VARCHAR or a whole NUMBER.")
        return f"MAP({key}, {value})"
    if name == "OBJECT":
        return f"OBJECT({', '.join(map(_member, kind.expressions))})"
    raise compilation("002040", "42601", f"Unsupported data type '{name}'.")


def _member(member: Any) -> str:
    required = any(isinstance(each.kind, sql.NotNullColumnConstraint) for each in member.args.get("constraints") or ())
    quoted = '"' + member.name.replace('"', '""') + '"'
    name = member.name if _PLAIN_NAME.fullmatch(member.name) else quoted
    return f"{name} {shown_type(member.args['kind'])}{' NOT NULL' if required else ''}"


def column_of(definition: Any) -> HeldColumn:
    """A column of its definition in a statement."""
    column = HeldColumn(definition.name, shown_type(definition.args["kind"]))
    for each in definition.args.get("constraints") or ():
        match each.kind:
            case sql.NotNullColumnConstraint():
                column.nullable = False
            case sql.CommentColumnConstraint():
                column.comment = each.kind.this.name
            case sql.DefaultColumnConstraint():
                column.default = each.kind.this.sql(dialect="snowflake")
            case other:
                raise compilation("001003", "42000", f"syntax error: unexpected '{other.sql()}'.")
    return column


def widens(before: str, after: str) -> bool:
    """The changes of a type that ALTER COLUMN takes on a standard table."""
    old, new = (re.fullmatch(r"(\w+)\((\d+)(?:,(\d+))?\)", each) for each in (before, after))
    if before == after:
        return True
    if old is None or new is None or old[1] != new[1] or old[1] not in {"NUMBER", "VARCHAR", "BINARY"}:
        return False
    return int(new[2]) >= int(old[2]) and old[3] == new[3]
