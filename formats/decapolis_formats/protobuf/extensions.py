"""The tree without extensions and custom options, for `format=ignore_extensions`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .nodes import Enum, Field, File, Message, OneOf, Option


def without_extensions(file: File) -> File:
    """The tree without extend and extensions statements and without custom options but Confluent's own."""
    return replace(
        file,
        options=_plain(file.options),
        messages=tuple(_message(message) for message in file.messages),
        enums=tuple(_enum(enum) for enum in file.enums),
        extends=(),
        services=tuple(
            replace(
                service,
                options=_plain(service.options),
                rpcs=tuple(replace(rpc, options=_plain(rpc.options)) for rpc in service.rpcs),
            )
            for service in file.services
        ),
    )


def _plain(options: Sequence[Option]) -> tuple[Option, ...]:
    return tuple(option for option in options if not option.custom or option.name.startswith("confluent."))


def _message(message: Message) -> Message:
    return replace(
        message,
        fields=_fields(message.fields),
        oneofs=tuple(_oneof(oneof) for oneof in message.oneofs),
        groups=tuple(replace(group, fields=_fields(group.fields)) for group in message.groups),
        messages=tuple(_message(nested) for nested in message.messages),
        enums=tuple(_enum(enum) for enum in message.enums),
        options=_plain(message.options),
        extensions=(),
        extends=(),
    )


def _oneof(oneof: OneOf) -> OneOf:
    return replace(oneof, fields=_fields(oneof.fields), options=_plain(oneof.options))


def _fields(fields: Sequence[Field]) -> tuple[Field, ...]:
    return tuple(replace(field, options=_plain(field.options)) if field.options else field for field in fields)


def _enum(enum: Enum) -> Enum:
    constants = tuple(replace(constant, options=_plain(constant.options)) for constant in enum.constants)
    return replace(enum, constants=constants, options=_plain(enum.options))
