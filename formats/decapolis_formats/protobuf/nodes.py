"""The parse tree of one .proto file: what is written, in source order, names as written.

Nodes are filled once and never changed afterwards, so one tree may be shared by every schema that imports it.
They are compared by identity; only the words of option values compare by content.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

LABELS: Final = frozenset({"optional", "required", "repeated"})
SCALARS: Final = frozenset(
    {
        *("int32", "int64", "uint32", "uint64", "sint32", "sint64", "bool", "string", "bytes"),
        *("fixed32", "fixed64", "sfixed32", "sfixed64", "float", "double"),
    }
)
LARGEST_NUMBER: Final = 536_870_911


@dataclass(slots=True, frozen=True)
class Word:
    """An option value written without quotes: a number, true, false or an enum constant."""

    text: str

    @property
    def is_number(self) -> bool:
        """Whether the word begins as numbers do; `inf` and `nan` do not, `-inf` does."""
        return self.text[:1] in "-0123456789"


OptionValue: TypeAlias = "str | Word | dict[str, OptionValue] | list[OptionValue]"
NumberRange: TypeAlias = "int | tuple[int, int] | str"


@dataclass(slots=True, eq=False)
class Option:
    """One option: `(name).path = value`, the name without its parentheses when `custom`."""

    name: str
    value: OptionValue
    custom: bool = False
    path: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Field:
    """A field, a oneof member or an extension; `type` is as written, `map<K, V>` in one spelling."""

    label: str | None
    type: str
    name: str
    number: int
    options: tuple[Option, ...] = ()
    default: str | None = None
    json_name: str | None = None


@dataclass(slots=True, eq=False)
class Group:
    """A proto2 group; of its content the dialect knows the fields only."""

    label: str | None
    name: str
    number: int
    fields: tuple[Field, ...]


@dataclass(slots=True, eq=False)
class OneOf:
    """A oneof with its members."""

    name: str
    fields: tuple[Field, ...]
    groups: tuple[Group, ...] = ()
    options: tuple[Option, ...] = ()


@dataclass(slots=True, eq=False)
class EnumConstant:
    """One name of an enum and its number."""

    name: str
    number: int
    options: tuple[Option, ...] = ()


@dataclass(slots=True, eq=False)
class Enum:
    """An enum; each of `reserved` is one statement."""

    name: str
    constants: tuple[EnumConstant, ...]
    options: tuple[Option, ...] = ()
    reserved: tuple[tuple[NumberRange, ...], ...] = ()


@dataclass(slots=True, eq=False)
class Extend:
    """Extension fields for the message `name`."""

    name: str
    fields: tuple[Field, ...]


@dataclass(slots=True, eq=False)
class Message:
    """A message; each of `reserved` and `extensions` is one statement.

    `vanished` names the sections that normalisation left without content: their empty line stays.
    """

    name: str
    fields: tuple[Field, ...] = ()
    oneofs: tuple[OneOf, ...] = ()
    groups: tuple[Group, ...] = ()
    messages: tuple[Message, ...] = ()
    enums: tuple[Enum, ...] = ()
    options: tuple[Option, ...] = ()
    reserved: tuple[tuple[NumberRange, ...], ...] = ()
    extensions: tuple[tuple[NumberRange, ...], ...] = ()
    extends: tuple[Extend, ...] = ()
    vanished: frozenset[str] = frozenset()

    @property
    def is_map_entry(self) -> bool:
        """Whether it only spells out the pairs of a map field."""
        return any(option.name == "map_entry" and option.value == Word("true") for option in self.options)

    def member(self, name: str) -> Field | None:
        """The first plain field of that name."""
        return next((field for field in self.fields if field.name == name), None)

    def all_fields(self) -> tuple[Field, ...]:
        """Plain fields first, then the members of the oneofs."""
        return self.fields + tuple(field for oneof in self.oneofs for field in oneof.fields)


@dataclass(slots=True, eq=False)
class Rpc:
    """One method of a service."""

    name: str
    request: str
    response: str
    request_streams: bool = False
    response_streams: bool = False
    options: tuple[Option, ...] = ()


@dataclass(slots=True, eq=False)
class Service:
    """A service with its methods."""

    name: str
    rpcs: tuple[Rpc, ...] = ()
    options: tuple[Option, ...] = ()


@dataclass(slots=True, eq=False)
class File:
    """A whole file; `syntax` is None where it is not written, which means proto2; `vanished` as in messages."""

    syntax: str | None = None
    package: str | None = None
    imports: tuple[str, ...] = ()
    public_imports: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    messages: tuple[Message, ...] = ()
    enums: tuple[Enum, ...] = ()
    extends: tuple[Extend, ...] = ()
    services: tuple[Service, ...] = ()
    vanished: frozenset[str] = frozenset()

    @property
    def is_proto3(self) -> bool:
        """Whether proto3's rules for labels, defaults and enums hold."""
        return self.syntax == "proto3"


def map_types(type_name: str) -> tuple[str, str] | None:
    """Key and value type of a `map<K, V>`, None for every other type."""
    if not type_name.startswith("map<"):
        return None
    key, _, value = type_name[4:-1].partition(",")
    return key.strip(), value.strip()
