"""The nearest type that a format holds, for each type that it does not: one ladder for all formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from .types import (
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

_WIDTHS: Final = (8, 16, 32, 64)
_DURATION_BYTES: Final = 12


def nearest(type: Scalar, exact: Callable[[Scalar], bool]) -> tuple[Scalar, str]:
    """The first type down the ladder that is held exactly, and what is lost on the way ("" for nothing)."""
    if exact(type):
        return type, ""
    steps = list(_down(type))
    for weaker, lost in steps:
        if exact(weaker):
            return weaker, lost
    weaker, lost = steps[-1]
    return nearest(weaker, exact)[0], lost


def _down(type: Scalar) -> Iterator[tuple[Scalar, str]]:
    match type:
        case Integer():
            yield from _integers(type)
        case Floating() if type.bits < _WIDTHS[-1]:
            yield from ((Floating(bits), "the width") for bits in _WIDTHS if bits > type.bits)
        case Text() if type.length is not None:
            yield Text(), "the longest length"
        case Binary() if type.length is not None:
            yield Binary(), "the longest length"
        case Decimal():
            if type.size is not None:
                yield Decimal(type.precision, type.scale), "the number of bytes"
            yield Text(), "that it is a number"
        case Date():
            yield Integer(32), "that it is a date (it counts days since 1970)"
        case Time() | Timestamp():
            yield from _times(type)
        case _:
            yield from _others(type)


def _others(type: Scalar) -> Iterator[tuple[Scalar, str]]:
    match type:
        case Uuid():
            if type.binary:
                yield Uuid(), "that it is kept in sixteen bytes"
            yield Text(), "that it is a UUID"
        case Duration():
            yield Fixed(_DURATION_BYTES), "that it is a duration"
            yield Text(), "that it is a duration"
        case Enum():
            yield Text(), "the symbols of the enum"
        case Fixed():
            yield Binary(type.size), "that no value is shorter"
            yield Binary(), "the size"
        case Null():
            yield Variant(), "that it is always null"
            yield Text(), "that it is always null"
        case Boolean():
            yield Integer(32), "that it is a truth value"
        case Variant():
            yield Text(), "the structure (it is JSON in a string)"
        case _:
            raise AssertionError(f"every format holds {type}")


def _integers(type: Integer) -> Iterator[tuple[Scalar, str]]:
    wider = [bits for bits in _WIDTHS if bits > type.bits]
    if not type.signed:
        yield from ((Integer(bits, signed=False), "the width") for bits in wider)
    yield from ((Integer(bits), "the width" if type.signed else "that it is unsigned") for bits in wider)
    largest = 2 ** (type.bits - 1 if type.signed else type.bits)
    yield Decimal(len(str(largest)), 0), "that it is a binary whole number"


def _times(type: Time | Timestamp) -> Iterator[tuple[Scalar, str]]:
    finer = [unit for unit in Unit if unit.digits > type.unit.digits]
    units = [type.unit, *finer]
    if isinstance(type, Time):
        yield from ((Time(unit, type.utc), f"the unit {type.unit}") for unit in finer)
        yield from ((Time(unit, not type.utc), "whether it is in UTC") for unit in units)
    else:
        yield from ((Timestamp(unit, type.zoned), f"the unit {type.unit}") for unit in finer)
    since = "midnight" if isinstance(type, Time) else "1970"
    yield Integer(64), f"that it is a time (it counts {type.unit} since {since})"
