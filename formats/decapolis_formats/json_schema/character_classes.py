"""Java's character classes and escapes, written as what may stand between `[` and `]` in Python."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from itertools import groupby

LINE_END = "\\n\\r\\x85\\u2028\\u2029"
HORIZONTAL = " \\t\\xa0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000"
VERTICAL = "\\n\\x0b\\f\\r\\x85\\u2028\\u2029"
CLASS_ESCAPES = {"h": HORIZONTAL, "v": VERTICAL}
SHORTHANDS = frozenset("dDwWsS")
CONTROLS = {"t": "\\t", "n": "\\n", "r": "\\r", "f": "\\f", "a": "\\x07", "e": "\\x1b"}
NUMBERED = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|x\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|0([0-3]?[0-7]{1,2})|c(.))", re.DOTALL
)
PROPERTY = re.compile(r"\\([pP])(?:\{([^{}]*)\}|([A-Za-z]))")
MAX_NESTING = 50
POSIX = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "ASCII": "\\x00-\\x7f",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Alnum": "A-Za-z0-9",
    "Punct": "!-/:-@\\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": " \\t",
    "Cntrl": "\\x00-\\x1f\\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": " \\t\\n\\x0b\\f\\r",
}
CATEGORIES = {"IsAlphabetic": "L", "IsLetter": "L", "IsDigit": "Nd", "IsUppercase": "Lu", "IsLowercase": "Ll"}


class MalformedError(ValueError):
    """An expression that Java does not compile, with the reason."""


def quote(character: str) -> str:
    """The character as itself, inside and outside of a class."""
    return re.escape(character) if character.isascii() and not character.isalnum() else character


def in_class(pattern: str, start: int, depth: int = 0) -> tuple[str, int]:
    """An expression for the class that opens before `start`, and where the class ends."""
    if depth > MAX_NESTING:
        raise MalformedError("character classes are nested too deeply")
    negated = pattern.startswith("^", start)
    at = start + negated
    sides: list[list[str]] = [[]]
    plain: list[str] = []
    first = at
    while at < len(pattern):
        character = pattern[at]
        if character == "]" and at > first:
            sides[-1].extend(_bracketed(plain))
            return _joined(sides, negated), at + 1
        if character == "[":
            inner, at = in_class(pattern, at + 1, depth + 1)
            sides[-1].append(inner)
        elif pattern.startswith("&&", at):
            sides[-1].extend(_bracketed(plain))
            sides.append([])
            plain = []
            at += 2
        else:
            text, at = _range(pattern, at)
            plain.append(text)
    raise MalformedError("a character class is not closed")


def _bracketed(plain: list[str]) -> list[str]:
    return [f"[{''.join(plain)}]"] if plain else []


def _joined(sides: list[list[str]], negated: bool) -> str:
    if len(sides) == 1 and len(sides[0]) == 1:
        only = sides[0][0]
        if not negated:
            return only
        if only.startswith("[") and not only.startswith("[^"):
            return f"[^{only[1:]}"
    unions = [f"(?:{'|'.join(side)})" for side in sides if side]
    together = "".join(f"(?={side})" for side in unions[:-1]) + (unions[-1] if unions else "(?!)")
    return f"(?:(?!{together})(?s:.))" if negated else f"(?:{together})"


def _range(pattern: str, at: int) -> tuple[str, int]:
    low, after = _member(pattern, at)
    is_range = pattern.startswith("-", after) and pattern[after + 1 : after + 2] not in ("", "]", "[")
    if not is_range or is_set(low) or pattern.startswith("&&", after + 1):
        return low, after
    high, end = _member(pattern, after + 1)
    if is_set(high):
        return f"{low}\\-{high}", end
    try:
        re.compile(f"[{low}-{high}]")
    except re.error:
        raise MalformedError(f"the range {pattern[at:end]} runs backwards") from None
    return f"{low}-{high}", end


def is_set(text: str) -> bool:
    """Whether what may stand in a class is more than one character."""
    return len(text) > 1 and (text[0] != "\\" or text[1] in SHORTHANDS or len(text) > 10)


def _member(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] != "\\":
        return quote(pattern[at]), at + 1
    return escape(pattern, at)


def escape(pattern: str, at: int) -> tuple[str, int]:
    """What the escape at `at` stands for inside a class, and where it ends."""
    character = pattern[at + 1 : at + 2]
    if character in SHORTHANDS:
        return f"\\{character}", at + 2
    if character in CLASS_ESCAPES:
        return CLASS_ESCAPES[character], at + 2
    if character in CONTROLS:
        return CONTROLS[character], at + 2
    found = NUMBERED.match(pattern, at)
    if found is not None:
        return _numbered(found), found.end()
    found = PROPERTY.match(pattern, at)
    if found is not None:
        return property_class(found[2] or found[3], negated=found[1] == "P"), found.end()
    if not character or (character.isascii() and character.isalnum()):
        raise MalformedError(f"unknown escape \\{character}")
    return quote(character), at + 2


def _numbered(found: re.Match[str]) -> str:
    two, braced, four, octal, control = found.groups()
    by_digits = int(octal, 8) if octal else int(two or braced or four or "0", 16)
    code = by_digits if control is None else ord(control) ^ 64
    if code > 0x10FFFF:
        raise MalformedError(f"no character has the number {code:x}")
    return f"\\U{code:08x}"


@lru_cache(maxsize=64)
def property_class(name: str, *, negated: bool = False) -> str:
    """The characters with a property of that name; one that is unknown here is taken for every character."""
    ranges = POSIX.get(name)
    if ranges is not None and not negated:
        return ranges
    category = CATEGORIES.get(name, name.removeprefix("Is").split("=")[-1])
    if ranges is not None:
        matcher = re.compile(f"[{ranges}]")
        return _ranges(lambda character: matcher.match(character) is None)
    if category[:1] not in "LMNPSZC" or len(category) not in (1, 2):
        return "\\x00-\\U0010ffff"
    return _ranges(lambda character: unicodedata.category(character).startswith(category) is not negated)


def _ranges(holds: Callable[[str], bool]) -> str:
    codes = [code for code in range(0x10000) if holds(chr(code))]
    runs = (list(run) for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]))
    return "".join(f"\\u{run[0][1]:04x}-\\u{run[-1][1]:04x}" for run in runs)
