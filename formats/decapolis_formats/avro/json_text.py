"""JSON as the reference reads and writes it: comments, the last of equal keys, numbers spelled Java's way."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import islice
from json.encoder import encode_basestring
from typing import Any, NoReturn

from decapolis_formats.errors import InvalidSchema

MAX_TEXT = 16_000_000
MAX_VALUE_DEPTH = 100
SHOWN = 80
SHOWN_KEYS = 5

# What is open at the end reaches to the end: a search that failed would start again at every quote and slash.
_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|/\*.*?(?:\*/|\Z)|//[^\r\n]*+', re.DOTALL)
_HALF_OF_A_PAIR = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|.)")
_BLANKS = "".join(map(chr, range(33)))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def load(text: str) -> Any:
    """The one JSON value of a text; comments may stand before its end, nothing but blanks after it."""
    if len(text) > MAX_TEXT:
        raise InvalidSchema(f"The schema has {len(text)} characters, the limit is {MAX_TEXT}")
    try:
        value, end = _load(text)
    except RecursionError:
        raise InvalidSchema("The schema nests brackets too deeply to be read") from None
    except ValueError as error:
        raise InvalidSchema(f"The schema is not JSON: {error}") from None
    rest = text[end:].strip(_BLANKS)
    if rest:
        raise InvalidSchema(f"There is text after the end of the schema: {rest[:60]}")
    return value


def _load(text: str) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, _start(text))
    except ValueError:
        if "/" not in text:
            raise
        blanked = _TOKENS.sub(_blank_comment, text)
        return _DECODER.raw_decode(blanked, _start(blanked))


def _start(text: str) -> int:
    return len(text) - len(text.lstrip(" \t\r\n"))


def _blank_comment(token: re.Match[str]) -> str:
    found = token.group()
    return found if found[0] == '"' else " " * len(found)


def check_depth(value: Any, left: int = MAX_VALUE_DEPTH) -> None:
    """Refuses a default or property that nests deeper than can be printed and compared safely."""
    if left < 0:
        raise InvalidSchema(f"A default or property nests deeper than {MAX_VALUE_DEPTH} levels")
    inner = value.values() if isinstance(value, dict) else value
    for each in inner:
        if isinstance(each, (dict, list)):
            check_depth(each, left - 1)


def has_half_pair(value: str) -> bool:
    """Whether a string holds half of a surrogate pair, which no UTF-8 text can carry."""
    return _HALF_OF_A_PAIR.search(value) is not None


def shown(value: Any) -> str:
    """The beginning of a value, for people; cheap whatever the value is."""
    if isinstance(value, dict):
        text = "{" + ", ".join(f"{quoted(key)}: ..." for key in islice(value, SHOWN_KEYS)) + "}"
    elif isinstance(value, list):
        text = f"a list of {len(value)}"
    else:
        text = dumped(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def quoted(value: str) -> str:
    """A JSON string that escapes quotes, backslashes and control characters only."""
    text = encode_basestring(value)
    return _ESCAPE.sub(_upper_hex, text) if "\\u" in text else text


def _upper_hex(escape: re.Match[str]) -> str:
    digits = escape.group(1)
    return f"\\u{digits.upper()}" if digits else escape.group()


def dumped(value: Any, *, ordered: bool = False) -> str:
    """A JSON value without blanks; `ordered` sorts the keys of every object."""
    if isinstance(value, str):
        return quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return double(value)
    if isinstance(value, list):
        return "[" + ",".join([dumped(each, ordered=ordered) for each in value]) + "]"
    entries = sorted(value.items()) if ordered else value.items()
    return "{" + ",".join([f"{quoted(key)}:{dumped(each, ordered=ordered)}" for key, each in entries]) + "}"


def double(value: float) -> str:
    """A double as Java prints it: `1000.0`, `1.0E-7`; what JSON has no number for becomes a string."""
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}[repr(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, figures, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, *rest = map(str, figures)
    return f"{'-' * sign}{first}.{''.join(rest) or '0'}E{int(exponent) + len(rest)}"
