"""From the type model to Avro, and what Avro holds of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from decapolis_formats.holds import Holds
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import (
    ABSENT,
    Annotated,
    Binary,
    Boolean,
    Date,
    Decimal,
    Duration,
    Enum,
    Field,
    Fixed,
    Floating,
    Integer,
    List,
    Map,
    Model,
    Named,
    Null,
    Scalar,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
    Union,
    Unit,
    Uuid,
)

from .logical import logical_type
from .model_values import to_json
from .names import is_strict
from .nodes import PRIMITIVES
from .nodes import Fixed as FixedNode
from .schema import parsed
from .tags import TAGS

_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9_]")


def holds(options: Options = NO_WISHES) -> Holds:
    """What Avro holds: nearly everything, with names on records, enums and fixed types."""
    return Holds(
        exact=_exact,
        named=_takes_name,
        must_name=lambda found, _where: _takes_name(found),
        unions=frozenset(("root", "field", "member", "item", "value")),
        key=lambda key: isinstance(key, Text),
        clash=_kind,
        default=lambda _type, _where: True,
        implied_null=False,
        docs=frozenset(("root", "field", "member")),
        type_docs=True,
        tags=True,
        properties=True,
        enum_default=True,
        spell=legal,
        spell_type=_legal_type,
    )


def _exact(type: Scalar) -> bool:
    match type:
        case Integer():
            return type.signed and type.bits in (32, 64)
        case Floating():
            return type.bits in (32, 64)
        case Text() | Binary():
            return type.length is None
        case Decimal():
            return _holds_decimal(type)
        case Time():
            return not type.utc and type.unit is not Unit.NANOS
        case Duration():
            return type.calendar
        case Enum():
            return bool(type.symbols) and all(map(is_strict, type.symbols))
        case _:
            return isinstance(type, (Null, Boolean, Fixed, Date, Timestamp, Uuid))


def _holds_decimal(type: Decimal) -> bool:
    if type.precision is None:
        return type.size is None
    if type.size is None:
        return type.precision > 0 and 0 <= type.scale <= type.precision
    properties = {"logicalType": "decimal", "precision": type.precision, "scale": type.scale}
    node = FixedNode("F", "", None, (), properties)
    node.size = type.size
    return logical_type(node) is not None


def _takes_name(type: Type) -> bool:
    match type:
        case Decimal():
            return type.size is not None
        case Uuid():
            return type.binary
        case _:
            return isinstance(type, (Struct, Enum, Fixed, Duration))


def _kind(type: Type) -> object:
    """What Avro tells the branches of a union apart by, for those without a name."""
    if isinstance(type, (List, Map)):
        return type.__class__
    written = _scalar(type)
    return written if isinstance(written, str) else written["type"]


def legal(name: str) -> str:
    """The nearest name that Avro takes."""
    name = _ILLEGAL.sub("_", name)
    return name if is_strict(name) else f"_{name}"


def _legal_type(name: str) -> str:
    *space, last = [legal(part) for part in name.split(".")]
    return ".".join([*space, f"{last}_" if last in PRIMITIVES and not space else last])


def write(model: Model, options: Options = NO_WISHES) -> str:
    """The canonical text of a model that fits."""
    source = _Writer(model).use(model.root, nullable=model.nullable)
    return parsed(json.dumps(source), (), strict=True).canonical


def spelled(type: Type, options: Options = NO_WISHES) -> str:
    """A type as people write it."""
    match type:
        case Struct() | Enum() | Fixed():
            return {Struct: "record", Enum: "enum", Fixed: "fixed"}[type.__class__]
        case List():
            return f"array of {spelled(type.item)}"
        case Map():
            return f"map of {spelled(type.value)}"
        case Union():
            return f"[{', '.join(spelled(branch.type) for branch in type.branches)}]"
        case Named() | Annotated():
            return type.name if isinstance(type, Named) else spelled(type.base)
        case _:
            return _worded(type)


def _worded(type: Scalar) -> str:
    found = {"type": "fixed", **_fixed(type)} if _takes_name(type) else _scalar(type)
    if isinstance(found, str):
        return found
    measures = "".join(f", {name} {found[name]}" for name in ("precision", "scale", "size") if name in found)
    return f"{found['type']} ({found['logicalType']}{measures})"


class _Writer:
    """One printing: definitions are written out at their first use."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.written: set[str] = set()

    def use(self, type: Type, *, nullable: bool, null_first: bool = True) -> Any:
        """A type with the null that it may be."""
        meaning = self.model.meaning(type)
        wanted = [branch.type for branch in type.branches] if isinstance(type, Union) else [type]
        branches = [self.type(each) for each in wanted]
        if not nullable or isinstance(meaning, Null):
            return branches if isinstance(type, Union) else branches[0]
        return ["null", *branches] if null_first else [*branches, "null"]

    def type(self, type: Type) -> Any:
        """A type in JSON."""
        match type:
            case Named():
                return self._named(type)
            case Annotated():
                return _with(self.type(type.base), type.properties)
            case Struct():
                return self._definition("Record", type)
            case List():
                return {"type": "array", "items": self.use(type.item, nullable=type.nullable)}
            case Map():
                return {"type": "map", "values": self.use(type.value, nullable=type.nullable)}
            case Union():
                return self.use(type, nullable=False)
            case _:
                return self._definition("F", type) if _takes_name(type) else _scalar(type)

    def _named(self, use: Named) -> Any:
        if use.name in self.written:
            return use.name
        self.written.add(use.name)
        return self._definition(use.name, self.model.definitions[use.name])

    def _definition(self, name: str, type: Type) -> Any:
        space, _, last = name.rpartition(".")
        head = {"name": last, "namespace": space}
        match type:
            case Annotated():
                return self._definition(name, type.base) | dict(type.properties)
            case Struct():
                return self._record(head, type)
            case Enum():
                default = {} if type.default is None else {"default": type.default}
                doc = {} if type.doc is None else {"doc": type.doc}
                return {"type": "enum", **head, **doc, "symbols": type.symbols, **default, **type.properties}
            case _:
                return {"type": "fixed", **head, **_fixed(type)}

    def _record(self, head: Mapping[str, Any], type: Struct) -> Any:
        properties = dict(type.properties)
        kind = "error" if properties.pop("error", False) else "record"
        doc = {} if type.doc is None else {"doc": type.doc}
        fields = [self._field(field) for field in type.fields]
        return {"type": kind, **head, **doc, "fields": fields, **_tagged(type.tags), **properties}

    def _field(self, field: Field) -> dict[str, Any]:
        null_first = field.default is None or field.default is ABSENT
        found = {"name": field.name, "type": self.use(field.type, nullable=field.nullable, null_first=null_first)}
        if field.doc is not None:
            found["doc"] = field.doc
        if field.default is not ABSENT:
            found["default"] = to_json(field.default, field.type, self.model)
        return {**found, **_tagged(field.tags), **field.properties}


def _tagged(tags: tuple[str, ...]) -> dict[str, Any]:
    return {TAGS: list(tags)} if tags else {}


def _with(written: Any, properties: Mapping[str, Any]) -> Any:
    return {**(written if isinstance(written, dict) else {"type": written}), **properties}


def _fixed(type: Type) -> dict[str, Any]:
    match type:
        case Decimal():
            return {"size": type.size, **_decimal(type)}
        case Uuid():
            return {"size": 16, "logicalType": "uuid"}
        case Duration():
            return {"size": 12, "logicalType": "duration"}
        case Fixed():
            return {"size": type.size}
        case _:
            raise AssertionError(f"{type} is no fixed type")


def _decimal(type: Decimal) -> dict[str, Any]:
    return {"logicalType": "decimal", "precision": type.precision, "scale": type.scale}


def _scalar(type: Type) -> Any:
    match type:
        case Decimal():
            return {"type": "bytes"} | ({"logicalType": "big-decimal"} if type.precision is None else _decimal(type))
        case Uuid():
            return {"type": "string", "logicalType": "uuid"}
        case Date():
            return {"type": "int", "logicalType": "date"}
        case Time():
            return {"type": "int" if type.unit is Unit.MILLIS else "long", "logicalType": f"time-{type.unit}"}
        case Timestamp():
            return {"type": "long", "logicalType": f"{'' if type.zoned else 'local-'}timestamp-{type.unit}"}
        case _:
            return _plain(type)


def _plain(type: Type) -> str:
    match type:
        case Null():
            return "null"
        case Boolean():
            return "boolean"
        case Integer():
            return "int" if type == Integer(32) else "long"
        case Floating():
            return "float" if type == Floating(32) else "double"
        case Text():
            return "string"
        case Binary():
            return "bytes"
        case _:
            raise AssertionError(f"{type} does not fit Avro")
