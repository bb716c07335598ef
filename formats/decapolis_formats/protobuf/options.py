"""Reading of options: `name = value` with values that are words, strings, lists or text-format messages."""

from __future__ import annotations

from typing import Final

from .lexing import Tokens
from .nodes import Option, OptionValue, Word

MAX_NESTING: Final = 32


def read_option(tokens: Tokens) -> Option:
    """One option after the word `option` or inside brackets, up to and without the separator behind it."""
    custom = tokens.peek() == "("
    name = _option_name(tokens)
    path = _path(tokens)
    tokens.require("=")
    return Option(name, _value(tokens, 0), custom, path)


def read_statement(tokens: Tokens) -> Option:
    """One option statement after the word `option`, its semicolon included."""
    option = read_option(tokens)
    tokens.require(";")
    return option


def read_bracketed(tokens: Tokens) -> tuple[Option, ...]:
    """The options in `[...]`, none where there are no brackets."""
    if not tokens.accept("["):
        return ()
    found = [read_option(tokens)]
    while not tokens.accept("]"):
        tokens.require(",")
        found.append(read_option(tokens))
    return tuple(found)


def _option_name(tokens: Tokens) -> str:
    if tokens.peek() == "[":
        return f"[{tokens.name()}]"
    return tokens.name()


def _path(tokens: Tokens) -> tuple[str, ...]:
    # words hold their dots, so `(a).b.c` arrives as `)`, `.b.c` and `(a).(b).c` as `)`, `.`, `(`
    path: list[str] = []
    while tokens.peek().startswith("."):
        rest = tokens.next()[1:]
        if rest:
            path += rest.split(".")
        elif tokens.peek() == "(":
            path.append(f"({tokens.name()})")
        else:
            path += tokens.name().split(".")
    if "" in path:
        tokens.fail("a name is expected between the dots of an option")
    return tuple(path)


def _value(tokens: Tokens, depth: int) -> OptionValue:
    first = tokens.peek()[:1]
    if first == "{":
        return _aggregate(tokens, _deeper(tokens, depth))
    if first == "[":
        return _list(tokens, _deeper(tokens, depth))
    if first in ('"', "'"):
        return tokens.quoted()
    return Word(tokens.word())


def _deeper(tokens: Tokens, depth: int) -> int:
    if depth >= MAX_NESTING:
        tokens.fail(f"an option value is nested deeper than {MAX_NESTING} levels")
    return depth + 1


def _aggregate(tokens: Tokens, depth: int) -> dict[str, OptionValue]:
    tokens.require("{")
    found: dict[str, OptionValue] = {}
    while not tokens.accept("}"):
        name = _option_name(tokens)
        path = _path(tokens)
        if tokens.peek() != "{":
            tokens.require(":")
        value = _value(tokens, depth)
        if path:
            *outer, last = map(key_of, path)
            _enter(found, (name, *outer))[last] = value
        else:
            _add(found, name, value)
        tokens.accept(",")
    return found


def key_of(part: str) -> str:
    """A part of an option's path as the key of a value: extensions stand in square brackets there."""
    return f"[{part[1:-1]}]" if part.startswith("(") else part


def _enter(found: dict[str, OptionValue], path: tuple[str, ...]) -> dict[str, OptionValue]:
    for name in path:
        nested = found.get(name)
        if not isinstance(nested, dict):
            nested = found[name] = {}
        found = nested
    return found


def _add(found: dict[str, OptionValue], name: str, value: OptionValue) -> None:
    """A name given again makes a list of all its values, as the text format's repeated fields do."""
    if name not in found:
        found[name] = value
        return
    together: list[OptionValue] = []
    for each in (found[name], value):
        together += each if isinstance(each, list) else (each,)
    found[name] = together


def _list(tokens: Tokens, depth: int) -> list[OptionValue]:
    tokens.require("[")
    found: list[OptionValue] = []
    while not tokens.accept("]"):
        found.append(_value(tokens, depth))
        if not tokens.accept(",") and tokens.peek() != "]":
            tokens.fail("',' or ']' is expected in a list")
    return found
