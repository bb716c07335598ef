"""Edits of Protobuf schemas: what is gone comes back under its number, a number never gets another meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from decapolis_formats.protobuf.nodes import LARGEST_NUMBER, Field, Message, OneOf
from decapolis_formats.protobuf.printing import printed
from decapolis_formats.protobuf.schema import ProtobufSchema

from . import Edits

_KEPT_FOR_PROTOBUF: Final = range(19_000, 20_000)
_OTHER_TYPES: Final = frozenset(
    {"FIELD_KIND_CHANGED", "FIELD_SCALAR_KIND_CHANGED", "FIELD_NAMED_TYPE_CHANGED", "FIELD_NUMERIC_LABEL_CHANGED"}
)

BEYOND: Final = ("SCHEMA_TYPE_CHANGED", "HISTORY_UNREADABLE")
"""Beginnings of the names of differences that no edit here undoes."""


def edited(new: ProtobufSchema, old: ProtobufSchema, edits: Edits) -> str:
    """The text of `new`, edited so that it may follow `old`; Protobuf breaks in both directions alike."""
    file, before = new.file, old.file
    if file.package != before.package:
        edits.tell(f"keep the package {before.package}" if before.package else "leave the package out")
    messages = _messages(file.messages, before.messages, "", edits)
    return printed(replace(file, package=before.package, messages=messages))


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
    place = "#/" + path.replace(".", "/") + "/"
    broken = {each.path.removeprefix(place): each.type for each in edits.broken if each.path.startswith(place)}
    if any("ONEOF" in each for each in broken.values()):
        new = _with_members_in_place(new, old, path, edits)
    new = _with_required_settled(new, old, path, edits)
    homes = {oneof.name for oneof in (*new.oneofs, *old.oneofs)}
    tails = (tail.rpartition("/") for tail, type in broken.items() if type in _OTHER_TYPES)
    # a field, or a member of a oneof; what is longer belongs to a nested message
    numbers = {int(number) for home, _, number in tails if not home or home in homes}
    if numbers:
        new = _with_numbers_reserved(new, old, path, numbers, edits)
    return replace(new, messages=_messages(new.messages, old.messages, f"{path}.", edits))


def _with_members_in_place(new: Message, old: Message, path: str, edits: Edits) -> Message:
    """Fields are in or out of a oneof as they were, and members that are gone come back, their number being free."""
    homes = {field.number: oneof.name for oneof in old.oneofs for field in oneof.fields}
    known = {field.number: field for field in old.all_fields()}
    taken = _numbers(new)
    plain: list[Field] = []
    inside: dict[str, list[Field]] = {oneof.name: [] for oneof in new.oneofs}
    for field, home in _placed(new):
        new_member = field.number not in known and any(oneof.name == home for oneof in old.oneofs)
        # old readers would miss which member is set
        wanted = homes.get(field.number, None if field.number in known or (new_member and edits.forward) else home)
        if wanted != home:
            there = f"in the oneof '{wanted}'" if wanted else f"out of the oneof '{home}'"
            edits.tell(f"keep the field '{field.name}' of {path} {there}")
        label = None if wanted else known[field.number].label if field.number in known else "optional"
        moved = field if wanted == home else replace(field, label=label)
        (inside.setdefault(wanted, []) if wanted else plain).append(moved)
    for oneof in old.oneofs:
        gone = [field for field in oneof.fields if field.number not in taken]
        if gone and inside.get(oneof.name):
            inside[oneof.name] += gone
            for field in gone:
                edits.tell(f"keep the field '{field.name}' in the oneof '{oneof.name}' of {path}")
    shapes = {oneof.name: oneof for oneof in (*old.oneofs, *new.oneofs)}
    oneofs = tuple(replace(shapes[name], fields=tuple(fields)) for name, fields in inside.items() if fields)
    return replace(new, fields=tuple(plain), oneofs=oneofs)


def _placed(message: Message) -> Iterator[tuple[Field, str | None]]:
    yield from ((field, None) for field in message.fields)
    yield from ((field, oneof.name) for oneof in message.oneofs for field in oneof.fields)


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


def _with_numbers_reserved(new: Message, old: Message, path: str, numbers: set[int], edits: Edits) -> Message:
    """A field whose type changed gets a number of its own, and its old number is reserved.

    A member that may not leave its oneof keeps its type instead.
    """
    free = _free_numbers(new, old)
    members = {field.number: field for oneof in old.oneofs for field in oneof.fields}
    reserved: list[int] = []

    def settled(field: Field) -> Field:
        if field.number not in numbers:
            return field
        if field.number in members:
            edits.tell(f"keep the type of the field '{field.name}' of {path}")
            return replace(field, type=members[field.number].type)
        number = next(free)
        edits.tell(f"reserve the number {field.number} of {path} and give the field '{field.name}' the number {number}")
        reserved.append(field.number)
        return replace(field, number=number)

    def all_settled(oneof: OneOf) -> OneOf:
        return replace(oneof, fields=tuple(map(settled, oneof.fields)))

    fields, oneofs = tuple(map(settled, new.fields)), tuple(map(all_settled, new.oneofs))
    statements = (*new.reserved, tuple(reserved)) if reserved else new.reserved
    return replace(new, fields=fields, oneofs=oneofs, reserved=statements)


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
