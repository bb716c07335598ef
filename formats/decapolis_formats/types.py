"""The small type model in the middle: what any format says about data, said once.

A `Model` has a root type and the definitions that `Named` types mean. Whether something may be null is said where
it is used (field, item, value, root), never by a type. Everything is immutable and compares by content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum as Choices
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias


class Unit(StrEnum):
    """The smallest step that a time of day or an instant can tell."""

    MILLIS = "millis"
    MICROS = "micros"
    NANOS = "nanos"

    @property
    def digits(self) -> int:
        """The digits behind the second."""
        return {"millis": 3, "micros": 6, "nanos": 9}[self.value]


class _Absent(Choices):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""What stands for a default where there is none; None is the default null."""

NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Null:
    """No value but null."""


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number of 8, 16, 32 or 64 bits."""

    bits: int = 64
    signed: bool = True


@dataclass(frozen=True, slots=True)
class Floating:
    """A binary floating point number of 16, 32 or 64 bits."""

    bits: int = 64


@dataclass(frozen=True, slots=True)
class Text:
    """Characters, at most `length` of them where that is said."""

    length: int | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    """Bytes, at most `length` of them where that is said."""

    length: int | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """Exactly `size` bytes."""

    size: int


@dataclass(frozen=True, slots=True)
class Decimal:
    """A decimal number; no precision means any, a size means a fixed number of bytes for each value."""

    precision: int | None
    scale: int = 0
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Date:
    """A day of the calendar."""


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day, in UTC or of no known zone."""

    unit: Unit
    utc: bool = False


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An instant (`zoned`), or what a clock on some wall shows."""

    unit: Unit
    zoned: bool = True


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: exact, or in months, days and milliseconds (`calendar`)."""

    calendar: bool = True


@dataclass(frozen=True, slots=True)
class Uuid:
    """A UUID, as text or in sixteen bytes."""

    binary: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """Any value that JSON could hold."""


@dataclass(frozen=True, slots=True)
class Enum:
    """One of some symbols; `default` stands for symbols that a reader does not know."""

    symbols: tuple[str, ...]
    default: str | None = None
    numbers: tuple[int, ...] | None = None
    doc: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class List:
    """A sequence; `nullable` and `id` are those of its items."""

    item: Type
    nullable: bool = False
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Map:
    """Values by key; `nullable` is that of the values, keys never are null."""

    key: Type
    value: Type
    nullable: bool = False
    key_id: int | None = None
    value_id: int | None = None


@dataclass(frozen=True, slots=True)
class Branch:
    """One alternative of a union; the name is empty where the format gives none."""

    type: Type
    name: str = ""
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Union:
    """A value of exactly one branch; none of them is null or a union."""

    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a struct; `default` is a Python value of the type, None for null, or ABSENT.

    Dates and times are counts (of days since 1970, of units since 1970 or midnight), as in Avro.
    """

    name: str
    type: Type
    nullable: bool = False
    default: Any = ABSENT
    doc: str | None = None
    tags: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Struct:
    """Fields in their order."""

    fields: tuple[Field, ...]
    doc: str | None = None
    tags: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """The use of the definition of that full name."""

    name: str


@dataclass(frozen=True, slots=True)
class Annotated:
    """A type with properties that mean something to its own format only, as an unknown logical type."""

    base: Type
    properties: Mapping[str, Any]


Scalar: TypeAlias = (
    Null
    | Boolean
    | Integer
    | Floating
    | Text
    | Binary
    | Fixed
    | Decimal
    | Date
    | Time
    | Timestamp
    | Duration
    | Uuid
    | Variant
    | Enum
)
Type: TypeAlias = Scalar | List | Map | Union | Struct | Named | Annotated
Where: TypeAlias = Literal["root", "field", "member", "item", "value", "key", "branch"]


@dataclass(frozen=True, slots=True)
class Model:
    """A whole schema: its root, whether that may be null, and the definitions by full name."""

    root: Type
    nullable: bool = False
    definitions: Mapping[str, Type] = field(default_factory=dict)

    def meaning(self, type: Type) -> Type:
        """The type behind names and annotations; a name without a definition stays itself."""
        seen = set()
        while isinstance(type, (Named, Annotated)):
            if isinstance(type, Annotated):
                type = type.base
                continue
            if type.name in seen or type.name not in self.definitions:
                return type
            seen.add(type.name)
            type = self.definitions[type.name]
        return type


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that a transformation lost or guessed: where, what, and why.

    Paths are those of fields joined by dots; `[]` are items, `{}` values, `{key}` keys, `|name` a branch.
    """

    path: str
    what: str
    why: str
    guessed: bool = False

    def __str__(self) -> str:
        return f"{self.path or 'the whole schema'}: {self.what} ({self.why})"


@dataclass(frozen=True, slots=True)
class Reading:
    """A text read into the model, and what did not come along."""

    model: Model
    losses: tuple[Loss, ...] = ()


def shown(type: Type) -> str:
    """A type in a few words for people; two types that differ in kind or measure never read the same."""
    match type:
        case Integer():
            return f"{'' if type.signed else 'u'}int{type.bits}"
        case Floating():
            return f"float{type.bits}"
        case Text() | Binary():
            measure = "" if type.length is None else f"({type.length})"
            return f"{'string' if isinstance(type, Text) else 'bytes'}{measure}"
        case Fixed():
            return f"fixed({type.size})"
        case Decimal():
            return _decimal(type)
        case Time():
            return f"time({type.unit}{', utc' if type.utc else ''})"
        case Timestamp():
            return f"timestamp({type.unit}, {'zoned' if type.zoned else 'local'})"
        case Duration():
            return f"duration({'calendar' if type.calendar else 'exact'})"
        case Uuid():
            return "uuid(16 bytes)" if type.binary else "uuid"
        case _:
            return _composite(type)


def _decimal(type: Decimal) -> str:
    if type.precision is None:
        return "decimal"
    return f"decimal({type.precision}, {type.scale}{f', {type.size} bytes' if type.size else ''})"


def _composite(type: Type) -> str:
    match type:
        case Enum():
            return f"enum({', '.join(type.symbols)})"
        case List():
            return f"list<{shown(type.item)}{'?' if type.nullable else ''}>"
        case Map():
            return f"map<{shown(type.key)}, {shown(type.value)}{'?' if type.nullable else ''}>"
        case Union():
            return " | ".join(shown(branch.type) for branch in type.branches)
        case Named():
            return type.name
        case Annotated():
            return f"{shown(type.base)} with {', '.join(map(str, sorted(type.properties)))}"
        case _:
            return type.__class__.__name__.lower()


def kind(type: Type) -> str:
    """The kind of a type in one word, for names and tables."""
    match type:
        case Floating():
            return "double" if type.bits == Floating().bits else f"float{type.bits}"
        case Integer():
            return shown(type)
        case Text() | Binary():
            return "string" if isinstance(type, Text) else "bytes"
        case _:
            return type.__class__.__name__.lower()
