"""From the text of a Parquet schema to its tree."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from decapolis_formats.errors import InvalidSchema

from .nodes import PHYSICAL, REPETITIONS, Annotation, Column, Message

MAX_DEPTH: Final = 100
_TOKEN: Final = re.compile(r"\s*([;{}()=,]|[^\s;{}()=,]+)")


def read_message(text: str) -> Message:
    """The tree of a text; InvalidSchema names the place where it does not follow the grammar."""
    tokens = _Tokens(text)
    tokens.require("message")
    name = tokens.word("the name of the message")
    message = Message(name, _columns(tokens, 0))
    tokens.accept(";")
    if tokens.peek():
        tokens.fail("the end of the text")
    return message


class _Tokens:
    """The words and marks of a text, one after the other."""

    def __init__(self, text: str) -> None:
        self.items = _TOKEN.findall(text)
        self.at = 0

    def peek(self) -> str:
        return self.items[self.at] if self.at < len(self.items) else ""

    def accept(self, token: str) -> bool:
        found = self.peek().lower() == token
        self.at += found
        return found

    def require(self, token: str) -> None:
        if not self.accept(token):
            self.fail(f"'{token}'")

    def word(self, what: str) -> str:
        found = self.peek()
        if not found or found in ";{}()=,":
            self.fail(what)
        self.at += 1
        return found

    def integer(self, what: str) -> int:
        found = self.word(what)
        if not (found.removeprefix("-").isascii() and found.removeprefix("-").isdecimal()) or len(found) > 10:
            self.at -= 1
            self.fail(what)
        return int(found)

    def fail(self, expected: str) -> NoReturn:
        before = " ".join(self.items[max(0, self.at - 4) : self.at])
        found = f"'{self.peek()[:40]}'" if self.peek() else "the end"
        raise InvalidSchema(f"Not a Parquet schema: {expected} is expected after '{before[-60:]}', not {found}")


def _columns(tokens: _Tokens, depth: int) -> tuple[Column, ...]:
    if depth > MAX_DEPTH:
        raise InvalidSchema(f"Not a Parquet schema: it nests more than {MAX_DEPTH} groups")
    tokens.require("{")
    found = []
    while not tokens.accept("}"):
        found.append(_column(tokens, depth))
    return tuple(found)


def _column(tokens: _Tokens, depth: int) -> Column:
    repetition = tokens.word("required, optional or repeated").lower()
    if repetition not in REPETITIONS:
        tokens.at -= 1
        tokens.fail("required, optional or repeated")
    physical = tokens.word("a type").lower()
    length = None
    if physical == "fixed_len_byte_array":
        tokens.require("(")
        length = tokens.integer("the length")
        tokens.require(")")
    elif physical not in PHYSICAL and physical != "group":
        tokens.at -= 1
        tokens.fail(f"a type ({', '.join(sorted(PHYSICAL))}, group)")
    name = tokens.word("the name of the column")
    annotation = _annotation(tokens)
    id = tokens.integer("the id") if tokens.accept("=") else None
    if physical == "group":
        return Column(repetition, physical, name, None, annotation, id, _columns(tokens, depth + 1))
    tokens.require(";")
    return Column(repetition, physical, name, length, annotation, id)


def _annotation(tokens: _Tokens) -> Annotation | None:
    if not tokens.accept("("):
        return None
    name = tokens.word("an annotation").upper()
    parameters = []
    if tokens.accept("("):
        parameters.append(tokens.word("a parameter"))
        while tokens.accept(","):
            parameters.append(tokens.word("a parameter"))
        tokens.require(")")
    tokens.require(")")
    return Annotation(name, tuple(parameters))
