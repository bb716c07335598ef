"""From a schema's text to its JSON value, as leniently as the reference reads it and within bounds.

The first JSON value of the text counts and what follows it is dropped; a name given twice keeps its last
value; `NaN` and the infinities are read and fail where a number is needed; comments are refused
(compatibility.md section 4.1).
"""

from __future__ import annotations

from decimal import Decimal
from json import JSONDecodeError, JSONDecoder
from typing import Any

from decapolis_formats.errors import InvalidSchema

MAX_NESTING = 500
MAX_CHARACTERS = 5_000_000
MAX_EXPONENT = 2_147_483_647
MAX_DIGITS = 1_000
BLANKS = " \t\n\r"


def value_of(text: str) -> Any:
    """The first JSON value of a text; InvalidSchema with the place where it cannot be read."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidSchema(f"A text of {len(text)} characters is too long (at most {MAX_CHARACTERS})")
    start = len(text) - len(text.lstrip(BLANKS))
    try:
        value, _ = DECODER.raw_decode(text, start)
    except JSONDecodeError as unreadable:
        place = f"line {unreadable.lineno}, column {unreadable.colno}"
        raise InvalidSchema(f"Not JSON at {place}: {unreadable.msg}") from None
    except RecursionError:
        raise InvalidSchema(f"The JSON is nested deeper than {MAX_NESTING} levels") from None
    except ValueError:
        raise InvalidSchema(f"A number has more than {MAX_DIGITS} digits") from None
    if text.count("{") + text.count("[") > MAX_NESTING:
        _check_nesting(value)
    return value


def _decimal(written: str) -> Decimal:
    if len(written) > MAX_DIGITS:
        raise InvalidSchema(f"A number has more than {MAX_DIGITS} digits")
    try:
        number = Decimal(written)
    except ArithmeticError:
        raise InvalidSchema(f"The exponent of {written} is out of range") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > MAX_EXPONENT:
        raise InvalidSchema(f"The exponent of {written} is out of range")
    return number or abs(number)


def _integer(written: str) -> int:
    if len(written) > MAX_DIGITS:
        raise InvalidSchema(f"A number has more than {MAX_DIGITS} digits")
    return int(written)


def _check_nesting(value: Any) -> None:
    level = [value]
    for _ in range(MAX_NESTING + 1):
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise InvalidSchema(f"The JSON is nested deeper than {MAX_NESTING} levels")


DECODER = JSONDecoder(parse_float=_decimal, parse_int=_integer)
