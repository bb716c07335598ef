"""Spark's JSON of types as the fakes know it: what is legal, and how it is spelled elsewhere."""

from __future__ import annotations

import re
from typing import Any

SCALARS = {
    "boolean": "boolean",
    "byte": "tinyint",
    "short": "smallint",
    "integer": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "string": "string",
    "binary": "binary",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp_ntz": "timestamp_ntz",
    "variant": "variant",
}
"""The closed set for Delta tables, and what `type_text` calls each."""
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_KEBAB = {
    "elementType": "element-type",
    "containsNull": "contains-null",
    "keyType": "key-type",
    "valueType": "value-type",
    "valueContainsNull": "value-contains-null",
}
_CAMEL = {kebab: camel for camel, kebab in _KEBAB.items()}
_SHAPES = {
    "array": {"type", "elementType", "containsNull"},
    "map": {"type", "keyType", "valueType", "valueContainsNull"},
    "struct": {"type", "fields"},
}
TYPE_NAMES = frozenset(
    {
        *("BOOLEAN", "BYTE", "SHORT", "INT", "LONG", "FLOAT", "DOUBLE", "DATE", "TIMESTAMP", "TIMESTAMP_NTZ", "STRING"),
        *("BINARY", "DECIMAL", "INTERVAL", "ARRAY", "STRUCT", "MAP", "CHAR", "NULL", "VARIANT"),
        *("USER_DEFINED_TYPE", "TABLE_TYPE"),
    }
)
_MOST_DIGITS = 38


class IllegalType(ValueError):
    """Not a type of a Delta table."""


def checked(type: Any) -> Any:
    """A legal type in camelCase; IllegalType says what is wrong with any other."""
    if isinstance(type, str):
        return _checked_scalar(type)
    if not isinstance(type, dict) or set(type) != _SHAPES.get(type.get("type", ""), set()) or not type:
        raise IllegalType(f"Unsupported column type: {type}")
    if type["type"] == "array":
        _demand_flag(type["containsNull"])
        return {**type, "elementType": checked(type["elementType"])}
    if type["type"] == "map":
        _demand_flag(type["valueContainsNull"])
        return {**type, "keyType": checked(type["keyType"]), "valueType": checked(type["valueType"])}
    return {"type": "struct", "fields": checked_fields(type["fields"])}


def checked_fields(fields: Any) -> list[dict[str, Any]]:
    """Legal fields whose names differ by more than their letter case."""
    if not isinstance(fields, list):
        raise IllegalType("fields must be a list")
    found = [checked_field(each) for each in fields]
    names = [each["name"].lower() for each in found]
    if len(set(names)) != len(names):
        raise IllegalType(f"Duplicate column names: {', '.join(sorted(names))}")
    return found


def checked_field(given: Any) -> dict[str, Any]:
    """A whole StructField."""
    if not isinstance(given, dict) or set(given) != {"name", "type", "nullable", "metadata"}:
        raise IllegalType(f"type_json must be a struct field with name, type, nullable and metadata: {given}")
    if not isinstance(given["name"], str) or not given["name"] or not isinstance(given["metadata"], dict):
        raise IllegalType(f"not a struct field: {given}")
    _demand_flag(given["nullable"])
    return {**given, "type": checked(given["type"])}


def _checked_scalar(type: str) -> str:
    if type in SCALARS:
        return type
    measured = _DECIMAL.fullmatch(type)
    if measured and int(measured[1]) <= _MOST_DIGITS and int(measured[2]) <= int(measured[1]):
        return type
    raise IllegalType(f"Unsupported column type: {type}")


def _demand_flag(flag: Any) -> None:
    if not isinstance(flag, bool):
        raise IllegalType(f"{flag!r} is neither true nor false")


def text(type: Any) -> str:
    """As `type_text` has it."""
    if isinstance(type, str):
        return SCALARS.get(type, type)
    if type["type"] == "array":
        return f"array<{text(type['elementType'])}>"
    if type["type"] == "map":
        return f"map<{text(type['keyType'])},{text(type['valueType'])}>"
    members = (each["name"] + ":" + text(each["type"]) for each in type["fields"])
    return f"struct<{','.join(members)}>"


def type_name(type: Any) -> str:
    """As `type_name` has it."""
    name = str(type["type"] if isinstance(type, dict) else type.partition("(")[0])
    return {"integer": "INT"}.get(name, name.upper())


def kebab(type: Any) -> Any:
    """As the Delta API spells it."""
    return _respelled(type, _KEBAB)


def camel(type: Any) -> Any:
    """From the Delta API's spelling; a key in the other spelling is left, and so found illegal."""
    if isinstance(type, dict) and any(key in _KEBAB for key in type):
        raise IllegalType("the Delta API spells keys in kebab-case")
    return _respelled(type, _CAMEL)


def _respelled(type: Any, names: dict[str, str]) -> Any:
    if isinstance(type, dict):
        return {names.get(key, key): _inner(key, value, names) for key, value in type.items()}
    return type


def _inner(key: str, value: Any, names: dict[str, str]) -> Any:
    if key == "fields":
        return [{**each, "type": _respelled(each.get("type"), names)} for each in value]
    return _respelled(value, names) if key in {*_KEBAB, *_CAMEL} else value
