"""Types of columns as Snowflake spells them, read into the type model.

NUMBER(38,0)  VARCHAR(16777216)  OBJECT(city VARCHAR(16777216), zip NUMBER(10,0) NOT NULL)  ARRAY(FLOAT NOT NULL)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from decapolis_formats.types import (
    Binary,
    Boolean,
    Date,
    Decimal,
    Field,
    Floating,
    List,
    Map,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
    Unit,
    Variant,
)

_TOKENS: Final = re.compile(r'\s*(?:("(?:[^"]|"")*")|([A-Za-z_][\w$]*)|(\d+)|([(),]))')
_WIDEST: Final = frozenset((None, 16_777_216, 134_217_728))
"""Lengths of a text that stand for none: the limit of before and after 2025."""
_WIDEST_BINARY: Final = frozenset((None, 8_388_608, 67_108_864))


def read_type(text: str) -> Type:
    """The type; a text where it is none that the model knows, as geometry and vectors are."""
    reader = _Reader(text)
    try:
        found = reader.type()
    except (LookupError, ValueError):
        return Text()
    return found if reader.at_end() else Text()


def _unit(digits: int | None) -> Unit:
    wanted = Unit.NANOS.digits if digits is None else digits
    return next(unit for unit in Unit if unit.digits >= wanted)


def _decimal(measures: list[int]) -> Type:
    precision, scale = (*measures, *(38, 0)[len(measures) :])[:2]
    return Decimal(precision, scale)


def _first(measures: list[int]) -> int | None:
    return measures[0] if measures else None


def _text(measures: list[int]) -> Type:
    return Text(None if _first(measures) in _WIDEST else measures[0])


def _binary(measures: list[int]) -> Type:
    return Binary(None if _first(measures) in _WIDEST_BINARY else measures[0])


def _instant(*, zoned: bool) -> Callable[[list[int]], Type]:
    return lambda measures: Timestamp(_unit(_first(measures)), zoned)


_SCALARS: Final[Mapping[str, Callable[[list[int]], Type]]] = {
    "BOOLEAN": lambda _: Boolean(),
    "FLOAT": lambda _: Floating(64),
    "DATE": lambda _: Date(),
    "VARIANT": lambda _: Variant(),
    "NUMBER": _decimal,
    "VARCHAR": _text,
    "BINARY": _binary,
    "TIME": lambda measures: Time(_unit(_first(measures))),
    "TIMESTAMP_LTZ": _instant(zoned=True),
    "TIMESTAMP_TZ": _instant(zoned=True),
    "TIMESTAMP_NTZ": _instant(zoned=False),
}


class _Reader:
    """One reading of one type."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            found = _TOKENS.match(text, at)
            if found is None:
                self._tokens = []
                return
            self._tokens.append(found[0].strip())
            at = found.end()

    def type(self) -> Type:
        """A type with what stands in its parentheses."""
        name = self._next().upper()
        match name:
            case "ARRAY" if self._takes("("):
                return self._closed(List(*self._item()))
            case "MAP" if self._takes("("):
                key = self.type()
                self._demand(",")
                value, nullable = self._item()
                return self._closed(Map(key, value, nullable))
            case "OBJECT" if self._takes("("):
                return self._object()
            case "ARRAY":
                return List(Variant(), nullable=True)
            case "OBJECT":
                return Variant()
            case _:
                return _SCALARS[name](self._measures())

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return not self._tokens

    def _object(self) -> Type:
        fields = []
        while True:
            name = self._next()
            type, nullable = self._item()
            fields.append(Field(_unquoted(name), type, nullable))
            if not self._takes(","):
                return self._closed(Struct(tuple(fields)))

    def _item(self) -> tuple[Type, bool]:
        """A type, and whether what has it may be null."""
        type = self.type()
        required = self._takes("NOT")
        if required:
            self._demand("NULL")
        return type, not required

    def _measures(self) -> list[int]:
        measures: list[int] = []
        if self._takes("("):
            measures.append(int(self._next()))
            while self._takes(","):
                measures.append(int(self._next()))
            self._demand(")")
        return measures

    def _closed(self, type: Type) -> Type:
        self._demand(")")
        return type

    def _next(self) -> str:
        return self._tokens.pop(0)

    def _takes(self, token: str) -> bool:
        taken = bool(self._tokens) and self._tokens[0].upper() == token
        if taken:
            self._tokens.pop(0)
        return taken

    def _demand(self, token: str) -> None:
        if not self._takes(token):
            raise ValueError(f"{token} expected")


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
