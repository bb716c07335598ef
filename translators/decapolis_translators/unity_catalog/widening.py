"""Which changes of a column's type Delta makes without rewriting data (type widening)."""

from __future__ import annotations

from typing import Final

from decapolis_formats.types import Date, Decimal, Floating, Integer, Timestamp, Type, Unit

_DIGITS: Final = {8: 10, 16: 10, 32: 10, 64: 20}
"""Digits before the point that a decimal needs to take an integer of so many bits."""
_LARGEST_IN_DOUBLE: Final = 32


def widens(narrow: Type, wide: Type) -> bool:
    """Whether ALTER COLUMN … TYPE takes it."""
    match narrow, wide:
        case Integer(), Integer():
            return wide.bits > narrow.bits
        case Integer(), Floating(bits=64):
            return narrow.bits <= _LARGEST_IN_DOUBLE
        case Integer(), Decimal(precision=int()):
            return (wide.precision or 0) - wide.scale >= _DIGITS[narrow.bits]
        case Floating(), Floating():
            return wide.bits > narrow.bits
        case Decimal(precision=int()), Decimal(precision=int()):
            more, finer = (wide.precision or 0) - (narrow.precision or 0), wide.scale - narrow.scale
            return more >= finer >= 0
        case Date(), Timestamp(unit=Unit.MICROS, zoned=False):
            return True
        case _:
            return False
