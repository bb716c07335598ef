"""Edits of Protobuf schemas: what is gone comes back under its number, a number never gets another meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from decapolis_formats.protobuf.nodes import LARGEST_NUMBER, Field, Message
from decapolis_formats.protobuf.printing import printed
from decapolis_formats.protobuf.schema import ProtobufSchema

from . import Edits

_KEPT_FOR_PROTOBUF: Final = range(19_000, 20_000)
# scalar types that read what another one of the same row wrote
_FAMILIES: Final = (
    {"int32", "int64", "uint32", "uint64", "bool"},
    {"sint32", "sint64"},
    {"string", "bytes"},
    {"fixed32", "sfixed32"},
    {"fixed64", "sfixed64"},
)

BEYOND: Final = ("PACKAGE_CHANGED", "MULTIPLE_FIELDS_MOVED_TO_ONEOF", "FIELD_MOVED_TO_EXISTING_ONEOF")
"""Beginnings of the names of differences that no edit here undoes."""


def edited(new: ProtobufSchema, old: ProtobufSchema, edits: Edits) -> str:
    """The text of `new`, edited so that it may follow `old`; Protobuf breaks in both directions alike."""
    file = new.file
    return printed(replace(file, messages=_messages(file.messages, old.file.messages, "", edits)))


def _messages(new: tuple[Message, ...], old: tuple[Message, ...], prefix: str, edits: Edits) -> tuple[Message, ...]:
    before = {message.name: message for message in old}
    settled = tuple(
        _message(message, before[message.name], prefix, edits) if message.name in before else message for message in new
    )
    names = {message.name for message in new}
    gone = tuple(message for message in old if message.name not in names) if edits.backward else ()
    for message in gone:
        edits.tell(f"keep the message {prefix}{message.name}")
    return settled + gone


def _message(new: Message, old: Message, prefix: str, edits: Edits) -> Message:
    path = f"{prefix}{new.name}"
    new = _with_members_kept(new, old, path, edits)
    new = _with_required_settled(new, old, path, edits)
    new = _with_numbers_reserved(new, old, path, edits)
    return replace(new, messages=_messages(new.messages, old.messages, f"{path}.", edits))


def _with_members_kept(new: Message, old: Message, path: str, edits: Edits) -> Message:
    """Members that left a oneof come back into it, unless the oneof is gone or their number is used."""
    taken = _numbers(new)
    before = {oneof.name: oneof for oneof in old.oneofs}
    oneofs = []
    for oneof in new.oneofs:
        gone = (
            [field for field in before[oneof.name].fields if field.number not in taken] if oneof.name in before else []
        )
        for field in gone:
            edits.tell(f"keep the field '{field.name}' in the oneof '{oneof.name}' of {path}")
        oneofs.append(replace(oneof, fields=(*oneof.fields, *gone)))
    return replace(new, oneofs=tuple(oneofs))


def _with_required_settled(new: Message, old: Message, path: str, edits: Edits) -> Message:
    before = {field.number: field for field in old.fields}
    fields = []
    for field in new.fields:
        if field.label == "required" and field.number not in before:
            edits.tell(f"make the field '{field.name}' of {path} optional")
            fields.append(replace(field, label="optional"))
        else:
            fields.append(field)
    numbers = _numbers(new)
    gone = [field for field in old.fields if field.label == "required" and field.number not in numbers]
    for field in gone:
        edits.tell(f"keep the required field '{field.name}' of {path}")
    return replace(new, fields=(*fields, *gone))


def _with_numbers_reserved(new: Message, old: Message, path: str, edits: Edits) -> Message:
    """A plain field whose type changed gets a number of its own, and its old number is reserved."""
    before = {field.number: field for field in old.all_fields()}
    free = _free_numbers(new, old)
    fields, reserved = [], []
    for field in new.fields:
        earlier = before.get(field.number)
        if earlier is None or _same_kind(field, earlier, new, old):
            fields.append(field)
            continue
        number = next(free)
        what = f"reserve the number {field.number} of {path} and give the field '{field.name}' the number {number}"
        edits.tell(what)
        reserved.append(field.number)
        fields.append(replace(field, number=number))
    if not reserved:
        return new
    return replace(new, fields=tuple(fields), reserved=(*new.reserved, tuple(reserved)))


def _same_kind(field: Field, earlier: Field, new: Message, old: Message) -> bool:
    one, other = field.type.removeprefix("."), earlier.type.removeprefix(".")
    if (field.label == "repeated") is not (earlier.label == "repeated"):
        return one == other and one in {"string", "bytes"}
    enums = {enum.name for message in (new, old) for enum in message.enums}
    if one == other or (one in enums and other in enums):
        return True
    return any({one, other} <= family for family in _FAMILIES)


def _numbers(message: Message) -> set[int]:
    return {field.number for field in message.all_fields()} | {group.number for group in message.groups}


def _free_numbers(new: Message, old: Message) -> Iterator[int]:
    highest = max(_numbers(new) | _numbers(old), default=0)
    for statement in (*new.reserved, *new.extensions, *old.reserved):
        for each in statement:
            end = each[1] if isinstance(each, tuple) else each
            if isinstance(end, int) and end < LARGEST_NUMBER:
                highest = max(highest, end)
    for number in range(highest + 1, LARGEST_NUMBER):
        if number not in _KEPT_FOR_PROTOBUF:
            yield number
