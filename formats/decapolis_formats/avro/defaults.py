"""Defaults: whether a JSON value fits a type, and what normalising makes of it."""

from __future__ import annotations

import re
import struct
from typing import Any

from .nodes import ABSENT, Array, Enum, Field, Fixed, Map, Pending, Primitive, Record, Type, Union

# numbers as Java reads them from text, hexadecimal ones left out
_NUMBER_AS_TEXT = re.compile(
    r"[\x00-\x20]*([+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))[fFdD]?[\x00-\x20]*"
)
_RANGES = {"int": 1 << 31, "long": 1 << 63}


def fits(node: Type, value: Any, *, exactly: bool = False) -> bool:
    """Whether a default may stand for a field of the type (any branch of a union will do).

    The reference takes any string for an enum, bytes or a fixed; `exactly` wants one that can be written. A
    field that a record's default leaves out needs a default itself, which was checked where it stands.
    """
    if isinstance(node, Primitive):
        return _fits_primitive(node.kind, value, exactly)
    if isinstance(node, Union):
        return (value is None and "null" in node.reads) or any(
            fits(branch, value, exactly=exactly) for branch in node.branches
        )
    if isinstance(value, str):
        return _fits_text(node, value, exactly)
    if isinstance(value, list):
        return isinstance(node, Array) and all(fits(node.items, each, exactly=exactly) for each in value)
    return isinstance(value, dict) and _fits_object(node, value, exactly)


def _fits_text(node: Type, value: str, exactly: bool) -> bool:
    if isinstance(node, Enum):
        return not exactly or value in node.symbols
    return isinstance(node, Fixed) and (not exactly or (_is_bytes(value) and len(value) == node.size))


def _fits_object(node: Type, value: dict[str, Any], exactly: bool) -> bool:
    if isinstance(node, Map):
        return all(fits(node.values, each, exactly=exactly) for each in value.values())
    if isinstance(node, Record):
        return all(_fits_field(field, value, exactly) for field in node.fields)
    # what a name will stand for is not known yet; it is asked again when it is
    return isinstance(node, Pending)


def _fits_field(field: Field, value: dict[str, Any], exactly: bool) -> bool:
    if field.name in value:
        return fits(field.type, value[field.name], exactly=exactly)
    return field.default is not ABSENT


def _fits_primitive(kind: str, value: Any, exactly: bool) -> bool:
    if kind == "null" or value is None:
        return kind == "null" and value is None
    if kind in ("string", "bytes"):
        return isinstance(value, str) and (not exactly or kind == "string" or _is_bytes(value))
    if isinstance(value, bool) or kind == "boolean":
        return isinstance(value, bool) and kind == "boolean"
    if kind in _RANGES:
        limit = _RANGES[kind]
        return isinstance(value, int) and -limit <= value < limit
    return isinstance(value, (int, float))


def _is_bytes(value: str) -> bool:
    return all(each <= "\xff" for each in value)


def as_number(text: str) -> float | None:
    """The number that a text default of a float or double spells, None where it spells none."""
    number = _NUMBER_AS_TEXT.fullmatch(text)
    return float(number.group(1)) if number else None


class _DroppedError(Exception):
    """The value has no form in the type, so that the whole default goes."""


def retyped(node: Type, value: Any) -> Any:
    """A default re-encoded through its type (the first branch of a union), ABSENT where it has no form."""
    try:
        return _through(node, value)
    except _DroppedError:
        return ABSENT


def _through(node: Type | None, value: Any) -> Any:
    if isinstance(node, Union):
        if not node.branches:
            raise _DroppedError
        return _through(node.branches[0], value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return [_through(_items(node), each) for each in value]
    if isinstance(value, dict):
        return {key: _through(_member(node, key), each) for key, each in sorted(value.items())}
    if node is None:
        return value
    return _scalar(node, value)


def _items(node: Type | None) -> Type | None:
    if node is None or isinstance(node, Array):
        return node.items if node else None
    raise _DroppedError


def _member(node: Type | None, key: str) -> Type | None:
    if isinstance(node, Map):
        return node.values
    if isinstance(node, Record):
        if key not in node.by_name:
            raise _DroppedError
        return node.by_name[key].type
    return None


def _scalar(node: Type, value: str | float) -> str | float:
    if isinstance(value, str):
        if node.kind in ("string", "enum"):
            return value
        if node.kind in ("bytes", "fixed"):
            return value.encode("latin-1", "replace").decode("latin-1")
        raise _DroppedError
    whole = isinstance(value, int)
    if whole and not -_RANGES["long"] <= value < _RANGES["long"]:
        raise _DroppedError
    if node.kind == "double":
        return float(value)
    if node.kind == "float":
        return single(float(value))
    if whole and node.kind in _RANGES:
        return value
    raise _DroppedError


def single(value: float) -> float:
    """The double whose shortest spelling is that of the nearest single-precision number."""
    near = struct.unpack("f", struct.pack("f", value))[0]
    spellings = (float(f"{near:.{precision}g}") for precision in range(1, 10))
    return next((each for each in spellings if struct.pack("f", each) == struct.pack("f", near)), value)
