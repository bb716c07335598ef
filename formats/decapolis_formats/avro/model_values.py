"""Defaults between Avro's JSON and Python values: bytes as characters, decimals as bytes, the first branch."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from decapolis_formats import types as model

from .logical import logical_type
from .nodes import Array, Enum, Fixed, Map, Primitive, Record, Type, Union


def to_value(default: Any, node: Type) -> Any:
    """The Python value of a default; what does not fit the type stays as it is."""
    match node:
        case Union():
            branch = next((branch for branch in node.branches if _takes(branch, default)), None)
            return default if branch is None else to_value(default, branch)
        case Primitive(kind="bytes") | Fixed() if isinstance(default, str):
            return _number(default.encode("latin-1", "replace"), node)
        case Primitive(kind="float" | "double") if isinstance(default, int):
            return float(default)
        case Array() if isinstance(default, list):
            return [to_value(each, node.items) for each in default]
        case Map() if isinstance(default, dict):
            return {name: to_value(each, node.values) for name, each in default.items()}
        case Record() if isinstance(default, dict):
            types = {field.name: field.type for field in node.fields}
            return {name: to_value(each, types[name]) if name in types else each for name, each in default.items()}
        case _:
            return default


def _takes(node: Type, default: Any) -> bool:
    match node:
        case Array():
            return isinstance(default, list)
        case Map() | Record():
            return isinstance(default, dict)
        case Primitive(kind="null"):
            return default is None
        case Primitive(kind="boolean"):
            return isinstance(default, bool)
        case Primitive(kind="string" | "bytes") | Enum() | Fixed():
            return isinstance(default, str)
        case _:
            return isinstance(default, (int, float)) and not isinstance(default, bool)


def _number(data: bytes, node: Primitive | Fixed) -> Any:
    logical = logical_type(node)
    if logical is None or logical[0] != "decimal":
        return data
    return Decimal(int.from_bytes(data, "big", signed=True)).scaleb(-logical[2])


def to_json(value: Any, type: model.Type, schema: model.Model) -> Any:
    """The default as Avro writes it."""
    meaning = schema.meaning(type)
    match meaning:
        case model.Union() if value is not None:
            return to_json(value, meaning.branches[0].type, schema)
        case model.Decimal() if isinstance(value, Decimal):
            return _unscaled(value, meaning).decode("latin-1")
        case model.List() if isinstance(value, list):
            return [to_json(each, meaning.item, schema) for each in value]
        case model.Map() if isinstance(value, dict):
            return {name: to_json(each, meaning.value, schema) for name, each in value.items()}
        case model.Struct() if isinstance(value, dict):
            types = {field.name: field.type for field in meaning.fields}
            return {name: to_json(each, types[name], schema) for name, each in value.items() if name in types}
        case _:
            return value.decode("latin-1") if isinstance(value, bytes) else value


def _unscaled(value: Decimal, type: model.Decimal) -> bytes:
    whole = int(value.scaleb(type.scale))
    size = type.size or (whole + (whole < 0)).bit_length() // 8 + 1
    return whole.to_bytes(size, "big", signed=True)
