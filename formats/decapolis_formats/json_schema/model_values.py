"""Defaults between JSON and Python values: bytes in base64, decimals as text, dates and times in ISO 8601."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from decimal import Decimal as Number
from typing import Any

from decapolis_formats.types import (
    ABSENT,
    Binary,
    Date,
    Decimal,
    Floating,
    Integer,
    List,
    Map,
    Model,
    Struct,
    Time,
    Timestamp,
    Type,
    Union,
)
from decapolis_formats.values import counted, iso, number


def to_value(value: Any, type: Type, model: Model) -> Any:
    """The Python value of a default; ABSENT where it does not fit the type."""
    meaning = model.meaning(type)
    match meaning:
        case _ if value is None:
            return None
        case Date() | Time() | Timestamp():
            return counted(value, meaning) if isinstance(value, str) else ABSENT
        case Decimal():
            return number(str(value))
        case Binary():
            return _bytes(value)
        case Integer():
            return int(value) if isinstance(value, int | Number) and value == int(value) else ABSENT
        case Floating():
            return float(value) if isinstance(value, int | Number) else ABSENT
        case List() if isinstance(value, list):
            return [to_value(each, meaning.item, model) for each in value]
        case Map() if isinstance(value, dict):
            return {name: to_value(each, meaning.value, model) for name, each in value.items()}
        case Struct() if isinstance(value, dict):
            types = {field.name: field.type for field in meaning.fields}
            return {name: to_value(each, types[name], model) if name in types else each for name, each in value.items()}
        case _:
            return _plain(value)


def _bytes(value: Any) -> Any:
    try:
        return b64decode(value, validate=True)
    except (NotBase64, ValueError, TypeError):
        return ABSENT


def _plain(value: Any) -> Any:
    """Numbers as Python's own ones, at any depth."""
    if isinstance(value, Number):
        return float(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, dict) else value


def to_json(value: Any, type: Type, model: Model) -> Any:
    """The default as JSON has it."""
    meaning = model.meaning(type)
    match meaning:
        case _ if value is None:
            return None
        case Date() | Time() | Timestamp() if isinstance(value, int):
            return iso(value, meaning)
        case List() if isinstance(value, list):
            return [to_json(each, meaning.item, model) for each in value]
        case Map() if isinstance(value, dict):
            return {name: to_json(each, meaning.value, model) for name, each in value.items()}
        case Struct() if isinstance(value, dict):
            types = {field.name: field.type for field in meaning.fields}
            return {name: to_json(each, types[name], model) if name in types else each for name, each in value.items()}
        case Union():
            return to_json(value, meaning.branches[0].type, model)
        case _:
            return _text(value)


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    return str(value) if isinstance(value, Number) else value
