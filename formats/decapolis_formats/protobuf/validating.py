"""What must hold so that a complete descriptor can be built: asked for with `validate_fields` only.

Much that protoc refuses is taken, as the dialect does: reserved numbers in use, aliases, enums without zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from decapolis_formats.errors import InvalidSchema

from .meaning import Kind, meaning_of
from .nodes import SCALARS, Enum, Extend, Field, File, Message, Service, Word, map_types
from .resolving import Prefixes, Type, Types, file_prefixes, inner_prefixes
from .visibility import visible_files

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WHOLE: Final = re.compile(r"-?(0[xX][0-9A-Fa-f]+|[0-9]+)")
_BITS: Final = {"int32": 32, "sint32": 32, "sfixed32": 32, "uint32": 32, "fixed32": 32}
_UNSIGNED: Final = frozenset({"uint32", "uint64", "fixed32", "fixed64"})


def check_descriptor(file: File, types: Types) -> None:
    """InvalidSchema at the first thing that keeps the file from becoming a descriptor."""
    _Check(file, types).file()


class _Check:
    """The names taken so far and the files that may be used."""

    def __init__(self, file: File, types: Types) -> None:
        self.tree = file
        self.types = types
        self.taken: set[str] = set()
        self.visible = visible_files(file, types)

    def file(self) -> None:
        file = self.tree
        for part in (file.package or "package").split("."):
            _identifier(part, "The package")
        prefixes = file_prefixes(file.package)
        for enum in file.enums:
            self.enum(enum, prefixes)
        waiting = [(prefixes, message) for message in file.messages]
        for outer, message in waiting:
            inner = inner_prefixes(outer, message.name)
            self.claim(outer, message.name)
            self.message(message, inner)
            waiting.extend((inner, nested) for nested in message.messages)
        self.extends(file.extends, prefixes)
        for service in file.services:
            self.service(service, prefixes)

    def claim(self, prefixes: Prefixes, name: str) -> None:
        _identifier(name, "A name")
        full_name = prefixes[0] + name
        if full_name in self.taken:
            raise InvalidSchema(f"The name {full_name} is used twice")
        self.taken.add(full_name)

    def enum(self, enum: Enum, prefixes: Prefixes) -> None:
        self.claim(prefixes, enum.name)
        if not enum.constants:
            raise InvalidSchema(f"The enum {enum.name} has no constants")
        for constant in enum.constants:  # constants are names of the scope around the enum
            self.claim(prefixes, constant.name)

    def message(self, message: Message, prefixes: Prefixes) -> None:
        for enum in message.enums:
            self.enum(enum, prefixes)
        for oneof in message.oneofs:
            self.claim(prefixes, oneof.name)
        numbers: set[int] = set()
        for field in message.all_fields():
            self.claim(prefixes, field.name)
            if field.number in numbers:
                raise InvalidSchema(f"{message.name}: the number {field.number} is used twice")
            numbers.add(field.number)
            self.field(field, prefixes, message.name)
        self.extends(message.extends, prefixes)

    def extends(self, extends: Iterable[Extend], prefixes: Prefixes) -> None:
        for extend in extends:
            target = self.message_named(extend.name, prefixes, "extend")
            for field in extend.fields:
                self.claim(prefixes, field.name)
                self.field(field, prefixes, extend.name)
                if isinstance(target.node, Message) and not _is_extensible(target.node, field.number):
                    raise InvalidSchema(f"{extend.name} does not leave the number {field.number} to extensions")

    def service(self, service: Service, prefixes: Prefixes) -> None:
        self.claim(prefixes, service.name)
        for rpc in service.rpcs:
            self.claim(inner_prefixes(prefixes, service.name), rpc.name)
            self.message_named(rpc.request, prefixes, service.name)
            self.message_named(rpc.response, prefixes, service.name)

    def message_named(self, name: str, prefixes: Prefixes, where: str) -> Type:
        found = self.declared(name, prefixes, where)
        if not isinstance(found.node, Message):
            raise InvalidSchema(f"{where}: {name} is no message")
        return found

    def declared(self, name: str, prefixes: Prefixes, where: str) -> Type:
        found = self.types.resolve(name, prefixes)
        if found is None:
            raise InvalidSchema(f"{where}: the type {name} is not known")
        if found.file_name not in self.visible:
            raise InvalidSchema(f'{where}: the type {name} needs import "{found.file_name}"')
        return found

    def field(self, field: Field, prefixes: Prefixes, where: str) -> None:
        here = f"{where}.{field.name}"
        if field.number <= 0:
            raise InvalidSchema(f"{here}: the number {field.number} is not positive")
        for name in map_types(field.type) or (field.type,):
            if name not in SCALARS:
                self.declared(name, prefixes, here)
        meaning = meaning_of(field.type, prefixes, self.types)
        scalar = meaning.kind is Kind.SCALAR
        packed = any(option.name == "packed" and option.value == Word("true") for option in field.options)
        if packed and (field.label != "repeated" or not scalar or field.type in ("string", "bytes")):
            raise InvalidSchema(f"{here}: only repeated numbers can be packed")
        if field.default is not None:
            if field.label == "repeated" or not scalar:
                raise InvalidSchema(f"{here}: only single scalars can have a default")
            _default(field.default, field.type, meaning.enum, here)


def _identifier(name: str, what: str) -> None:
    if not _IDENTIFIER.fullmatch(name):
        raise InvalidSchema(f"{what} must be letters, digits and underscores: '{name[:60]}'")


def _is_extensible(message: Message, number: int) -> bool:
    return any(
        number == value if not isinstance(value, tuple) else value[0] <= number <= value[1]
        for values in message.extensions
        for value in values
    )


def _default(value: str, type_name: str, enum: Enum | None, where: str) -> None:
    if enum is not None:
        fits = any(constant.name == value for constant in enum.constants)
    elif type_name in ("float", "double"):
        fits = _is_number(value)
    elif type_name in ("bool", "string", "bytes"):
        fits = True
    else:
        fits = _is_whole(value, type_name)
    if not fits:
        raise InvalidSchema(f"{where}: the default {value[:60]} is no {enum.name if enum else type_name}")


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _is_whole(value: str, type_name: str) -> bool:
    if len(value) > 30 or not _WHOLE.fullmatch(value):
        return False
    number = int(value, 16) if "x" in value.lower() else int(value)
    bits = _BITS.get(type_name, 64)
    largest = (1 << bits if type_name in _UNSIGNED else 1 << bits - 1) - 1
    smallest = 0 if type_name in _UNSIGNED else -largest - 1
    return smallest <= number <= largest
