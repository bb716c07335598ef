"""Spark's JSON of types, as Unity Catalog keeps columns in it, to and from the type model.

The classic API carries it in camelCase inside of a string, the Delta API as JSON in kebab-case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from decapolis_formats.types import (
    Binary,
    Boolean,
    Date,
    Decimal,
    Field,
    Floating,
    Integer,
    List,
    Map,
    Null,
    Scalar,
    Struct,
    Text,
    Timestamp,
    Type,
    Unit,
    Variant,
)

_SCALARS: Final[dict[str, Scalar]] = {
    "boolean": Boolean(),
    "byte": Integer(8),
    "short": Integer(16),
    "integer": Integer(32),
    "long": Integer(64),
    "float": Floating(32),
    "double": Floating(64),
    "string": Text(),
    "binary": Binary(),
    "date": Date(),
    "timestamp": Timestamp(Unit.MICROS),
    "timestamp_ntz": Timestamp(Unit.MICROS, zoned=False),
    "variant": Variant(),
    "void": Null(),
    "null": Null(),
    # as `type_text` spells some of them
    "tinyint": Integer(8),
    "smallint": Integer(16),
    "int": Integer(32),
    "bigint": Integer(64),
    "real": Floating(32),
}
_NAMES: Final[dict[Scalar, str]] = {_SCALARS[name]: name for name in reversed(_SCALARS)}
_TEXTS: Final = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint"}
_TYPE_NAMES: Final = {"decimal": "DECIMAL", "timestamp_ntz": "TIMESTAMP_NTZ", "integer": "INT"}
_DECIMAL: Final = re.compile(r"decimal\((\d+),\s*(-?\d+)\)")
_LENGTH: Final = re.compile(r"(?:var)?char\((\d+)\)")
_DEFAULT_DECIMAL: Final = (10, 0)


class Unreadable(ValueError):
    """Not a type as Spark writes it."""


def written(type: Type, *, kebab: bool = False) -> Any:
    """A type that fits a table, as JSON."""
    spell: Callable[[str], str] = _kebab if kebab else str
    match type:
        case Struct():
            return {"type": "struct", "fields": [written_field(each, kebab=kebab) for each in type.fields]}
        case List():
            item = written(type.item, kebab=kebab)
            return {"type": "array", spell("elementType"): item, spell("containsNull"): type.nullable}
        case Map():
            return {
                "type": "map",
                spell("keyType"): written(type.key, kebab=kebab),
                spell("valueType"): written(type.value, kebab=kebab),
                spell("valueContainsNull"): type.nullable,
            }
        case Decimal():
            return f"decimal({type.precision},{type.scale})"
        case _:
            return _scalar_name(type)


def written_field(field: Field, *, kebab: bool = False) -> dict[str, Any]:
    """A field as JSON."""
    metadata = {} if field.doc is None else {"comment": field.doc}
    return {
        "name": field.name,
        "type": written(field.type, kebab=kebab),
        "nullable": field.nullable,
        "metadata": metadata,
    }


def _kebab(name: str) -> str:
    return re.sub("([A-Z])", lambda found: f"-{str(found[0]).lower()}", name)


def _scalar_name(type: Type) -> str:
    name = _NAMES.get(type) if isinstance(type, Scalar) else None
    if name is None:
        raise AssertionError(f"{type} does not fit a table")
    return name


def text(type: Type, *, exact: bool = False) -> str:
    """A type as `type_text` has it; `exact` also says what may not be null inside of it."""
    match type:
        case Struct():
            return f"struct<{','.join(_member(each, exact) for each in type.fields)}>"
        case List():
            return f"array<{text(type.item, exact=exact)}{_strict(type.nullable, exact)}>"
        case Map():
            inside = f"{text(type.key, exact=exact)},{text(type.value, exact=exact)}"
            return f"map<{inside}{_strict(type.nullable, exact)}>"
        case Decimal():
            return f"decimal({type.precision},{type.scale})"
        case Text(length=int()):
            return f"varchar({type.length})"
        case _:
            name = _scalar_name(type)
            return _TEXTS.get(name, name)


def _member(field: Field, exact: bool) -> str:
    return f"{field.name}:{text(field.type, exact=exact)}{_strict(field.nullable, exact)}"


def _strict(nullable: bool, exact: bool) -> str:
    return " not null" if exact and not nullable else ""


def type_name(type: Type) -> str:
    """The API's `type_name`."""
    said = written(type)
    name = str(said["type"] if isinstance(said, dict) else said.partition("(")[0])
    return _TYPE_NAMES.get(name, name.upper())


def read_json(given: str) -> Any:
    """What stands in a `type_json`: a field, or in older servers a type alone."""
    try:
        return orjson.loads(given)
    except ValueError:
        return given  # servers before 0.5 keep whatever they were given, also a bare word


def read(said: Any) -> Type:
    """The type that JSON in either spelling says; Unreadable where it says none."""
    if isinstance(said, str):
        return _read_scalar(said.strip().lower())
    if not isinstance(said, Mapping):
        raise Unreadable(f"{str(said)[:60]!r} is no type")
    found = {str(key).replace("-", "").lower(): value for key, value in said.items()}
    match found.get("type"):
        case "struct" if isinstance(found.get("fields"), list):
            return Struct(tuple(read_field(each) for each in found["fields"]))
        case "array" if "elementtype" in found:
            return List(read(found["elementtype"]), found.get("containsnull", True) is not False)
        case "map" if "keytype" in found and "valuetype" in found:
            nullable = found.get("valuecontainsnull", True) is not False
            return Map(read(found["keytype"]), read(found["valuetype"]), nullable)
        case "udt" if "sqltype" in found:
            return read(found["sqltype"])
        case _:
            raise Unreadable(f"{str(said)[:60]!r} is no type")


def _read_scalar(name: str) -> Type:
    if name in _SCALARS:
        return _SCALARS[name]
    if measured := _DECIMAL.fullmatch(name):
        return Decimal(int(measured[1]), int(measured[2]))
    if name == "decimal":
        return Decimal(*_DEFAULT_DECIMAL)
    if measured := _LENGTH.fullmatch(name):
        return Text(int(measured[1]))
    raise Unreadable(f"{name[:60]!r} is no type")


def read_field(said: Any) -> Field:
    """The field that JSON in either spelling says."""
    if not isinstance(said, Mapping) or not isinstance(said.get("name"), str) or "type" not in said:
        raise Unreadable(f"{str(said)[:60]!r} is no field")
    nullable = said.get("nullable", True) is not False
    metadata = said.get("metadata")
    comment = metadata.get("comment") if isinstance(metadata, Mapping) else None
    doc = comment if isinstance(comment, str) and comment else None
    extra: dict[str, Any] = {"default": None} if nullable else {}
    return Field(said["name"], read(said["type"]), nullable, doc=doc, **extra)
