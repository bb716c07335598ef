"""Values of defaults: carried from one type to a nearby one, and written as ISO 8601 text and back."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal as Number
from decimal import InvalidOperation
from typing import Any, Final

from .types import (
    ABSENT,
    Date,
    Decimal,
    Enum,
    Integer,
    Text,
    Time,
    Timestamp,
    Type,
    Unit,
    Uuid,
    Variant,
)

_EPOCH: Final = date(1970, 1, 1)
_DAY: Final = 86_400
_TIME: Final = re.compile(r"(\d\d:\d\d(?::\d\d)?)(?:[.](\d{1,9}))?")


def carried(value: Any, old: Type, new: Type) -> Any:
    """The same value for a type that takes the place of another one; ABSENT where it has none there."""
    if value is None or old == new:
        return value
    if type(old) is type(new):
        return _within_kind(value, old, new)
    match old, new:
        case (Enum() | Uuid(), Text()) | (Date() | Time() | Timestamp(), Integer()):
            return value
        case Integer(), Decimal():
            return Number(value)
        case Decimal(), Text():
            return str(value)
        case Variant(), Text():
            return json.dumps(value)
        case _:
            return ABSENT


def _within_kind(value: Any, old: Type, new: Type) -> Any:
    match old, new:
        case Time(), Time():
            return _rescaled(value, old.unit, new.unit)
        case Timestamp(), Timestamp():
            return _rescaled(value, old.unit, new.unit)
        case Decimal(), Decimal():
            return value if old.scale == new.scale else ABSENT
    simple = isinstance(value, (bool, int, float, str, bytes))
    return value if simple or not value else ABSENT


def _rescaled(count: int, old: Unit, new: Unit) -> Any:
    factor = new.digits - old.digits
    return count * 10**factor if factor >= 0 else ABSENT


def iso(value: int, type: Date | Time | Timestamp) -> str:
    """A count as ISO 8601 text: `2024-05-01`, `12:30:00.5`, `2024-05-01T12:30:00Z`; no zone where none is known."""
    if isinstance(type, Date):
        return (_EPOCH + timedelta(days=value)).isoformat()
    seconds, rest = divmod(value, 10**type.unit.digits)
    fraction = f"{rest:0{type.unit.digits}}".rstrip("0")
    point = f".{fraction}" if fraction else ""
    clock = f"{_clock(seconds % _DAY)}{point}"
    if isinstance(type, Time):
        return f"{clock}Z" if type.utc else clock
    day = (_EPOCH + timedelta(days=seconds // _DAY)).isoformat()
    return f"{day}T{clock}{'Z' if type.zoned else ''}"


def _clock(seconds: int) -> str:
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60).isoformat()


def counted(text: str, type: Date | Time | Timestamp) -> Any:
    """The count that an ISO 8601 text means; ABSENT where it is none, or finer than the unit."""
    try:
        if isinstance(type, Date):
            return (date.fromisoformat(text) - _EPOCH).days
        return _count(text, type)
    except ValueError:
        return ABSENT


def _count(text: str, type: Time | Timestamp) -> Any:
    found = _TIME.search(text)
    if found is None:
        return ABSENT
    fraction = (found.group(2) or "").rstrip("0")
    if len(fraction) > type.unit.digits:
        return ABSENT
    whole = text.replace(found.group(), found.group(1))
    if isinstance(type, Time):
        clock = time.fromisoformat(whole)
        seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
    else:
        moment = datetime.fromisoformat(whole)
        past = moment.replace(tzinfo=None) - (moment.utcoffset() or timedelta()) - datetime(1970, 1, 1)  # noqa: DTZ001 - zones are taken off both
        seconds = past.days * _DAY + past.seconds
    return seconds * 10**type.unit.digits + int(fraction.ljust(type.unit.digits, "0"))


def number(text: str) -> Any:
    """The decimal number of a text, ABSENT where it is none."""
    try:
        found = Number(text)
    except InvalidOperation:
        return ABSENT
    return found if found.is_finite() else ABSENT
