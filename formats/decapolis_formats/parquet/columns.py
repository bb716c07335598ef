"""Which scalar a column means, and which column a scalar is kept in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from decapolis_formats.types import (
    Binary,
    Boolean,
    Date,
    Decimal,
    Duration,
    Enum,
    Fixed,
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

from .nodes import Annotation, Column

_BARE: Final[Mapping[str, Scalar]] = {
    "boolean": Boolean(),
    "int32": Integer(32),
    "int64": Integer(64),
    "float": Floating(32),
    "double": Floating(64),
    "binary": Binary(),
}
_MEANT: Final[Mapping[str, Scalar]] = {
    "STRING": Text(),
    "UTF8": Text(),
    "JSON": Variant(),
    "DATE": Date(),
    "UUID": Uuid(),
    "INTERVAL": Duration(),
    "FLOAT16": Floating(16),
    "UNKNOWN": Null(),
    "TIME_MILLIS": Time(Unit.MILLIS, utc=True),
    "TIME_MICROS": Time(Unit.MICROS, utc=True),
    "TIMESTAMP_MILLIS": Timestamp(Unit.MILLIS),
    "TIMESTAMP_MICROS": Timestamp(Unit.MICROS),
    **{
        f"{'' if signed else 'U'}INT_{bits}": Integer(bits, signed)
        for bits in (8, 16, 32, 64)
        for signed in (True, False)
    },
}
_INT32_DIGITS: Final = 9
_INT64_DIGITS: Final = 18


def meant(column: Column) -> Scalar | None:
    """The scalar of a column without children; None where its annotation is not known."""
    annotation = column.annotation
    if annotation is None:
        return Fixed(column.length) if column.length is not None else _BARE.get(column.physical)
    match annotation.name, annotation.parameters:
        case "DECIMAL", (str(precision), *scale) if precision.isdecimal():
            return _decimal(column, int(precision), int(scale[0]) if scale and scale[0].isdecimal() else 0)
        case (("TIME" | "TIMESTAMP"), (str(unit), str(utc))) if unit.lower() in tuple(Unit):
            is_utc = utc.lower() == "true"
            return (Time if annotation.name == "TIME" else Timestamp)(Unit(unit.lower()), is_utc)
        case (("INTEGER" | "INT"), (str(bits), str(signed))) if bits in ("8", "16", "32", "64"):
            return Integer(int(bits), signed.lower() == "true")
        case _:
            return _MEANT.get(annotation.name)


def _decimal(column: Column, precision: int, scale: int) -> Decimal:
    own = column.length if column.length != smallest(precision) else None
    return Decimal(precision, scale, own)


def smallest(precision: int) -> int:
    """The fewest bytes that hold every number of so many digits."""
    largest: int = 10**precision - 1
    return (largest.bit_length() + 8) // 8


def exact(type: Scalar) -> bool:
    """Whether a column tells the type apart from all others."""
    match type:
        case Text() | Binary():
            return type.length is None
        case Decimal():
            fits = type.precision is not None and type.precision > 0 and 0 <= type.scale <= type.precision
            return fits and (type.size is None or type.size != smallest(type.precision or 0))
        case Duration():
            return type.calendar
        case Uuid():
            return not type.binary
        case Null() | Enum():
            return False
        case _:
            return True


def column(type: Scalar, repetition: str, name: str, id: int | None) -> Column:
    """The column that keeps a scalar."""
    physical, length, annotation = _kept(type)
    return Column(repetition, physical, name, length, annotation, id)


def _kept(type: Scalar) -> tuple[str, int | None, Annotation | None]:
    match type:
        case Fixed():
            return "fixed_len_byte_array", type.size, None
        case Decimal():
            return _kept_decimal(type)
        case Time() | Timestamp():
            name = "TIME" if isinstance(type, Time) else "TIMESTAMP"
            utc = type.utc if isinstance(type, Time) else type.zoned
            short = isinstance(type, Time) and type.unit is Unit.MILLIS
            annotation = Annotation(name, (type.unit.upper(), str(utc).lower()))
            return ("int32" if short else "int64"), None, annotation
        case Integer() if type not in _BARE.values():
            physical = "int64" if type.bits == Integer().bits else "int32"
            return physical, None, Annotation("INTEGER", (str(type.bits), str(type.signed).lower()))
        case _:
            return _kept_plainly(type)


def _kept_decimal(type: Decimal) -> tuple[str, int | None, Annotation]:
    precision = type.precision or 0
    annotation = Annotation("DECIMAL", (str(precision), str(type.scale)))
    if type.size is None and precision <= _INT64_DIGITS:
        return ("int32" if precision <= _INT32_DIGITS else "int64"), None, annotation
    return "fixed_len_byte_array", type.size or smallest(precision), annotation


def _kept_plainly(type: Scalar) -> tuple[str, int | None, Annotation | None]:
    lengths = {Uuid: ("UUID", 16), Duration: ("INTERVAL", 12)}
    match type:
        case Text():
            return "binary", None, Annotation("STRING")
        case Variant():
            return "binary", None, Annotation("JSON")
        case Date():
            return "int32", None, Annotation("DATE")
        case Uuid() | Duration():
            name, length = lengths[type.__class__]
            return "fixed_len_byte_array", length, Annotation(name)
        case Floating(bits=16):
            return "fixed_len_byte_array", 2, Annotation("FLOAT16")
        case _:
            return next(name for name, each in _BARE.items() if each == type), None, None
