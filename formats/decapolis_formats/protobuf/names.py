"""Whether every name that must mean something does (compatibility.md 5.1)."""

from __future__ import annotations

from collections.abc import Iterable

from decapolis_formats.errors import InvalidSchema

from .nodes import SCALARS, Extend, Field, File, Message
from .resolving import Prefixes, Types, file_prefixes, inner_prefixes


def check_names(file: File, types: Types) -> None:
    """InvalidSchema at the first unknown type of a field, method or extension; those in maps may be so."""
    prefixes = file_prefixes(file.package)
    _check_extends(file.extends, types, prefixes, file.package or "the file")
    waiting = [(prefixes, message) for message in file.messages]
    for prefixes, message in waiting:
        if not message.is_map_entry:
            inner = inner_prefixes(prefixes, message.name)
            _check_message(message, types, inner)
            waiting.extend((inner, nested) for nested in message.messages)
    for service in file.services:
        for rpc in service.rpcs:
            for name in (rpc.request, rpc.response):
                _check(name, types, file_prefixes(file.package), f"{service.name}.{rpc.name}")


def _check_message(message: Message, types: Types, prefixes: Prefixes) -> None:
    _check_fields(message.fields, types, prefixes, message.name)
    for oneof in message.oneofs:
        _check_fields(oneof.fields, types, prefixes, message.name)
        if oneof.fields:
            for group in oneof.groups:
                _check_fields(group.fields, types, prefixes, group.name)
    for group in message.groups:
        _check_fields(group.fields, types, prefixes, group.name)
    _check_extends(message.extends, types, prefixes, message.name)


def _check_extends(extends: Iterable[Extend], types: Types, prefixes: Prefixes, where: str) -> None:
    for extend in extends:
        if extend.fields:
            _check(extend.name, types, prefixes, where)
            _check_fields(extend.fields, types, prefixes, where)


def _check_fields(fields: Iterable[Field], types: Types, prefixes: Prefixes, where: str) -> None:
    for field in fields:
        if field.type not in SCALARS and not field.type.startswith("map<"):
            _check(field.type, types, prefixes, f"{where}.{field.name}")


def _check(name: str, types: Types, prefixes: Prefixes, where: str) -> None:
    if types.resolve(name, prefixes) is None:
        raise InvalidSchema(f"{where}: the type {name} is not known; is a reference or an import missing?")
