"""Columns as flat entities with dotted paths, from the type model and back.

The type of a column says everything that is inside of it, `struct<a:int,b:array<string>>`; the entities for what is inside
are for people and for classifications.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from decapolis_formats.holds import Holds
from decapolis_formats.types import (
    ABSENT,
    Binary,
    Boolean,
    Date,
    Decimal,
    Enum,
    Field,
    Floating,
    Integer,
    List,
    Map,
    Scalar,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
    Unit,
    Where,
)

_BY_NAME: Final[Mapping[str, Scalar]] = {
    "boolean": Boolean(),
    "int": Integer(32),
    "long": Integer(64),
    "float": Floating(32),
    "double": Floating(64),
    "binary": Binary(),
    "string": Text(),
    "date": Date(),
    "time": Time(Unit.MICROS),
    "timestamp": Timestamp(Unit.MICROS),
    "timestamp_ntz": Timestamp(Unit.MICROS, zoned=False),
}
_NAMES: Final[dict[Type, str]] = {scalar: name for name, scalar in _BY_NAME.items()}
_MOST_DIGITS: Final = 38
_ILLEGAL: Final = re.compile(r"[<>,:.()`#\s]")
_DECIMAL: Final = re.compile(r"decimal\((\d+),(\d+)\)")
_WORD: Final = re.compile(r"[^<>,:]+")


def _is_exact(type: Scalar) -> bool:
    if isinstance(type, Decimal):
        whole = type.precision is not None and type.size is None
        return whole and 0 <= type.scale <= (type.precision or 0) <= _MOST_DIGITS
    return not isinstance(type, Enum) and type in _NAMES


def _nullable(type: Type, where: Where, wanted: bool) -> bool:
    """Only whole columns say whether they may be null."""
    return wanted if where == "field" else where != "root"


HOLDS: Final = Holds(
    exact=_is_exact,
    struct_root=True,
    root_name="dropped",
    nullable=_nullable,
    key=lambda key: isinstance(key, Text),
    docs=frozenset({"field"}),
    empty_structs=False,
    spell=lambda name: _ILLEGAL.sub("_", name) or "_",
)


@dataclass(frozen=True, slots=True)
class Flat:
    """One column or one field inside of one, as an entity says it."""

    path: str
    type: str
    nullable: bool
    position: int
    doc: str = ""

    def attributes(self) -> dict[str, Any]:
        """The attributes of its entity; the names are the caller's affair."""
        return {
            "data_type": self.type,
            "isNullable": self.nullable,
            "position": self.position,
            "description": self.doc,
        }

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Flat:
        """What an entity says."""
        return cls(
            str(attributes.get("name") or ""),
            str(attributes.get("data_type") or "string"),
            attributes.get("isNullable") is not False,
            int(attributes.get("position") or 0),
            str(attributes.get("description") or ""),
        )


def flat(struct: Struct) -> list[Flat]:
    """Every column, each followed by what is inside of it."""
    return [
        Flat(path, spelled(field.type), field.nullable, position, field.doc or "")
        for position, (path, field) in enumerate(_walked(struct, ""))
    ]


def _walked(struct: Struct, before: str) -> Iterator[tuple[str, Field]]:
    for field in struct.fields:
        path = f"{before}{field.name}"
        yield path, field
        inner = _innermost(field.type)
        if isinstance(inner, Struct):
            yield from _walked(inner, f"{path}.")


def _innermost(type: Type) -> Type:
    while isinstance(type, List | Map):
        type = type.item if isinstance(type, List) else type.value
    return type


def spelled(type: Type) -> str:
    """A type as text."""
    match type:
        case List():
            return f"array<{spelled(type.item)}>"
        case Map():
            return f"map<{spelled(type.key)},{spelled(type.value)}>"
        case Struct():
            return f"struct<{','.join(f'{each.name}:{spelled(each.type)}' for each in type.fields)}>"
        case Decimal():
            return f"decimal({type.precision},{type.scale})"
        case _:
            return _NAMES[type]


def struct_of(columns: Sequence[Flat]) -> Struct:
    """The struct that the columns without dots make up, in their order."""
    return Struct(
        tuple(
            Field(each.path, read(each.type), each.nullable, None if each.nullable else ABSENT, each.doc or None)
            for each in top(columns)
        )
    )


def top(columns: Sequence[Flat]) -> list[Flat]:
    """The columns themselves, in their order."""
    return sorted((each for each in columns if "." not in each.path), key=lambda each: (each.position, each.path))


def read(text: str) -> Type:
    """A type by its text; what somebody else wrote and nobody knows is shown as text."""
    try:
        found, rest = _read(text.replace(" ", ""))
    except (ValueError, IndexError, RecursionError):
        return Text()
    return Text() if rest else found


def _read(text: str) -> tuple[Type, str]:
    decimal = _DECIMAL.match(text)
    if decimal is not None:
        return Decimal(int(decimal[1]), int(decimal[2])), text[decimal.end() :]
    word = _WORD.match(text)
    if word is None:
        raise ValueError(text)
    name, rest = word[0], text[word.end() :]
    if not rest.startswith("<"):
        return _BY_NAME.get(name, Text()), rest
    if name == "array":
        item, rest = _read(rest[1:])
        return List(item, nullable=True), _after(rest, ">")
    if name == "map":
        key, rest = _read(rest[1:])
        value, rest = _read(_after(rest, ","))
        return Map(key, value, nullable=True), _after(rest, ">")
    if name != "struct":
        raise ValueError(name)
    return _members(rest)


def _members(rest: str) -> tuple[Type, str]:
    fields = []
    while rest[0] in "<,":
        word = _WORD.match(rest, 1)
        if word is None:
            raise ValueError(rest)
        type, rest = _read(_after(rest[word.end() :], ":"))
        fields.append(Field(word[0], type, nullable=True, default=None))
    return Struct(tuple(fields)), _after(rest, ">")


def _after(text: str, mark: str) -> str:
    if not text.startswith(mark):
        raise ValueError(text)
    return text[len(mark) :]
