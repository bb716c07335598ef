"""From Protobuf to the type model: known messages become the types that they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal as Number
from typing import Any, Final

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.model import Dependency
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import (
    ABSENT,
    Binary,
    Boolean,
    Branch,
    Date,
    Decimal,
    Duration,
    Enum,
    Field,
    Floating,
    Integer,
    List,
    Loss,
    Map,
    Model,
    Named,
    Reading,
    Scalar,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
    Union,
    Unit,
    Variant,
)

from .meta import Meta, meta_of
from .nodes import SCALARS, Group, Message, OneOf, map_types
from .nodes import Enum as EnumNode
from .nodes import Field as FieldNode
from .numbers import normal_number
from .resolving import Prefixes
from .resolving import Type as Resolved
from .schema import ProtobufSchema, read_schema

_SCALARS: Final[Mapping[str, Scalar]] = {
    **dict.fromkeys(("int32", "sint32", "sfixed32"), Integer(32)),
    **dict.fromkeys(("int64", "sint64", "sfixed64"), Integer(64)),
    **dict.fromkeys(("uint32", "fixed32"), Integer(32, signed=False)),
    **dict.fromkeys(("uint64", "fixed64"), Integer(64, signed=False)),
    "bool": Boolean(),
    "float": Floating(32),
    "double": Floating(64),
    "string": Text(),
    "bytes": Binary(),
}
_SPELLED: Final = frozenset(("int32", "int64", "uint32", "uint64"))
_KNOWN: Final[Mapping[str, Type]] = {
    "google.protobuf.Timestamp": Timestamp(Unit.NANOS),
    "google.protobuf.Duration": Duration(calendar=False),
    "google.type.Date": Date(),
    "google.type.TimeOfDay": Time(Unit.NANOS),
    "google.protobuf.Value": Variant(),
}
_GUESSED: Final[Mapping[str, Type]] = {
    "google.protobuf.Any": Variant(),
    "google.protobuf.Struct": Map(Text(), Variant(), nullable=True),
    "google.protobuf.ListValue": List(Variant(), nullable=True),
    "google.type.Decimal": Decimal(None),
    "google.protobuf.DoubleValue": Floating(64),
    "google.protobuf.FloatValue": Floating(32),
    "google.protobuf.Int64Value": Integer(64),
    "google.protobuf.UInt64Value": Integer(64, signed=False),
    "google.protobuf.Int32Value": Integer(32),
    "google.protobuf.UInt32Value": Integer(32, signed=False),
    "google.protobuf.BoolValue": Boolean(),
    "google.protobuf.StringValue": Text(),
    "google.protobuf.BytesValue": Binary(),
}
_DECIMAL: Final = "confluent.type.Decimal"


def read(text: str, dependencies: Sequence[Dependency] = (), options: Options = NO_WISHES) -> Reading:
    """The model of the file's first message, or of the selected one; InvalidSchema where a name means nothing."""
    reader = _Reader(read_schema(text, dependencies))
    return reader.root(options.select)


class _Reader:
    """One walk over one file and what it uses of others."""

    def __init__(self, schema: ProtobufSchema) -> None:
        self.schema = schema
        self.definitions: dict[str, Type] = {}
        self.losses: list[Loss] = []

    def root(self, wanted: str | None) -> Reading:
        file = self.schema.file
        space = f"{file.package}." if file.package else ""
        names = [*(each.name for each in file.messages), *(each.name for each in file.enums), ""]
        name = wanted or names[0]
        found = self.schema.types.find(name) or self.schema.types.find(space + name)
        if found is None or found.is_map_entry:
            known = ", ".join(space + each.name for each in file.messages)
            raise InvalidSchema(f"There is no message {name!r} in the file (there are: {known or 'none'})")
        root = self._named(found, "")
        for message in file.messages:
            if space + message.name not in self.definitions:
                self._lose("", f"the message {space}{message.name}", f"{found.full_name} does not use it")
        if file.services:
            self._lose("", "the services", "a schema describes data")
        return Reading(Model(root, False, self.definitions), tuple(self.losses))

    def _named(self, type: Resolved, path: str) -> Type:
        name = type.full_name
        if name not in self.definitions:
            self.definitions[name] = Struct(())  # so that uses inside of it end here
            node = type.node
            self.definitions[name] = (
                self._enum(node, path) if isinstance(node, EnumNode) else self._message(node, type, path)
            )
        return Named(name)

    def _enum(self, node: EnumNode, path: str) -> Enum:
        constants: dict[str, int] = {}
        for constant in node.constants:
            if constant.number in constants.values():
                self._lose(path, f"the alias {constant.name}", "a symbol has a number of its own")
            else:
                constants[constant.name] = constant.number
        meta = self._meta(node.options, "enum_meta", path)
        numbers = tuple(constants.values())
        in_order = numbers == tuple(range(len(numbers)))
        return Enum(tuple(constants), None, None if in_order else numbers, meta.doc)

    def _message(self, node: Message, type: Resolved, path: str) -> Struct:
        meta = self._meta(node.options, "message_meta", path)
        if node.extensions or node.extends:
            self._lose(path, "the extensions", "a struct has its own fields only")
        return Struct(tuple(self._members(node, type, path)), meta.doc, meta.tags)

    def _members(self, node: Message, type: Resolved, path: str) -> Iterator[Field]:
        for field in node.fields:
            yield self._field(field, type, _joined(path, field.name))
        for group in node.groups:
            yield self._group(group, type, path)
        for oneof in node.oneofs:
            yield self._oneof(oneof, type, _joined(path, oneof.name))

    def _field(self, field: FieldNode, owner: Resolved, path: str) -> Field:
        pair = map_types(field.type)
        meta = self._meta(field.options, "field_meta", path)
        nullable = False
        if pair is not None:
            found: Type = Map(_SCALARS[pair[0]], self._type(pair[1], owner.prefixes, meta, f"{path}{{}}")[0])
        else:
            inner, is_message = self._type(field.type, owner.prefixes, meta, path)
            repeated = field.label == "repeated"
            found = List(inner) if repeated else inner
            nullable = not repeated and (field.label == "optional" or (is_message and field.label != "required"))
        default = self._default(field, found, nullable, path)
        if field.json_name is not None:
            self._lose(path, f"the name {field.json_name} in JSON", "a field has one name")
        return Field(field.name, found, nullable, default, meta.doc, meta.tags, id=field.number)

    def _default(self, field: FieldNode, type: Type, nullable: bool, path: str) -> Any:
        if field.default is None:
            return None if nullable else ABSENT
        match type:
            case Integer():
                return int(normal_number(field.default))
            case Floating() if field.default.lstrip("-") not in ("inf", "nan"):
                return float(Number(field.default))
            case Boolean():
                return field.default == "true"
            case Text():
                return field.default
            case Named():
                return field.default
        self._lose(path, f"the default {field.default}", "it has no place in the model")
        return None if nullable else ABSENT

    def _group(self, group: Group, owner: Resolved, path: str) -> Field:
        path = _joined(path, group.name.lower())
        self._lose(path, "that it is a group", "it is a field with a struct")
        name = f"{owner.full_name}.{group.name}"
        self.definitions[name] = Struct(
            tuple(self._field(field, owner, _joined(path, field.name)) for field in group.fields)
        )
        inner: Type = Named(name)
        if group.label == "repeated":
            return Field(group.name.lower(), List(inner), id=group.number)
        nullable = group.label != "required"
        return Field(group.name.lower(), inner, nullable, None if nullable else ABSENT, id=group.number)

    def _oneof(self, oneof: OneOf, owner: Resolved, path: str) -> Field:
        branches = []
        for field in oneof.fields:
            inner = f"{path}|{field.name}"
            meta = self._meta(field.options, "field_meta", inner)
            if meta.doc is not None or meta.tags:
                self._lose(inner, "the doc and tags", "a branch has none")
            branches.append(Branch(self._type(field.type, owner.prefixes, meta, inner)[0], field.name, field.number))
        if oneof.groups:
            self._lose(path, "the groups", "a branch is a field")
        return Field(oneof.name, Union(tuple(branches)), nullable=True, default=None)

    def _type(self, name: str, prefixes: Prefixes, meta: Meta, path: str) -> tuple[Type, bool]:
        """The type of a name, and whether it is a message, which may always be left out."""
        if name in SCALARS:
            if name not in _SPELLED and isinstance(_SCALARS[name], Integer):
                self._lose(path, f"that it is encoded as {name}", "the model knows values, not encodings")
            return _SCALARS[name], False
        found = self.schema.types.resolve(name, prefixes)
        if found is None:
            raise InvalidSchema(f"{path}: the type {name} is not known; is a reference or an import missing?")
        full = found.full_name
        if full == _DECIMAL:
            return meta.decimal, True
        if full in _KNOWN:
            return _KNOWN[full], True
        if full in _GUESSED:
            self.losses.append(Loss(path, f"that it is a {full}", "it is read as what that holds", guessed=True))
            return _GUESSED[full], True
        return self._named(found, path), isinstance(found.node, Message)

    def _meta(self, options: Sequence[Any], name: str, path: str) -> Meta:
        meta, others = meta_of(options, f"confluent.{name}")
        if others:
            self._lose(path, f"the options {', '.join(others)}", "they mean something to Protobuf only")
        return meta

    def _lose(self, path: str, what: str, why: str) -> None:
        self.losses.append(Loss(path, what, why))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
