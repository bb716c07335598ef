"""From CREATE TABLE to the type model, parsed by sqlglot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal as Number
from typing import Any, Final

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.extras import library
from decapolis_formats.model import Dependency
from decapolis_formats.options import NO_WISHES, Dialect, Options
from decapolis_formats.types import (
    ABSENT,
    Binary,
    Boolean,
    Date,
    Decimal,
    Duration,
    Field,
    Floating,
    Integer,
    List,
    Loss,
    Map,
    Model,
    Named,
    Reading,
    Scalar,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
    Unit,
    Uuid,
    Variant,
)
from decapolis_formats.values import counted

from .dialects import SPELLINGS

_MICROS: Final = Unit.MICROS.digits
_SIMPLE: Final[Mapping[str, Scalar]] = {
    "BOOLEAN": Boolean(),
    "TINYINT": Integer(8),
    "SMALLINT": Integer(16),
    "INT": Integer(32),
    "MEDIUMINT": Integer(32),
    "BIGINT": Integer(64),
    "UTINYINT": Integer(8, signed=False),
    "USMALLINT": Integer(16, signed=False),
    "UINT": Integer(32, signed=False),
    "UBIGINT": Integer(64, signed=False),
    "FLOAT": Floating(32),
    "DOUBLE": Floating(64),
    "DATE": Date(),
    "DATE32": Date(),
    "UUID": Uuid(),
    "VARIANT": Variant(),
    "JSON": Variant(),
    "JSONB": Variant(),
    "OBJECT": Variant(),
    "INTERVAL": Duration(),
}
_TEXTS: Final = frozenset(("TEXT", "VARCHAR", "CHAR", "NCHAR", "NVARCHAR", "BPCHAR"))
_BINARIES: Final = frozenset(("BINARY", "VARBINARY", "BLOB"))
_DECIMALS: Final = frozenset(("DECIMAL", "BIGDECIMAL"))
_ZONED: Final = frozenset(("TIMESTAMPTZ", "TIMESTAMPLTZ"))
_LOCAL: Final = frozenset(("TIMESTAMP", "TIMESTAMPNTZ", "DATETIME"))
_WHOLE: Final = frozenset(("TINYINT", "SMALLINT", "INT", "BIGINT"))
_EXPECTED: Final = "a schema in SQL is a CREATE TABLE with its columns"


def read(text: str, dependencies: Sequence[Dependency] = (), options: Options = NO_WISHES) -> Reading:
    """The model of the one table, or of the one that is selected; InvalidSchema where there is none."""
    reader = _Reader(options.read_dialect)
    return reader.table(_selected(_tables(text, SPELLINGS[options.read_dialect].parser), options.select))


def _tables(text: str, dialect: str) -> list[Any]:
    sqlglot = library("sqlglot", "SQL")
    try:
        statements = sqlglot.parse(text, read=dialect)
    except (sqlglot.errors.SqlglotError, RecursionError) as unreadable:
        first = str(unreadable).partition("\n")[0]
        raise InvalidSchema(f"Not SQL of the dialect {dialect}: {first}") from None
    created = (each for each in statements if isinstance(each, sqlglot.exp.Create))
    return [each for each in created if isinstance(each.this, sqlglot.exp.Schema) and each.kind == "TABLE"]


def _selected(tables: list[Any], wanted: str | None) -> Any:
    names = [_table_name(table) for table in tables]
    if wanted is None and len(tables) == 1:
        return tables[0]
    if not tables:
        raise InvalidSchema(f"There is no table: {_EXPECTED}")
    if wanted is None:
        raise InvalidSchema(f"There are several tables, select one of them: {', '.join(names)}")
    if wanted not in names:
        raise InvalidSchema(f"There is no table {wanted} (there are: {', '.join(names)})")
    return tables[names.index(wanted)]


def _table_name(create: Any) -> str:
    return ".".join(part.name for part in create.this.this.parts)


class _Reader:
    """One reading of one table."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.spelling = SPELLINGS[dialect]
        self.sql = library("sqlglot.expressions", "SQL")
        self.losses: list[Loss] = []

    def table(self, create: Any) -> Reading:
        name = _table_name(create)
        fields = []
        for each in create.this.expressions:
            if isinstance(each, self.sql.ColumnDef):
                fields.append(self._field(each, each.name))
            elif isinstance(each, self.sql.Identifier):
                raise InvalidSchema(f"The column {each.name} has no type: {_EXPECTED}")
            else:
                self._lose("", f"the constraint {each.sql()[:60]}", "only columns are read")
        doc = self._table_doc(create)
        return Reading(Model(Named(name), False, {name: Struct(tuple(fields), doc)}), tuple(self.losses))

    def _table_doc(self, create: Any) -> str | None:
        properties = create.args.get("properties")
        doc = None
        for each in properties.expressions if properties else ():
            if isinstance(each, self.sql.SchemaCommentProperty):
                doc = each.this.name
            elif _is_description(each, self.sql):
                doc = each.args["value"].name
            else:
                self._lose("", f"the property {each.sql()[:60]}", "only columns and comments are read")
        return doc

    def _field(self, column: Any, path: str) -> Field:
        nullable, default, doc = True, None, None
        type = self._type(column.args["kind"], path)
        for constraint in (each.args["kind"] for each in column.args.get("constraints") or ()):
            match constraint:
                case self.sql.NotNullColumnConstraint():
                    nullable = bool(constraint.args.get("allow_null"))
                case self.sql.CommentColumnConstraint():
                    doc = constraint.this.name
                case self.sql.Properties(expressions=[only]) if _is_description(only, self.sql):
                    doc = only.args["value"].name
                case self.sql.DefaultColumnConstraint():
                    default = self._default(constraint.this, type, path)
                case _:
                    self._lose(
                        path, f"the constraint {constraint.sql()[:60]}", "only nullability and defaults are read"
                    )
        if default is None and not nullable:
            default = ABSENT
        return Field(column.name, type, nullable, default, doc)

    def _type(self, kind: Any, path: str) -> Type:
        if not isinstance(kind, self.sql.DataType) or isinstance(kind.this, self.sql.Expression):
            return self._other(kind, path)
        inner = kind.expressions
        match kind.this.value:
            case "ARRAY" if inner:
                return List(self._type(inner[0], f"{path}[]"), self.spelling.items_nullable)
            case "MAP" if len(inner) > 1:
                value = self._type(inner[1], f"{path}{{}}")
                return Map(self._type(inner[0], f"{path}{{key}}"), value, self.spelling.items_nullable)
            case "ARRAY":
                return List(Variant(), nullable=True)
            case "STRUCT" | "OBJECT" if inner:
                return Struct(tuple(self._members(inner, path)))
            case name:
                return self._scalar(name, [int(each.name) for each in inner if each.name.isdecimal()], kind, path)

    def _members(self, members: Sequence[Any], path: str) -> Iterator[Field]:
        for number, member in enumerate(members, 1):
            if isinstance(member, self.sql.ColumnDef):
                yield self._field(member, f"{path}.{member.name}")
            else:
                self._lose(path, "no name of a member", f"it is _{number}", guessed=True)
                yield Field(f"_{number}", self._type(member, f"{path}._{number}"), nullable=True, default=None)

    def _scalar(self, name: str, measures: list[int], kind: Any, path: str) -> Type:
        first = measures[0] if measures else None
        if name in _WHOLE and self.dialect is Dialect.SNOWFLAKE:
            return Decimal(38, 0)
        if name in _DECIMALS:
            return self._decimal(name, measures)
        if name in _TEXTS:
            return Text(first)
        if name in _BINARIES:
            return Binary(first)
        if name in ("TIME", "TIMETZ"):
            return Time(self._unit(first, path), utc=name == "TIMETZ")
        if name in _ZONED or name in _LOCAL:
            return Timestamp(self._unit(first, path), zoned=name in _ZONED)
        return _SIMPLE.get(name) or self._other(kind, path)

    def _decimal(self, name: str, measures: list[int]) -> Decimal:
        if not measures:
            unsaid = (76, 38) if name == "BIGDECIMAL" else self.spelling.unsaid_decimal
            return Decimal(*unsaid)
        return Decimal(measures[0], measures[1] if len(measures) > 1 else 0)

    def _unit(self, digits: int | None, path: str) -> Unit:
        if digits is None:
            digits = Unit.NANOS.digits if self.dialect is Dialect.SNOWFLAKE else _MICROS
        unit = next((unit for unit in Unit if unit.digits >= digits), Unit.NANOS)
        if unit.digits != digits:
            self._lose(path, f"the {digits} digits behind the second", f"it is in {unit}")
        return unit

    def _other(self, kind: Any, path: str) -> Type:
        if isinstance(kind, self.sql.DataType) and isinstance(kind.this, self.sql.Interval):
            return Duration()
        self._lose(path, f"the type {kind.sql()[:60]}", "it is read as a string", guessed=True)
        return Text()

    def _default(self, value: Any, type: Type, path: str) -> Any:
        found = self._value(value, type)
        if found is ABSENT:
            self._lose(path, f"the default {value.sql()[:60]}", "only plain values are read")
        return found

    def _value(self, value: Any, type: Type) -> Any:
        sql = self.sql
        match value:
            case sql.Null():
                return None
            case sql.Boolean():
                return bool(value.this)
            case sql.Cast() | sql.Date() if isinstance(type, Date):
                return counted(value.this.name, type)
            case sql.Neg() | sql.Literal() if not value.is_string:
                return _number(value.sql(), type)
            case sql.Literal() if isinstance(type, Text):
                return value.name
            case _:
                return ABSENT

    def _lose(self, path: str, what: str, why: str, *, guessed: bool = False) -> None:
        self.losses.append(Loss(path, what, why, guessed))


def _is_description(property: Any, sql: Any) -> bool:
    return isinstance(property, sql.Property) and property.name.lower() == "description"


def _number(text: str, type: Type) -> Any:
    match type:
        case Integer():
            return int(text) if text.lstrip("-").isdecimal() else ABSENT
        case Floating():
            return float(text)
        case Decimal():
            return Number(text)
        case _:
            return ABSENT
