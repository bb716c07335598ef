"""Columns as the system aspect `schema` spells them, from the type model and back.

Types are those of BigQuery, which is what people read there. A struct has fields inside, a list is a field that repeats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from decapolis_formats.options import Dialect, Options
from decapolis_formats.sql_ddl.dialects import SPELLINGS
from decapolis_formats.sql_ddl.from_model import holds
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
    Scalar,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
)
from decapolis_formats.values import iso
from decapolis_translators.catalog import Column

HOLDS: Final = holds(Options(dialect=Dialect.BIGQUERY))
_BIGQUERY: Final = SPELLINGS[Dialect.BIGQUERY]
_KINDS: Final[Mapping[type, str]] = {
    Boolean: "BOOLEAN",
    Integer: "NUMBER",
    Floating: "NUMBER",
    Decimal: "NUMBER",
    Text: "STRING",
    Binary: "BYTES",
    Date: "DATETIME",
    Time: "DATETIME",
    Duration: "OTHER",
    Struct: "STRUCT",
}
_TYPE: Final = re.compile(r"\s*([A-Za-z0-9 ]+?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*")
_OTHER_NAMES: Final[Mapping[str, Scalar]] = {
    "BOOLEAN": Boolean(),
    **dict.fromkeys(("INTEGER", "INT", "BIGINT", "SMALLINT", "TINYINT", "LONG"), Integer(64)),
    **dict.fromkeys(("FLOAT", "DOUBLE", "REAL", "DOUBLE PRECISION"), Floating(64)),
    **dict.fromkeys(("VARCHAR", "CHAR", "TEXT", "CHARACTER VARYING"), Text()),
    **dict.fromkeys(("BINARY", "VARBINARY", "BYTEA", "BLOB"), Binary()),
}
_BY_NAME: Final[Mapping[str, Scalar]] = {
    **_OTHER_NAMES,
    **{name: scalar for scalar, name in _BIGQUERY.scalars.items()},
}
_NAMES: Final[Mapping[Type, str]] = {scalar: name for scalar, name in _BIGQUERY.scalars.items()}  # noqa: C416
_WHOLE: Final = {"NUMERIC": (38, 9), "DECIMAL": (38, 9), "BIGNUMERIC": (76, 38), "BIGDECIMAL": (76, 38)}


def fields_of(struct: Struct) -> list[dict[str, Any]]:
    """The aspect's `fields`, of a struct that fits."""
    return [_field_out(field) for field in struct.fields]


def _field_out(field: Field) -> dict[str, Any]:
    item = field.type.item if isinstance(field.type, List) else field.type
    mode = "REPEATED" if isinstance(field.type, List) else "NULLABLE" if field.nullable else "REQUIRED"
    said: dict[str, Any] = {
        "name": field.name,
        "mode": mode,
        "dataType": _spelled(item),
        "metadataType": _kind(item),
    }
    if field.doc:
        said["description"] = field.doc
    if field.default is not ABSENT and field.default is not None:
        said["defaultValue"] = _default(field.default, field.type)
    if isinstance(item, Struct):
        said["fields"] = fields_of(item)
    return said


def _spelled(type: Type) -> str:
    match type:
        case Struct():
            return "RECORD"
        case Decimal():
            return _BIGQUERY.decimal(type) or "STRING"
        case Text(length=int()):
            return _BIGQUERY.text.format(type.length)
        case Binary(length=int()) if _BIGQUERY.binary:
            return _BIGQUERY.binary.format(type.length)
        case _:
            return _NAMES[type]


def _kind(type: Type) -> str:
    if isinstance(type, Timestamp):
        return "TIMESTAMP" if type.zoned else "DATETIME"
    return _KINDS.get(type.__class__, "OTHER")


def _default(value: Any, type: Type) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return iso(value, type) if isinstance(type, Date) else str(value)


def struct_of(fields: Sequence[Any]) -> Struct:
    """The struct that an aspect's `fields` describe, whoever wrote them."""
    return Struct(tuple(_field_in(field) for field in fields if isinstance(field, Mapping)))


def _field_in(given: Mapping[str, Any]) -> Field:
    mode, inner = given.get("mode"), given.get("fields")
    item = struct_of(inner) if isinstance(inner, list) and inner else _read(str(given.get("dataType") or ""))
    nullable = mode not in {"REQUIRED", "REPEATED"}
    type = List(item) if mode == "REPEATED" else item
    doc = str(given["description"]) if given.get("description") else None
    return Field(str(given.get("name") or ""), type, nullable, None if nullable else ABSENT, doc)


def _read(text: str) -> Type:
    """A type by its text; what nobody knows is shown as text."""
    found = _TYPE.fullmatch(text)
    if found is None:
        return Text()
    name, first, second = found[1].upper(), found[2], found[3]
    if name in _WHOLE:
        return Decimal(int(first), int(second or 0)) if first else Decimal(*_WHOLE[name])
    scalar = _BY_NAME.get(name, Text())
    if first and isinstance(scalar, Text | Binary):
        return replace(scalar, length=int(first))
    return scalar


def columns_of(struct: Struct) -> tuple[Column, ...]:
    """The columns as people read them, with what is inside of them."""
    return tuple(Column(field.name, _whole(field.type), field.nullable, field.doc) for field in struct.fields)


def _whole(type: Type) -> str:
    match type:
        case List():
            return f"ARRAY<{_whole(type.item)}>"
        case Struct():
            members = (f"{each.name} {_whole(each.type)}{'' if each.nullable else ' NOT NULL'}" for each in type.fields)
            return f"STRUCT<{', '.join(members)}>"
        case _:
            return _spelled(type)
