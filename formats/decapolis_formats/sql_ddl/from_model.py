"""From the type model to CREATE TABLE, and what each dialect holds of it."""

from __future__ import annotations

import re
from decimal import Decimal as Number
from typing import Any, Final

from decapolis_formats.extras import library
from decapolis_formats.holds import Holds
from decapolis_formats.options import NO_WISHES, Dialect, Options
from decapolis_formats.types import (
    ABSENT,
    Annotated,
    Binary,
    Boolean,
    Date,
    Decimal,
    Enum,
    Field,
    Fixed,
    Floating,
    Integer,
    List,
    Map,
    Model,
    Named,
    Scalar,
    Struct,
    Text,
    Type,
    Union,
    Where,
)
from decapolis_formats.values import iso

from .dialects import SPELLINGS, Spelling

_ILLEGAL: Final = {
    Dialect.BIGQUERY: re.compile(r"[^A-Za-z0-9_]"),
    Dialect.DATABRICKS: re.compile(r"[ ,;{}()\n\t=]"),
}
_TABLE_PARTS: Final = 3
_WITH_DEFAULT: Final = (Boolean, Integer, Floating, Text, Decimal, Date)


def holds(options: Options = NO_WISHES) -> Holds:
    """What a table of the dialect holds: columns of its types, comments where it has them, no type names."""
    spelling = SPELLINGS[options.dialect]
    documented: set[Where] = {"field", "root"} if spelling.comment else set()
    if spelling.members_documented:
        documented.add("member")
    return Holds(
        exact=lambda scalar: _spelled(scalar, spelling) is not None,
        struct_root=True,
        root_name="needed",
        inside=lambda inner, where: spelling.lists_in_lists or where != "item" or not isinstance(inner, List),
        nullable=lambda found, where, wanted: _nullable(found, where, wanted, spelling),
        maps=spelling.map is not None,
        key=lambda key: isinstance(key, (Text, Integer, Date)) or _is_whole(key),
        default=lambda found, where: where == "field" and isinstance(found, _WITH_DEFAULT),
        docs=frozenset(documented),
        empty_structs=False,
        spell=lambda name: _legal(name, options.dialect),
        spell_type=lambda name: ".".join(name.split(".")[-_TABLE_PARTS:]),
        fold=str.lower,
    )


def _is_whole(type: Type) -> bool:
    return isinstance(type, Decimal) and type.scale == 0


def _legal(name: str, dialect: Dialect) -> str:
    if dialect in _ILLEGAL:
        name = _ILLEGAL[dialect].sub("_", name)
    starts_legally = dialect is not Dialect.BIGQUERY or not name[:1].isdigit()
    return name if name and starts_legally else f"_{name}"


def _nullable(type: Type, where: Where, wanted: bool, spelling: Spelling) -> bool:
    match where:
        case "root":
            return False
        case "item" | "value":
            return spelling.items_nullable
        case "member" if not spelling.members_required:
            return True
        case _:
            # in BigQuery a list that is null is an empty one
            return wanted and (spelling.lists_in_lists or not isinstance(type, List))


def _spelled(type: Scalar, spelling: Spelling) -> str | None:
    match type:
        case Enum() | Fixed():
            return None
        case Decimal():
            return spelling.decimal(type)
        case Text(length=int()):
            return spelling.text.format(type.length)
        case Binary(length=int()):
            return spelling.binary and spelling.binary.format(type.length)
        case _:
            return spelling.scalars.get(type)


def write(model: Model, options: Options = NO_WISHES) -> str:
    """The CREATE TABLE of a model that fits, a column in each line."""
    return _Writer(model, options.dialect).table()


def spelled(type: Type, options: Options = NO_WISHES) -> str:
    """A type as people write it."""
    return _Writer(Model(type), options.dialect).type(type)


class _Writer:
    """One printing in one dialect."""

    def __init__(self, model: Model, dialect: Dialect) -> None:
        self.model = model
        self.spelling = SPELLINGS[dialect]
        self.sql = library("sqlglot.expressions", "SQL")

    def table(self) -> str:
        name = self.model.root.name if isinstance(self.model.root, Named) else ""
        root = self.model.meaning(self.model.root)
        assert isinstance(root, Struct)
        columns = ",\n".join(f"  {self._column(field)}" for field in root.fields)
        table = ".".join(self._identifier(part) for part in name.split("."))
        return f"CREATE TABLE {table} (\n{columns}\n){self._comment(root.doc, self.spelling.table_comment)};\n"

    def _column(self, field: Field) -> str:
        head = f"{self._identifier(field.name)} {self.type(field.type)}"
        default = "" if field.default is ABSENT or field.default is None else self._default(field.default, field.type)
        return (
            f"{head}{'' if field.nullable else ' NOT NULL'}{default}{self._comment(field.doc, self.spelling.comment)}"
        )

    def type(self, type: Type) -> str:
        """A type as the dialect spells it."""
        spelling = self.spelling
        match type:
            case List():
                return spelling.array.format(self.type(type.item))
            case Map() if spelling.map is not None:
                return spelling.map.format(self.type(type.key), self.type(type.value))
            case Struct():
                return spelling.struct.format(", ".join(map(self._member, type.fields)))
            case Union() | Named() | Annotated():
                raise AssertionError(f"{type} does not fit a table")
            case _:
                return self._scalar(type)

    def _scalar(self, type: Scalar | Map) -> str:
        found = None if isinstance(type, Map) else _spelled(type, self.spelling)
        if found is None:
            raise AssertionError(f"{type} does not fit the dialect")
        return found

    def _member(self, field: Field) -> str:
        head = self.spelling.member.format(self._identifier(field.name), self.type(field.type))
        comment = self.spelling.comment if self.spelling.members_documented else None
        return f"{head}{'' if field.nullable else ' NOT NULL'}{self._comment(field.doc, comment)}"

    def _comment(self, doc: str | None, written: str | None) -> str:
        return "" if doc is None or written is None else written.format(self._string(doc))

    def _default(self, value: Any, type: Type) -> str:
        return f" DEFAULT {self._literal(value, type)}"

    def _literal(self, value: Any, type: Type) -> str:
        match value, type:
            case _, Date():
                return f"DATE '{iso(value, type)}'"
            case bool(), _:
                return "TRUE" if value else "FALSE"
            case ((int() | float() | Number()), _):
                return f"{value:f}" if isinstance(value, Number) else repr(value)
            case _:
                return self._string(str(value))

    def _identifier(self, name: str) -> str:
        return str(self.sql.to_identifier(name, quoted=True).sql(dialect=self.spelling.parser))

    def _string(self, text: str) -> str:
        return str(self.sql.Literal.string(text).sql(dialect=self.spelling.parser))
