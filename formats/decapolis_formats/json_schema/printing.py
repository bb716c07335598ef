"""From a JSON value to its text: the canonical and the normalised one, byte for byte the reference's
(section 4.7).

Explicit stacks, because schemas may be nested deeper than a busy call stack has room for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

ESCAPED = re.compile(r'[\x00-\x1f"\\\ud800-\udfff]')
SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
WORDS = {True: "true", False: "false"}
NOT_NUMBERS = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}


def quoted(text: str) -> str:
    """A JSON string: quotes, backslashes, control characters and lone surrogates are escaped."""
    return f'"{ESCAPED.sub(_escape, text)}"' if ESCAPED.search(text) else f'"{text}"'


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    return SHORT.get(character) or f"\\u{ord(character):04X}"


def scalar(value: Any) -> str:
    """A value without children; decimals keep their written scale (`0.50`), `1e2` becomes `1E+2`."""
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return WORDS[value]
    if isinstance(value, int | Decimal):
        return str(value)
    return NOT_NUMBERS[str(value)]


def printed(value: Any, *, sort: bool = False, plain: Callable[[Any], str] = scalar) -> str:
    """The value as compact JSON: keys in their order, or sorted at every level; arrays always as they are.

    `plain` prints what has no children.
    """
    if not isinstance(value, dict | list):
        return plain(value)
    out: list[str] = []
    stack: list[tuple[Iterator[Any], str]] = [(iter((("", value),)), "")]
    while stack:
        children, closing = stack[-1]
        for lead, child in children:
            out.append(lead)
            if isinstance(child, dict | list):
                opening, end = "{}" if isinstance(child, dict) else "[]"
                out.append(opening)
                stack.append((_children(child, sort), end))
                break
            out.append(plain(child))
        else:
            out.append(closing)
            stack.pop()
    return "".join(out)


def _children(value: Any, sort: bool) -> Iterator[tuple[str, Any]]:
    lead = ""
    if isinstance(value, list):
        for child in value:
            yield lead, child
            lead = ","
        return
    for name in sorted(value, key=_code_units) if sort else value:
        yield f"{lead}{quoted(name)}:", value[name]
        lead = ","


def _code_units(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")
