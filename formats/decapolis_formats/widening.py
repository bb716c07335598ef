"""Whether every value of one type is a value of another: what may be copied without losing any."""

from __future__ import annotations

from typing import Final

from .types import (
    Binary,
    Date,
    Decimal,
    Enum,
    Fixed,
    Floating,
    Integer,
    Null,
    Text,
    Time,
    Timestamp,
    Type,
    Uuid,
    Variant,
)

_MANTISSA: Final = {16: 11, 32: 24, 64: 53}
_UUID_LENGTH: Final = 36
_UUID_BYTES: Final = 16
_DAY_LENGTH: Final = 10
_NONE: Final = -1


def holds_values(wide: Type, narrow: Type) -> bool:
    """Whether a scalar of the narrow type keeps its value in the wide one; False for all that is no scalar."""
    if wide == narrow or isinstance(wide, Variant) or isinstance(narrow, Null):
        return not isinstance(narrow, (Binary, Fixed)) or wide == narrow
    match narrow:
        case Integer():
            return _holds_integer(wide, narrow)
        case Floating():
            return isinstance(wide, Floating) and wide.bits >= narrow.bits
        case Decimal():
            return _holds_decimal(wide, narrow)
        case Time():
            return isinstance(wide, Time) and wide.utc == narrow.utc and wide.unit.digits >= narrow.unit.digits
        case Timestamp():
            return isinstance(wide, Timestamp) and wide.zoned == narrow.zoned and wide.unit.digits >= narrow.unit.digits
        case _:
            return _holds_characters(wide, narrow)


def _holds_integer(wide: Type, narrow: Integer) -> bool:
    bits = narrow.bits - narrow.signed
    match wide:
        case Integer():
            return wide.bits - wide.signed >= bits and (wide.signed or not narrow.signed)
        case Floating():
            return _MANTISSA[wide.bits] >= bits
        case Decimal():
            return wide.precision is None or wide.precision - wide.scale >= len(str(2**bits))
        case _:
            return False


def _holds_decimal(wide: Type, narrow: Decimal) -> bool:
    if not isinstance(wide, Decimal):
        return False
    if wide.precision is None or narrow.precision is None:
        return wide.precision is None
    return wide.scale >= narrow.scale and wide.precision - wide.scale >= narrow.precision - narrow.scale


def _holds_characters(wide: Type, narrow: Type) -> bool:
    """Text, bytes, symbols, and what is written in so many characters."""
    match wide:
        case Text():
            return _fits(_longest(narrow), wide.length)
        case Enum():
            return isinstance(narrow, Enum) and set(narrow.symbols) <= set(wide.symbols)
        case Uuid():
            return isinstance(narrow, Uuid)
        case Fixed():
            return isinstance(narrow, Uuid) and wide.size == _UUID_BYTES
        case Binary():
            return _holds_bytes(wide, narrow)
        case _:
            return False


def _holds_bytes(wide: Binary, narrow: Type) -> bool:
    match narrow:
        case Fixed():
            return _fits(narrow.size, wide.length)
        case Binary():
            return _fits(narrow.length, wide.length)
        case _:
            return False


def _fits(needed: int | None, length: int | None) -> bool:
    """Whether so many (None: any number, -1: what is none of these) are at most the length."""
    if length is None:
        return needed != _NONE
    return needed is not None and _NONE < needed <= length


def _longest(type: Type) -> int | None:
    """The characters that the longest value needs; None for any number, _NONE where values are no text."""
    match type:
        case Text():
            return type.length
        case Enum():
            return max(map(len, type.symbols), default=0)
        case Uuid():
            return _UUID_LENGTH
        case Date():
            return _DAY_LENGTH
        case _:
            return _NONE
