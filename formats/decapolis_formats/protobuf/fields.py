"""Reading of fields and of what holds nothing but fields: groups, oneofs and extensions."""

from __future__ import annotations

from typing import Final

from .lexing import Tokens, is_word
from .nodes import LABELS, SCALARS, Extend, Field, Group, OneOf, Option
from .options import MAX_NESTING, read_bracketed, read_statement

_KEY_TYPES: Final = SCALARS - {"float", "double", "bytes"}


def read_field(tokens: Tokens, proto3: bool) -> Field | Group:
    """A field or group of a message, label included."""
    items, at = tokens.items, tokens.at
    label = items[at] if items[at] in LABELS else None
    if label:
        at += 1
    # the plain form takes most of the time of a reading, so it is recognised at a glance
    if items[at + 2] == "=" and items[at + 4] == ";" and (label or proto3) and items[at] != "group":
        type_name, name, number = items[at], items[at + 1], items[at + 3]
        plain = is_word(type_name) and name.isidentifier() and name.isascii() and number.isdecimal()
        if plain and len(number) < 10 and (label != "required" or not proto3):
            tokens.at = at + 5
            return Field(label, type_name, name, int(number))
    return _any_field(tokens, proto3)


def _any_field(tokens: Tokens, proto3: bool) -> Field | Group:
    label = tokens.word() if tokens.peek() in LABELS else None
    if label == "required" and proto3:
        tokens.fail("proto3 knows no required fields")
    if not is_word(tokens.peek()):
        tokens.word()  # says what stands there instead
    is_map = tokens.peek() == "map" and tokens.items[tokens.at + 1] == "<"
    if label is None and not proto3 and not is_map:
        tokens.fail(f"'{tokens.peek()[:40]}' needs a label before it: optional, required or repeated")
    if label and is_map:
        tokens.fail("a map field takes no label")
    type_name = read_type(tokens)
    if type_name == "group":
        return _group(tokens, label, proto3)
    return _after_type(tokens, label, type_name)


def _after_type(tokens: Tokens, label: str | None, type_name: str) -> Field:
    name = tokens.name(may_start_with_digit=False)
    tokens.require("=")
    number = tokens.integer()
    if tokens.accept(";"):
        return Field(label, type_name, name, number)
    options = list(read_bracketed(tokens))
    tokens.require(";")
    default = _taken(options, "default")
    json_name = _taken(options, "json_name")
    return Field(label, type_name, name, number, tuple(options), default, json_name)


def _taken(options: list[Option], name: str) -> str | None:
    """The value of an option that is none: `default` and `json_name` belong to the field itself."""
    found = None
    for option in [option for option in options if option.name == name and not option.custom]:
        options.remove(option)
        found = str(getattr(option.value, "text", option.value))
    return found


def read_type(tokens: Tokens, depth: int = 0) -> str:
    """A type as it is written; maps in one spelling."""
    word = tokens.word()
    if word != "map" or tokens.peek() != "<":
        return word
    if depth >= MAX_NESTING:
        tokens.fail(f"map types are nested deeper than {MAX_NESTING} levels")
    tokens.next()
    key = tokens.word()
    tokens.require(",")
    value = read_type(tokens, depth + 1)
    tokens.require(">")
    if key not in _KEY_TYPES:
        tokens.fail(f"'{key}' is no key type of a map")
    return f"map<{key}, {value}>"


def read_oneof(tokens: Tokens, proto3: bool) -> OneOf:
    """A oneof after its keyword."""
    name = tokens.name()
    tokens.require("{")
    fields: list[Field] = []
    groups: list[Group] = []
    options: list[Option] = []
    while not tokens.accept("}"):
        type_name = read_type(tokens)
        if type_name == "option":
            options.append(read_statement(tokens))
        elif type_name == "group":
            groups.append(_group(tokens, None, proto3))
        else:
            fields.append(_after_type(tokens, None, type_name))
    return OneOf(name, tuple(fields), tuple(groups), tuple(options))


def _group(tokens: Tokens, label: str | None, proto3: bool) -> Group:
    name = tokens.word()
    tokens.require("=")
    number = tokens.integer()
    tokens.require("{")
    fields: list[Field] = []
    while not tokens.accept("}"):
        if tokens.peek() in LABELS and tokens.items[tokens.at + 1] == "group":
            tokens.fail("a group inside a group is not supported")
        field = read_field(tokens, proto3)
        if isinstance(field, Field):
            fields.append(field)
    return Group(label, name, number, tuple(fields))


def read_extend(tokens: Tokens, proto3: bool) -> Extend:
    """Extensions after their keyword; the dialect forgets groups here."""
    name = tokens.name()
    tokens.require("{")
    fields: list[Field] = []
    while not tokens.accept("}"):
        if tokens.accept(";"):
            continue
        if tokens.peek() == "option":
            tokens.next()
            read_statement(tokens)
            continue
        field = read_field(tokens, proto3)
        if isinstance(field, Field):
            fields.append(field)
    return Extend(name, tuple(fields))
