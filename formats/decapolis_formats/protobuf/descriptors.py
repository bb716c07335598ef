"""From the parse tree to FileDescriptorProtos that the protobuf runtime loads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    ServiceDescriptorProto,
)

from .from_descriptor import default_json_name
from .nodes import SCALARS, Enum, Extend, Field, File, Group, Message, NumberRange, Option, Service, map_types
from .optiondescriptors import escaped_bytes
from .resolving import Prefixes, Types, file_prefixes, inner_prefixes
from .visibility import available_files, visible_files

OptionWriter: TypeAlias = Callable[[Sequence[Option], Any, Prefixes], None]
"""Sets options of the tree in an options message."""

MAIN_NAME: Final = "default"
_LABELS: Final = {
    "optional": FieldDescriptorProto.LABEL_OPTIONAL,
    "required": FieldDescriptorProto.LABEL_REQUIRED,
    "repeated": FieldDescriptorProto.LABEL_REPEATED,
}
_SCALAR_TYPES: Final = {name: FieldDescriptorProto.Type.Value(f"TYPE_{name.upper()}") for name in SCALARS}


def file_descriptor(file: File, name: str, types: Types, write_options: OptionWriter) -> FileDescriptorProto:
    """The descriptor of a file: types absolute, JSON names filled in, map entries and synthetic oneofs made.

    Imports stand as written where somebody supplies them; files that are used without an import are added.
    """
    return _Encoder(file, types, write_options).file(name)


def no_options(_options: Sequence[Option], _target: Any, _prefixes: Prefixes) -> None:
    """An OptionWriter that leaves every option out."""


class _Encoder:
    """One file on its way to a descriptor."""

    def __init__(self, file: File, types: Types, write_options: OptionWriter) -> None:
        self.tree = file
        self.types = types
        self.write_options = write_options
        self.used_files: dict[str, None] = {}

    def file(self, name: str) -> FileDescriptorProto:
        file = self.tree
        prefixes = file_prefixes(file.package)
        target = FileDescriptorProto(name=name, package=file.package)
        if file.syntax is not None:
            target.syntax = file.syntax
        for message in file.messages:
            self.message(message, target.message_type.add(), inner_prefixes(prefixes, message.name))
        for enum in file.enums:
            self.enum(enum, target.enum_type.add(), prefixes)
        for service in file.services:
            self.service(service, target.service.add(), prefixes)
        self.extends(file.extends, target.extension, prefixes)
        self.options(file.options, target, prefixes)
        self.imports(target)
        return target

    def options(self, options: Sequence[Option], target: Any, prefixes: Prefixes) -> None:
        if options:
            self.write_options(options, target.options, prefixes)

    def imports(self, target: FileDescriptorProto) -> None:
        supplied = available_files(self.types)
        visible = visible_files(self.tree, self.types)
        written = [name for name in dict.fromkeys(self.tree.imports) if name in supplied]
        public = [name for name in dict.fromkeys(self.tree.public_imports) if name in supplied]
        missing = [name for name in self.used_files if name not in visible and name != target.name]
        target.dependency.extend([*written, *(name for name in public if name not in written), *missing])
        target.public_dependency.extend(list(target.dependency).index(name) for name in public)

    def message(self, message: Message, target: DescriptorProto, prefixes: Prefixes) -> None:
        target.name = message.name
        for field in message.fields:
            self.member(field, target, prefixes)
        for index, oneof in enumerate(message.oneofs):
            target.oneof_decl.add(name=oneof.name)
            self.options(oneof.options, target.oneof_decl[index], prefixes)
            for field in oneof.fields:
                self.member(field, target, prefixes).oneof_index = index
            for group in oneof.groups:
                self.group(group, target, prefixes).oneof_index = index
        for group in message.groups:
            self.group(group, target, prefixes)
        self.synthetic_oneofs(target)
        for nested in message.messages:
            self.message(nested, target.nested_type.add(), inner_prefixes(prefixes, nested.name))
        for enum in message.enums:
            self.enum(enum, target.enum_type.add(), prefixes)
        self.extends(message.extends, target.extension, prefixes)
        self.options(message.options, target, prefixes)
        _reserve(message.reserved, target, exclusive=1)
        for start, end in _ranges(message.extensions):
            target.extension_range.add(start=start, end=end + 1)

    def member(self, field: Field, target: DescriptorProto, prefixes: Prefixes) -> FieldDescriptorProto:
        made = target.field.add()
        pair = map_types(field.type)
        if pair is None:
            self.field(field, made, prefixes)
            return made
        entry = target.nested_type.add(name=_entry_name(field.name))
        entry.options.map_entry = True
        for number, (name, type_name) in enumerate(zip(("key", "value"), pair, strict=True), 1):
            self.field(Field("optional", type_name, name, number), entry.field.add(), prefixes)
            entry.field[-1].ClearField("proto3_optional")
        self.field(Field("repeated", f".{prefixes[0]}{entry.name}", field.name, field.number), made, prefixes)
        made.type = FieldDescriptorProto.TYPE_MESSAGE
        self.special(field, made, prefixes)
        return made

    def field(self, field: Field, target: FieldDescriptorProto, prefixes: Prefixes) -> None:
        target.name = field.name
        target.number = field.number
        target.label = _LABELS[field.label or "optional"]
        if field.label == "optional" and self.tree.is_proto3:
            target.proto3_optional = True
        if field.type in _SCALAR_TYPES:
            target.type = _SCALAR_TYPES[field.type]
        else:
            self.named(field.type, target, prefixes)
        self.special(field, target, prefixes)

    def special(self, field: Field, target: FieldDescriptorProto, prefixes: Prefixes) -> None:
        target.json_name = field.json_name if field.json_name is not None else default_json_name(field.name)
        if field.default is not None:
            target.default_value = escaped_bytes(field.default) if field.type == "bytes" else field.default
        self.options(field.options, target, prefixes)

    def named(self, name: str, target: FieldDescriptorProto, prefixes: Prefixes) -> None:
        found = self.types.resolve(name, prefixes)
        if found is None:
            target.type_name = name
            return
        target.type_name = "." + found.full_name
        is_enum = isinstance(found.node, Enum)
        target.type = FieldDescriptorProto.TYPE_ENUM if is_enum else FieldDescriptorProto.TYPE_MESSAGE
        self.used_files[found.file_name] = None

    def group(self, group: Group, target: DescriptorProto, prefixes: Prefixes) -> FieldDescriptorProto:
        inner = inner_prefixes(prefixes, group.name)
        nested = target.nested_type.add(name=group.name)
        for field in group.fields:
            self.member(field, nested, inner)
        return target.field.add(
            name=group.name.lower(),
            number=group.number,
            label=_LABELS[group.label or "optional"],
            type=FieldDescriptorProto.TYPE_GROUP,
            type_name="." + inner[0][:-1],
            json_name=default_json_name(group.name.lower()),
        )

    def synthetic_oneofs(self, target: DescriptorProto) -> None:
        taken = {field.name for field in target.field} | {oneof.name for oneof in target.oneof_decl}
        for field in target.field:
            if field.proto3_optional:
                name = f"_{field.name}"
                while name in taken:
                    name = f"X{name}"
                taken.add(name)
                field.oneof_index = len(target.oneof_decl)
                target.oneof_decl.add(name=name)

    def enum(self, enum: Enum, target: EnumDescriptorProto, prefixes: Prefixes) -> None:
        target.name = enum.name
        for constant in enum.constants:
            self.options(constant.options, target.value.add(name=constant.name, number=constant.number), prefixes)
        self.options(enum.options, target, prefixes)
        _reserve(enum.reserved, target, exclusive=0)

    def extends(self, extends: Iterable[Extend], target: Any, prefixes: Prefixes) -> None:
        for extend in extends:
            found = self.types.resolve(extend.name, prefixes)
            if found:
                self.used_files[found.file_name] = None
            for field in extend.fields:
                made = target.add(extendee=f".{found.full_name}" if found else extend.name)
                self.field(field, made, prefixes)

    def service(self, service: Service, target: ServiceDescriptorProto, prefixes: Prefixes) -> None:
        target.name = service.name
        for rpc in service.rpcs:
            method = target.method.add(
                name=rpc.name,
                input_type=self.absolute(rpc.request, prefixes),
                output_type=self.absolute(rpc.response, prefixes),
            )
            if rpc.request_streams:
                method.client_streaming = True
            if rpc.response_streams:
                method.server_streaming = True
            self.options(rpc.options, method, prefixes)
        self.options(service.options, target, prefixes)

    def absolute(self, name: str, prefixes: Prefixes) -> str:
        found = self.types.resolve(name, prefixes)
        if found is None:
            return name
        self.used_files[found.file_name] = None
        return "." + found.full_name


def _entry_name(field_name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in field_name.split("_")) + "Entry"


def _ranges(statements: Iterable[tuple[NumberRange, ...]]) -> list[tuple[int, int]]:
    values = [value for statement in statements for value in statement if not isinstance(value, str)]
    return [value if isinstance(value, tuple) else (value, value) for value in values]


def _reserve(statements: Sequence[tuple[NumberRange, ...]], target: Any, *, exclusive: int) -> None:
    for start, end in _ranges(statements):
        target.reserved_range.add(start=start, end=end + exclusive)
    target.reserved_name.extend(value for values in statements for value in values if isinstance(value, str))
