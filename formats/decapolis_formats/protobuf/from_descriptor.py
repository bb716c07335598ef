"""From a FileDescriptorProto to the parse tree, with protoc's inventions taken back.

Map entries become map fields again, the oneofs behind proto3's optional vanish, and a json_name stays only
where somebody chose it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from google.protobuf import text_encoding
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as RuntimeMessage

from decapolis_formats.errors import InvalidSchema

from .nodes import (
    Enum,
    EnumConstant,
    Extend,
    Field,
    File,
    Group,
    Message,
    NumberRange,
    OneOf,
    Option,
    Rpc,
    Service,
)
from .optiondescriptors import Interpreter, options_from, text_of_bytes

_LABELS: Final = {1: "optional", 2: "required", 3: "repeated"}


def file_from_descriptor(data: bytes, interpreter: Interpreter | None = None) -> File:
    """The tree of a serialised FileDescriptorProto; InvalidSchema for other bytes and unknown syntaxes."""
    try:
        descriptor = FileDescriptorProto.FromString(data)
    except DecodeError as unreadable:
        raise InvalidSchema(f"The bytes are no FileDescriptorProto: {unreadable}") from None
    if _has_broken_text(descriptor):
        raise InvalidSchema("The bytes are no FileDescriptorProto: a name in it is not UTF-8")
    if descriptor.syntax not in ("", "proto2", "proto3"):
        raise InvalidSchema(f"The syntax '{descriptor.syntax}' is not known (known: proto2, proto3)")
    return _Decoder(descriptor, interpreter).file()


def default_json_name(name: str) -> str:
    """The JSON name that a field has by itself: lower camel case."""
    first, *others = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def _has_broken_text(message: RuntimeMessage) -> bool:
    """Whether the runtime gives bytes for a string, as it does where they are not UTF-8."""
    for field, value in message.ListFields():
        values = value if field.is_repeated else (value,)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            # options that somebody else's generated code made known may hold maps: their items are no messages
            if any(isinstance(each, bytes) for pair in value.items() for each in pair):
                return True
            continue
        if field.type == field.TYPE_STRING and any(isinstance(each, bytes) for each in values):
            return True
        if field.type == field.TYPE_MESSAGE and any(map(_has_broken_text, values)):
            return True
    return False


class _Decoder:
    """One file on its way back into a tree."""

    def __init__(self, descriptor: FileDescriptorProto, interpreter: Interpreter | None) -> None:
        self.descriptor = descriptor
        self.interpreter = interpreter
        self.proto3 = descriptor.syntax == "proto3"

    def options(self, options: Any) -> tuple[Option, ...]:
        return options_from(options, self.interpreter)

    def file(self) -> File:
        descriptor = self.descriptor
        public = set(descriptor.public_dependency)
        return File(
            descriptor.syntax or None,
            descriptor.package or None,
            tuple(name for index, name in enumerate(descriptor.dependency) if index not in public),
            tuple(name for index, name in enumerate(descriptor.dependency) if index in public),
            self.options(descriptor.options),
            tuple(self.message(message) for message in descriptor.message_type),
            tuple(self.enum(enum) for enum in descriptor.enum_type),
            self.extends(descriptor.extension),
            tuple(self.service(service) for service in descriptor.service),
        )

    def message(self, message: DescriptorProto) -> Message:
        nested = {each.name: each for each in message.nested_type}
        plain = [each for each in message.field if not each.HasField("oneof_index") or each.proto3_optional]
        folded = {name for name, each in nested.items() if each.options.map_entry}
        folded.update(_simple(each.type_name) for each in message.field if each.type == each.TYPE_GROUP)
        return Message(
            message.name,
            tuple(self.field(each, nested) for each in plain if each.type != each.TYPE_GROUP),
            self.oneofs(message, nested),
            self.groups(plain, nested),
            tuple(self.message(each) for each in message.nested_type if each.name not in folded),
            tuple(self.enum(each) for each in message.enum_type),
            self.options(message.options),
            (*_exclusive(message.reserved_range), *((name,) for name in message.reserved_name)),
            _exclusive(message.extension_range),
            self.extends(message.extension),
        )

    def oneofs(self, message: DescriptorProto, nested: dict[str, DescriptorProto]) -> tuple[OneOf, ...]:
        found = []
        for index, oneof in enumerate(message.oneof_decl):
            members = [
                each
                for each in message.field
                if each.HasField("oneof_index") and each.oneof_index == index and not each.proto3_optional
            ]
            if members:
                fields = tuple(
                    self.field(each, nested, labelled=False) for each in members if each.type != each.TYPE_GROUP
                )
                groups = self.groups(members, nested, labelled=False)
                found.append(OneOf(oneof.name, fields, groups, self.options(oneof.options)))
        return tuple(found)

    def groups(
        self,
        fields: Iterable[FieldDescriptorProto],
        nested: dict[str, DescriptorProto],
        *,
        labelled: bool = True,
    ) -> tuple[Group, ...]:
        return tuple(
            Group(
                self.label(field) if labelled else None,
                _simple(field.type_name),
                field.number,
                tuple(self.field(each, {}) for each in nested[_simple(field.type_name)].field),
            )
            for field in fields
            if field.type == field.TYPE_GROUP and _simple(field.type_name) in nested
        )

    def field(self, field: FieldDescriptorProto, nested: dict[str, DescriptorProto], *, labelled: bool = True) -> Field:
        type_name = self.map_type(field, nested) or field.type_name or field.Type.Name(field.type)[5:].lower()
        unlabelled = not labelled or type_name.startswith("map<")
        chosen = field.HasField("json_name") and field.json_name != default_json_name(field.name)
        default = field.default_value if field.HasField("default_value") and not self.proto3 else None
        if default is not None and type_name == "bytes":
            default = text_of_bytes(text_encoding.CUnescape(default))
        return Field(
            None if unlabelled else self.label(field),
            type_name,
            field.name,
            field.number,
            self.options(field.options),
            default,
            field.json_name if chosen else None,
        )

    def map_type(self, field: FieldDescriptorProto, nested: dict[str, DescriptorProto]) -> str | None:
        entry = nested.get(_simple(field.type_name)) if field.type == field.TYPE_MESSAGE else None
        if entry is None or not entry.options.map_entry or len(entry.field) != 2:
            return None
        key, value = (self.field(each, {}).type for each in entry.field)
        return f"map<{key}, {value}>"

    def label(self, field: FieldDescriptorProto) -> str | None:
        if self.proto3 and field.label != field.LABEL_REPEATED and not field.proto3_optional:
            return None
        return _LABELS[field.label]

    def enum(self, enum: EnumDescriptorProto) -> Enum:
        ranges: list[tuple[NumberRange, ...]] = [
            (each.start if each.start == each.end else (each.start, each.end),) for each in enum.reserved_range
        ]
        return Enum(
            enum.name,
            tuple(EnumConstant(each.name, each.number, self.options(each.options)) for each in enum.value),
            self.options(enum.options),
            (*ranges, *((name,) for name in enum.reserved_name)),
        )

    def extends(self, fields: Iterable[FieldDescriptorProto]) -> tuple[Extend, ...]:
        together: dict[str, list[Field]] = {}
        for field in fields:
            together.setdefault(field.extendee, []).append(self.field(field, {}))
        return tuple(Extend(name, tuple(found)) for name, found in together.items())

    def service(self, service: ServiceDescriptorProto) -> Service:
        rpcs = tuple(
            Rpc(
                each.name,
                each.input_type,
                each.output_type,
                each.client_streaming,
                each.server_streaming,
                self.options(each.options),
            )
            for each in service.method
        )
        return Service(service.name, rpcs, self.options(service.options))


def _simple(type_name: str) -> str:
    return type_name.rpartition(".")[2]


def _exclusive(ranges: Iterable[Any]) -> tuple[tuple[NumberRange, ...], ...]:
    return tuple((each.start if each.start == each.end - 1 else (each.start, each.end - 1),) for each in ranges)
