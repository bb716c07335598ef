"""A .proto text cut into tokens, and the elementary readings: words, numbers, strings, punctuation."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from decapolis_formats.errors import InvalidSchema

# Comments are dropped here: they are no part of the dialect's text. Two alternatives swallow the rest of a
# text whose comment or string never ends, so that no input is scanned twice.
_TOKEN: Final = re.compile(
    r"""(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*+
        ([A-Za-z0-9_.\-]+|"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|/\*.*|["'].*|.|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSED_STRING: Final = re.compile(r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'""", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:[xX]([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_INTEGER: Final = re.compile(r"-?[0-9]+|0[xX]-?[0-9A-Fa-f]+")
_CONTROLS: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_WORD_STARTS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_LOOKAHEAD: Final = ("",) * 8
_SMALLEST: Final = -(2**31)
_LARGEST: Final = 2**31 - 1


def is_word(token: str) -> bool:
    """Whether a token is a word: a name, a keyword, a type or a number."""
    return token[:1] in _WORD_STARTS


class Tokens:
    """The tokens of one text and how far they are read; beyond the last one stand empty ones."""

    __slots__ = ("at", "items", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.items: list[str] = _TOKEN.findall(text)
        self.items.extend(_LOOKAHEAD)
        self.at = 0
        self._refuse_open_end()

    def _refuse_open_end(self) -> None:
        last = next((item for item in reversed(self.items) if item), "")
        if last.startswith("/*"):
            raise InvalidSchema("A comment that begins with '/*' never ends")
        if last[:1] in ("'", '"') and not _CLOSED_STRING.fullmatch(last):
            raise InvalidSchema(f"A string never ends: {last[:40]}")

    @property
    def done(self) -> bool:
        """Whether nothing is left to read."""
        return not self.items[self.at]

    def peek(self) -> str:
        """The next token, not consumed."""
        return self.items[self.at]

    def next(self) -> str:
        """The next token, consumed; InvalidSchema at the end of the text."""
        token = self.items[self.at]
        if not token:
            self.fail("the text ends too early")
        self.at += 1
        return token

    def accept(self, token: str) -> bool:
        """Consumes the next token if it is this one."""
        if self.items[self.at] == token:
            self.at += 1
            return True
        return False

    def require(self, token: str) -> None:
        """Consumes this token; InvalidSchema if another one stands here."""
        if self.items[self.at] != token:
            self.fail(f"'{token}' is expected here, not {self._shown()}")
        self.at += 1

    def word(self) -> str:
        """A word, consumed."""
        token = self.items[self.at]
        if token[:1] not in _WORD_STARTS:
            self.fail(f"a name is expected here, not {self._shown()}")
        self.at += 1
        return token

    def name(self, *, may_start_with_digit: bool = True) -> str:
        """A word, possibly in parentheses or square brackets, without them."""
        closing = {"(": ")", "[": "]"}.get(self.items[self.at])
        if closing:
            self.at += 1
        name = self.word()
        if not may_start_with_digit and name[0].isdigit():
            self.fail(f"the name '{name}' may not begin with a digit")
        if closing:
            self.require(closing)
        return name

    def integer(self) -> int:
        """A number of 32 bits, decimal or hexadecimal."""
        word = self.word()
        number = _number(word) if _INTEGER.fullmatch(word) else None
        if number is None or not _SMALLEST <= number <= _LARGEST:
            self.fail(f"a whole number of 32 bits is expected, not '{word[:40]}'")
        return number

    def quoted(self) -> str:
        """A string, adjacent ones joined, escapes resolved."""
        token = self.items[self.at]
        if token[:1] not in ("'", '"') or not token:
            self.fail(f"a quoted string is expected here, not {self._shown()}")
        parts = []
        while token[:1] == '"' or token[:1] == "'":
            parts.append(_unescaped(token[1:-1]) if "\\" in token else token[1:-1])
            self.at += 1
            token = self.items[self.at]
        return "".join(parts)

    def fail(self, reason: str) -> NoReturn:
        """InvalidSchema with the line and column of the token that was read last or stands here."""
        line, column = self._position()
        raise InvalidSchema(f"Line {line}, column {column}: {reason}")

    def _shown(self) -> str:
        return f"'{self.items[self.at][:40]}'" if self.items[self.at] else "the end of the text"

    def _position(self) -> tuple[int, int]:
        offset = len(self.text)
        for index, match in enumerate(_TOKEN.finditer(self.text)):
            if index == self.at:
                offset = match.start(1)
                break
        return self.text.count("\n", 0, offset) + 1, offset - self.text.rfind("\n", 0, offset)


def _number(word: str) -> int:
    if word[:2] in ("0x", "0X"):  # the sign may stand behind the prefix
        return int(f"-0x{word[3:]}" if word[2] == "-" else word, base=0)
    # int() has its own limit for thousands of digits; beyond ten the number is out of bounds anyway
    digits = word.lstrip("-").lstrip("0") or "0"
    return int(digits) * (-1 if word[0] == "-" else 1) if len(digits) <= 10 else _LARGEST + 1


def _unescaped(body: str) -> str:
    return _ESCAPE.sub(_escape, body)


def _escape(match: re.Match[str]) -> str:
    hexadecimal, octal, letter = match.groups()
    if hexadecimal:
        return chr(int(hexadecimal, 16))
    if octal:
        return chr(int(octal, 8))
    if letter in "xX":
        raise InvalidSchema("A digit is expected after '\\x' in a string")
    return _CONTROLS.get(letter, letter)
