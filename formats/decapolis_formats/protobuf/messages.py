"""Reading of messages, enums and number ranges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .fields import read_extend, read_field, read_oneof
from .lexing import Tokens
from .nodes import (
    LARGEST_NUMBER,
    Enum,
    EnumConstant,
    Extend,
    Field,
    Group,
    Message,
    NumberRange,
    OneOf,
    Option,
)
from .options import read_bracketed, read_statement

MAX_NESTING: Final = 64


class _Body:
    """What has been read of one message."""

    __slots__ = (
        "depth",
        "enums",
        "extends",
        "extensions",
        "fields",
        "groups",
        "messages",
        "oneofs",
        "options",
        "proto3",
        "reserved",
        "tokens",
    )

    def __init__(self, tokens: Tokens, proto3: bool, depth: int) -> None:
        self.tokens, self.proto3, self.depth = tokens, proto3, depth
        self.fields: list[Field] = []
        self.oneofs: list[OneOf] = []
        self.groups: list[Group] = []
        self.messages: list[Message] = []
        self.enums: list[Enum] = []
        self.options: list[Option] = []
        self.reserved: list[tuple[NumberRange, ...]] = []
        self.extensions: list[tuple[NumberRange, ...]] = []
        self.extends: list[Extend] = []

    def option(self) -> None:
        self.options.append(read_statement(self.tokens))

    def reserve(self) -> None:
        self.reserved.append(read_reserved(self.tokens))

    def message(self) -> None:
        self.messages.append(read_message(self.tokens, self.proto3, self.depth + 1))

    def enum(self) -> None:
        self.enums.append(read_enum(self.tokens))

    def extend(self) -> None:
        self.extends.append(read_extend(self.tokens, self.proto3))

    def oneof(self) -> None:
        self.oneofs.append(read_oneof(self.tokens, self.proto3))

    def extensible(self) -> None:
        self.extensions.append(_read_extensions(self.tokens))

    def field(self) -> None:
        field = read_field(self.tokens, self.proto3)
        if isinstance(field, Field):
            self.fields.append(field)
        else:
            self.groups.append(field)

    def finished(self, name: str) -> Message:
        return Message(
            name,
            tuple(self.fields),
            tuple(self.oneofs),
            tuple(self.groups),
            tuple(self.messages),
            tuple(self.enums),
            tuple(self.options),
            tuple(self.reserved),
            tuple(self.extensions),
            tuple(self.extends),
        )


_KEYWORDS: Final[dict[str, Callable[[_Body], None]]] = {
    "option": _Body.option,
    "reserved": _Body.reserve,
    "message": _Body.message,
    "enum": _Body.enum,
    "extend": _Body.extend,
    "oneof": _Body.oneof,
    "extensions": _Body.extensible,
}


def read_message(tokens: Tokens, proto3: bool, depth: int = 1) -> Message:
    """A message after its keyword, with everything nested in it."""
    if depth > MAX_NESTING:
        tokens.fail(f"messages are nested deeper than {MAX_NESTING} levels")
    name = tokens.name()
    tokens.require("{")
    body = _Body(tokens, proto3, depth)
    while not tokens.accept("}"):
        keyword = tokens.peek()
        if keyword == ";":
            tokens.next()
        elif keyword in _KEYWORDS:
            tokens.next()
            _KEYWORDS[keyword](body)
        else:
            body.field()
    return body.finished(name)


def read_enum(tokens: Tokens) -> Enum:
    """An enum after its keyword."""
    name = tokens.name()
    tokens.require("{")
    constants: list[EnumConstant] = []
    options: list[Option] = []
    reserved: list[tuple[NumberRange, ...]] = []
    while not tokens.accept("}"):
        if tokens.accept(";"):
            continue
        word = tokens.word()
        if word == "option":
            options.append(read_statement(tokens))
        elif word == "reserved":
            reserved.append(read_reserved(tokens))
        else:
            constants.append(_constant(tokens, word))
    return Enum(name, tuple(constants), tuple(options), tuple(reserved))


def _constant(tokens: Tokens, name: str) -> EnumConstant:
    if name[0].isdigit():
        tokens.fail(f"the name '{name}' may not begin with a digit")
    tokens.require("=")
    number = tokens.integer()
    options = read_bracketed(tokens)
    tokens.require(";")
    return EnumConstant(name, number, options)


def read_reserved(tokens: Tokens) -> tuple[NumberRange, ...]:
    """One `reserved` statement after its keyword."""
    values: list[NumberRange] = []
    while True:
        values.append(tokens.quoted() if tokens.peek()[:1] in ("'", '"') else _range(tokens))
        if tokens.accept(";"):
            return tuple(values)
        tokens.require(",")


def _read_extensions(tokens: Tokens) -> tuple[NumberRange, ...]:
    values: list[NumberRange] = [_range(tokens)]
    while tokens.accept(","):
        values.append(_range(tokens))
    read_bracketed(tokens)  # declarations of extensions are no part of the dialect's text
    tokens.require(";")
    return tuple(values)


def _range(tokens: Tokens) -> NumberRange:
    start = tokens.integer()
    if not tokens.accept("to"):
        return start
    return (start, LARGEST_NUMBER if tokens.accept("max") else tokens.integer())
