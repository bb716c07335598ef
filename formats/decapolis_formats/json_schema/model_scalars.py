"""Strings and numbers of JSON Schema: which types formats, limits and patterns tell, and how they are told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal as Number
from typing import Any, Final

from decapolis_formats.types import (
    Binary,
    Boolean,
    Date,
    Decimal,
    Duration,
    Enum,
    Floating,
    Integer,
    Null,
    Scalar,
    Text,
    Time,
    Timestamp,
    Unit,
    Uuid,
    Variant,
)

Tell = Callable[[str, str], None]

_FORMATS: Final[Mapping[str, Scalar]] = {
    "date": Date(),
    "time": Time(Unit.MICROS, utc=True),
    "time-local": Time(Unit.MICROS),
    "date-time": Timestamp(Unit.MICROS),
    "date-time-local": Timestamp(Unit.MICROS, zoned=False),
    "duration": Duration(),
    "uuid": Uuid(),
    "decimal": Decimal(None),
    "byte": Binary(),
    "binary": Binary(),
}
_SPELLED: Final = {scalar: name for name, scalar in _FORMATS.items() if not isinstance(scalar, Binary)}
_INTEGERS: Final = {
    f"{'' if signed else 'u'}int{bits}": Integer(bits, signed) for bits in (8, 16, 32, 64) for signed in (True, False)
}
_NUMBERS: Final[Mapping[str, Scalar]] = {"float": Floating(32), "double": Floating(64), "half": Floating(16)}
_DIGITS: Final = re.compile(r"\^-\?\[0-9\]\{1,(\d+)\}(?:\(\[\.\]\[0-9\]\{1,(\d+)\}\)\?)?\$")
_LARGEST: Final = 10_000


def string(schema: Mapping[str, Any], lose: Tell) -> Scalar:
    """The type of a string: by its format, its encoding or its greatest length."""
    format = schema.get("format")
    pattern = schema.get("pattern")
    if format == "decimal" and isinstance(pattern, str) and (found := _decimal(pattern)):
        return found
    if pattern is not None:
        lose("the pattern", "it only forbids values")
    if schema.get("contentEncoding") == "base64":
        return Binary()
    known = _FORMATS.get(format) if isinstance(format, str) else None
    if known is not None:
        return known
    if format is not None:
        lose(f"the format {format}", "no type stands for it")
    length = schema.get("maxLength")
    return Text(int(length) if isinstance(length, int | Number) and 0 <= length < _LARGEST else None)


def _decimal(pattern: str) -> Decimal | None:
    found = _DIGITS.fullmatch(pattern)
    if found is None:
        return None
    whole, scale = int(found.group(1)), int(found.group(2) or 0)
    return Decimal(whole + scale, scale)


def integer(schema: Mapping[str, Any], guess: Tell) -> Scalar:
    """The type of a whole number: by its format, else by its limits, else of 64 bits."""
    known = _INTEGERS.get(str(schema.get("format")))
    if known is not None:
        return known
    low, high = schema.get("minimum"), schema.get("maximum")
    for each in _INTEGERS.values():
        if (low, high) == limits(each):
            return each
    guess("no width of the whole number", "it is read as one of 64 bits")
    return Integer(64)


def limits(type: Integer) -> tuple[int, int]:
    """The smallest and the largest value."""
    half = 2 ** (type.bits - 1)
    return (-half, half - 1) if type.signed else (0, 2 * half - 1)


def number(schema: Mapping[str, Any], guess: Tell) -> Scalar:
    """The type of a number: by its format, else of double width."""
    known = _NUMBERS.get(str(schema.get("format")))
    if known is not None:
        return known
    step = schema.get("multipleOf")
    if isinstance(step, Number) and step.as_tuple().digits == (1,):
        exponent = step.as_tuple().exponent
        if isinstance(exponent, int) and -38 <= exponent < 0:
            guess("no precision of the decimal number", "38 digits are assumed")
            return Decimal(38, -exponent)
    if schema.get("format") is not None:
        guess(f"the format {schema['format']}", "the number is read as a double")
    return Floating(64)


def exact(type: Scalar) -> bool:
    """Whether JSON Schema tells the type apart from all others."""
    match type:
        case Decimal():
            return type.size is None and (type.precision is None or type.precision > type.scale >= 0)
        case Text():
            return type.length is None or 0 <= type.length < _LARGEST
        case Binary():
            return type.length is None
        case Integer() | Floating() | Boolean() | Null() | Variant():
            return True
        case Enum():
            return bool(type.symbols)
        case _:
            return type in _SPELLED


def written(type: Scalar) -> dict[str, Any]:
    """The keywords that describe a scalar."""
    match type:
        case Null():
            return {"type": "null"}
        case Boolean():
            return {"type": "boolean"}
        case Integer():
            low, high = limits(type)
            return {"type": "integer", "format": _name(_INTEGERS, type), "minimum": low, "maximum": high}
        case Floating():
            return {"type": "number", "format": _name(_NUMBERS, type)}
        case Text():
            return {"type": "string"} | ({} if type.length is None else {"maxLength": type.length})
        case Binary():
            return {"type": "string", "contentEncoding": "base64"}
        case Decimal() if type.precision is not None:
            return {"type": "string", "format": "decimal", "pattern": _pattern(type.precision, type.scale)}
        case Variant():
            return {}
        case _:
            return {"type": "string", "format": _SPELLED[type]}


def _pattern(precision: int, scale: int) -> str:
    fraction = f"([.][0-9]{{1,{scale}}})?" if scale else ""
    return f"^-?[0-9]{{1,{precision - scale}}}{fraction}$"


def _name(names: Mapping[str, Scalar], type: Scalar) -> str:
    return next(name for name, each in names.items() if each == type)
