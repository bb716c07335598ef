"""The tree behind the normal text: sorted, names made absolute, options merged (compatibility.md 5.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from decapolis_formats.errors import InvalidSchema

from .nodes import (
    SCALARS,
    Enum,
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
    map_types,
)
from .optionmerging import normal_options
from .printing import special_options
from .resolving import Prefixes, Types, file_prefixes, inner_prefixes

_AFTER_ALL_NUMBERS: Final = 2**31 - 1


def normal_file(file: File, types: Types) -> File:
    """The tree in its normal order; InvalidSchema where a name in it means nothing."""
    return _Normalizer(types).file(file)


class _Normalizer:
    """The types that names are looked up in."""

    def __init__(self, types: Types) -> None:
        self.types = types

    def file(self, file: File) -> File:
        prefixes = file_prefixes(file.package)
        return File(
            "proto3" if file.is_proto3 else None,
            file.package,
            tuple(sorted(set(file.imports))),
            tuple(sorted(set(file.public_imports))),
            self.options(file.options, prefixes),
            self.messages(file.messages, prefixes),
            tuple(self.enum(enum, prefixes) for enum in file.enums),
            self.extends(file.extends, prefixes),
            tuple(self.service(service, prefixes) for service in file.services),
            _vanished(file),
        )

    def options(self, options: Sequence[Option], prefixes: Prefixes) -> tuple[Option, ...]:
        return normal_options(options, self.types, prefixes) if options else ()

    def messages(self, messages: Sequence[Message], prefixes: Prefixes) -> tuple[Message, ...]:
        # the entries of map fields come back inside the fields' types
        return tuple(
            self.message(message, inner_prefixes(prefixes, message.name))
            for message in messages
            if not message.is_map_entry
        )

    def message(self, message: Message, prefixes: Prefixes) -> Message:
        return Message(
            message.name,
            self.fields(message.fields, prefixes),
            self.oneofs(message.oneofs, prefixes),
            self.groups(message.groups, prefixes),
            self.messages(message.messages, prefixes),
            tuple(self.enum(enum, inner_prefixes(prefixes, enum.name)) for enum in message.enums),
            self.options(message.options, prefixes),
            _normal_ranges(message.reserved),
            _normal_ranges(message.extensions),
            self.extends(message.extends, prefixes),
            _vanished(message),
        )

    def fields(self, fields: Iterable[Field], prefixes: Prefixes) -> tuple[Field, ...]:
        ordered = sorted(fields, key=lambda field: field.number)
        return tuple(self.field(field, prefixes) for field in ordered)

    def field(self, field: Field, prefixes: Prefixes) -> Field:
        type_name = field.type
        if type_name in SCALARS and not field.options and field.default is None and field.json_name is None:
            return field
        type_name = self.field_type(type_name, prefixes)
        label = None if type_name.startswith("map<") else field.label
        options = self.options([*field.options, *special_options(replace(field, type=type_name))], prefixes)
        return Field(label, type_name, field.name, field.number, options)

    def field_type(self, type_name: str, prefixes: Prefixes) -> str:
        if type_name in SCALARS:
            return type_name
        pair = map_types(type_name)
        if pair is None:
            found = self.types.resolve(type_name, prefixes)
            if found is None:
                raise InvalidSchema(f"The type {type_name} is not known; is a reference or an import missing?")
            if not found.is_map_entry or not isinstance(found.node, Message):
                return "." + found.full_name
            key, value = found.node.member("key"), found.node.member("value")
            if key is None or value is None:
                raise InvalidSchema(f"The map entry {found.full_name} has no key or no value")
            pair = (key.type, value.type)
        value_type = self.types.resolve(pair[1], prefixes)
        return f"map<{pair[0]}, {'.' + value_type.full_name if value_type else pair[1]}>"

    def absolute(self, name: str, prefixes: Prefixes) -> str:
        found = self.types.resolve(name, prefixes)
        if found is None:
            raise InvalidSchema(f"The type {name} is not known; is a reference or an import missing?")
        return "." + found.full_name

    def oneofs(self, oneofs: Sequence[OneOf], prefixes: Prefixes) -> tuple[OneOf, ...]:
        filled = [
            OneOf(
                oneof.name,
                self.fields(oneof.fields, prefixes),
                self.groups(oneof.groups, prefixes),
                self.options(oneof.options, prefixes),
            )
            for oneof in oneofs
            if oneof.fields
        ]
        return tuple(sorted(filled, key=lambda oneof: oneof.fields[0].number))

    def groups(self, groups: Sequence[Group], prefixes: Prefixes) -> tuple[Group, ...]:
        return tuple(
            Group(group.label, group.name, group.number, self.fields(group.fields, prefixes))
            for group in sorted(groups, key=lambda group: group.number)
        )

    def extends(self, extends: Sequence[Extend], prefixes: Prefixes) -> tuple[Extend, ...]:
        together: dict[str, list[Field]] = {}
        for extend in extends:
            for field in extend.fields:
                together.setdefault(self.absolute(extend.name, prefixes), []).append(field)
        return tuple(Extend(name, self.fields(fields, prefixes)) for name, fields in together.items())

    def enum(self, enum: Enum, prefixes: Prefixes) -> Enum:
        constants = sorted(enum.constants, key=lambda constant: (constant.number, constant.name))
        return Enum(
            enum.name,
            tuple(replace(each, options=self.options(each.options, prefixes)) for each in constants),
            self.options(enum.options, prefixes),
            _normal_ranges(enum.reserved),
        )

    def service(self, service: Service, prefixes: Prefixes) -> Service:
        return Service(
            service.name,
            tuple(self.rpc(rpc, prefixes) for rpc in service.rpcs),
            self.options(service.options, prefixes),
        )

    def rpc(self, rpc: Rpc, prefixes: Prefixes) -> Rpc:
        return replace(
            rpc,
            request=self.absolute(rpc.request, prefixes),
            response=self.absolute(rpc.response, prefixes),
            options=self.options(rpc.options, prefixes),
        )


def _vanished(node: File | Message) -> frozenset[str]:
    """The sections of which nothing is left because nothing in them has fields."""
    holders: dict[str, Sequence[OneOf | Extend]] = {"extends": node.extends}
    if isinstance(node, Message):
        holders["oneofs"] = node.oneofs
    return frozenset(name for name, inside in holders.items() if inside and not any(holder.fields for holder in inside))


def _normal_ranges(statements: Sequence[tuple[NumberRange, ...]]) -> tuple[tuple[NumberRange, ...], ...]:
    """One statement for each value, sorted by the first number, names last."""
    values = sorted((value for statement in statements for value in statement), key=_order)
    return tuple((_shortest(value),) for value in values)


def _order(value: NumberRange) -> tuple[int, str]:
    if isinstance(value, tuple):
        return value[0], f"{value[0]}..{value[1]}"
    return (_AFTER_ALL_NUMBERS, value) if isinstance(value, str) else (value, str(value))


def _shortest(value: NumberRange) -> NumberRange:
    return value[0] if isinstance(value, tuple) and value[0] == value[1] else value
