"""Types in words: for losses, findings and tables."""

from __future__ import annotations

from .types import (
    Annotated,
    Binary,
    Decimal,
    Duration,
    Enum,
    Fixed,
    Floating,
    Integer,
    List,
    Map,
    Named,
    Text,
    Time,
    Timestamp,
    Type,
    Union,
    Uuid,
)


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
