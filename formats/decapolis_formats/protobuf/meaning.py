"""What a field's type means for a comparison: a scalar, an enum, a map or a message."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum as Enumeration
from typing import Final

from .nodes import SCALARS, Enum, Message, map_types
from .resolving import Prefixes, Type, Types
from .wire import ENUM_GROUP, GROUPS


class Kind(Enumeration):
    """The three kinds between which a field may not change."""

    SCALAR = "scalar"
    MAP = "map"
    MESSAGE = "message"


@dataclass(slots=True, frozen=True)
class Meaning:
    """One field type understood: `scalar` and `group` of scalars, `pair` of maps, `type` where declared."""

    kind: Kind
    name: str
    scalar: str = ""
    group: str = ""
    pair: tuple[str, str] = ("", "")
    type: Type | None = None

    @property
    def enum(self) -> Enum | None:
        """The enum's declaration, None for everything else."""
        return self.type.node if self.type and isinstance(self.type.node, Enum) else None

    @property
    def is_closed_enum(self) -> bool:
        """Whether numbers without a name are lost in reading, as with the enums of proto2."""
        return self.enum is not None and self.type is not None and not self.type.is_proto3


SCALAR_MEANINGS: Final = {name: Meaning(Kind.SCALAR, name, name, GROUPS[name]) for name in SCALARS}


def meaning_of(type_name: str, prefixes: Prefixes, types: Types) -> Meaning:
    """The meaning of a type as written where these prefixes hold; unknown names count as messages."""
    scalar = SCALAR_MEANINGS.get(type_name)
    if scalar is not None:
        return scalar
    pair = map_types(type_name)
    if pair is not None:
        return Meaning(Kind.MAP, type_name, pair=pair)
    found = types.resolve(type_name, prefixes)
    if found is None:
        return Meaning(Kind.MESSAGE, type_name)
    if isinstance(found.node, Enum):
        return Meaning(Kind.SCALAR, type_name, "enum", ENUM_GROUP, type=found)
    if found.is_map_entry:
        return Meaning(Kind.MAP, type_name, pair=_entry_types(found.node))
    return Meaning(Kind.MESSAGE, type_name, type=found)


def _entry_types(entry: Message) -> tuple[str, str]:
    key, value = entry.member("key"), entry.member("value")
    return (key.type if key else "string", value.type if value else "bytes")
