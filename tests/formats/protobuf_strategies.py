"""Random Protobuf schemas and edits, as trees that the engine prints, and random messages of the runtime."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from hypothesis import strategies as st

from decapolis_formats.protobuf.nodes import Enum, EnumConstant, Field, File, Message, OneOf

EXAMPLES = int(os.environ.get("DECAPOLIS_PROPERTY_EXAMPLES", "20"))
SCALARS = (
    *("int32", "int64", "uint32", "uint64", "sint32", "sint64", "bool", "string", "bytes"),
    *("fixed32", "fixed64", "sfixed32", "sfixed64", "float", "double"),
)
KEYS = ("int32", "int64", "string", "bool", "uint32")
ENUMS = ("Color", "Shape")
MESSAGES = ("One", "Two", "Three")


@st.composite
def files(draw: st.DrawFn) -> File:
    """A file of up to three messages that refer to each other, and two enums."""
    proto3 = draw(st.booleans())
    messages = tuple(draw(messages_named(name, proto3)) for name in MESSAGES[: draw(st.integers(1, 3))])
    kept = tuple(message.name for message in messages)
    enums = tuple(Enum(name, draw(constants(name))) for name in ENUMS)
    file = File("proto3" if proto3 else "proto2", draw(st.sampled_from([None, "a.b"])), messages=messages, enums=enums)
    return _without_dangling(file, kept)


@st.composite
def constants(draw: st.DrawFn, name: str) -> tuple[EnumConstant, ...]:
    numbers = draw(st.lists(st.integers(1, 5), unique=True, max_size=3))
    return tuple(EnumConstant(f"{name.upper()}_{number}", number) for number in (0, *numbers))


@st.composite
def messages_named(draw: st.DrawFn, name: str, proto3: bool) -> Message:
    numbers = iter(range(1, 40))
    fields = [draw(fields_numbered(next(numbers), proto3)) for _ in range(draw(st.integers(0, 5)))]
    oneofs = []
    for index in range(draw(st.integers(0, 2))):
        members = [
            replace(draw(fields_numbered(next(numbers), proto3, single=True)), label=None)
            for _ in range(draw(st.integers(1, 3)))
        ]
        oneofs.append(OneOf(f"choice{index}", tuple(members)))
    return Message(name, tuple(fields), tuple(oneofs))


@st.composite
def fields_numbered(draw: st.DrawFn, number: int, proto3: bool, *, single: bool = False) -> Field:
    kind = draw(st.sampled_from(["scalar", "scalar", "scalar", "named"] + ([] if single else ["map"])))
    if kind == "map":
        value = draw(st.sampled_from((*SCALARS, *ENUMS, *MESSAGES)))
        return Field(None, f"map<{draw(st.sampled_from(KEYS))}, {value}>", f"f{number}", number)
    type_name = draw(st.sampled_from(SCALARS if kind == "scalar" else (*ENUMS, *MESSAGES)))
    return Field(draw(labels(type_name, proto3)), type_name, f"f{number}", number)


@st.composite
def labels(draw: st.DrawFn, type_name: str, proto3: bool) -> str | None:
    if proto3:
        return draw(st.sampled_from([None, "optional", "repeated"]))
    # a required message that holds itself has no finite value
    return draw(st.sampled_from(["optional", "repeated"] + (["required"] if type_name in SCALARS else [])))


def _without_dangling(file: File, kept: tuple[str, ...]) -> File:
    gone = tuple(name for name in MESSAGES if name not in kept)

    def known(field: Field) -> bool:
        return not any(field.type == name or field.type.endswith(f" {name}>") for name in gone)

    return replace(
        file,
        messages=tuple(
            replace(
                message,
                fields=tuple(filter(known, message.fields)),
                oneofs=tuple(
                    replace(oneof, fields=tuple(filter(known, oneof.fields)))
                    for oneof in message.oneofs
                    if any(map(known, oneof.fields))
                ),
            )
            for message in file.messages
        ),
    )


@st.composite
def edited(draw: st.DrawFn, file: File) -> File:
    """The file after one to three edits such as people make."""
    for _ in range(draw(st.integers(1, 3))):
        file = draw(st.sampled_from([_edit_field, _edit_field, _edit_field, _edit_members, _edit_enum]))(draw, file)
    kept = tuple(message.name for message in file.messages)
    return _without_dangling(file, kept)


def _edit_enum(draw: st.DrawFn, file: File) -> File:
    index = draw(st.integers(0, len(file.enums) - 1))
    enums = list(file.enums)
    enums[index] = Enum(enums[index].name, draw(constants(enums[index].name)))
    return replace(file, enums=tuple(enums))


def _edit_field(draw: st.DrawFn, file: File) -> File:
    """Another type, label or name for a plain field or a member of a oneof."""
    at = draw(st.integers(0, len(file.messages) - 1))
    message = file.messages[at]
    numbers = [field.number for field in message.all_fields()]
    if not numbers:
        return file
    number = draw(st.sampled_from(numbers))
    new = draw(fields_numbered(number, file.is_proto3))
    single = draw(fields_numbered(number, file.is_proto3, single=True))
    what = draw(st.sampled_from(["type", "label", "name", "all"]))
    fields = tuple(_changed(field, new, what) if field.number == number else field for field in message.fields)
    oneofs = tuple(
        replace(
            oneof,
            fields=tuple(
                replace(field, type=single.type) if field.number == number else field for field in oneof.fields
            ),
        )
        for oneof in message.oneofs
    )
    return _with_message(file, at, replace(message, fields=fields, oneofs=oneofs))


def _changed(old: Field, new: Field, what: str) -> Field:
    if what == "name":
        return replace(old, name=f"{old.name}x")
    if what == "all" or old.type.startswith("map<") or new.type.startswith("map<"):
        return new
    if what == "label":
        return replace(old, label=new.label if old.type in SCALARS or new.label != "required" else "optional")
    return replace(old, type=new.type, label="optional" if old.label == "required" else old.label)


def _edit_members(draw: st.DrawFn, file: File) -> File:
    """A field added, removed, or moved into or out of a oneof."""
    at = draw(st.integers(0, len(file.messages) - 1))
    message = file.messages[at]
    label = None if file.is_proto3 else "optional"
    what = draw(st.sampled_from(["add", "remove", "in", "out"]))
    movable = [field for field in message.fields if field.label != "repeated" and "map<" not in field.type]
    if what == "add":
        new = draw(fields_numbered(draw(st.integers(41, 43)), file.is_proto3))
        if any(field.number == new.number for field in message.all_fields()):
            return file
        return _with_message(file, at, replace(message, fields=(*message.fields, new)))
    if what == "in" and movable:
        moved = draw(st.lists(st.sampled_from(movable), min_size=1, max_size=2, unique_by=lambda field: field.number))
        members = tuple(replace(field, label=None) for field in moved)
        oneofs = [*message.oneofs, OneOf(f"moved{len(message.oneofs)}", members)]
        if message.oneofs and draw(st.booleans()):
            first = message.oneofs[0]
            oneofs = [replace(first, fields=(*first.fields, *members)), *message.oneofs[1:]]
        fields = tuple(field for field in message.fields if field not in moved)
        return _with_message(file, at, replace(message, fields=fields, oneofs=tuple(oneofs)))
    if what == "out" and message.oneofs:
        out = tuple(replace(field, label=label) for field in message.oneofs[0].fields)
        return _with_message(file, at, replace(message, fields=message.fields + out, oneofs=message.oneofs[1:]))
    return _with_message(file, at, replace(message, fields=message.fields[:-1]))


def _with_message(file: File, at: int, message: Message) -> File:
    return replace(file, messages=(*file.messages[:at], message, *file.messages[at + 1 :]))


_WHOLE = {"32": 32, "64": 64}


def _values(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.enum_type is not None:
        return st.sampled_from([value.number for value in field.enum_type.values])
    kind = field.type
    if kind == FieldDescriptor.TYPE_STRING:
        return st.text(max_size=5)
    if kind == FieldDescriptor.TYPE_BYTES:
        return st.binary(max_size=5)
    if kind == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    if kind == FieldDescriptor.TYPE_DOUBLE:
        return st.floats(allow_nan=False)
    if kind == FieldDescriptor.TYPE_FLOAT:
        return st.floats(allow_nan=False, width=32)
    bits = 32 if field.cpp_type in (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32) else 64
    unsigned = field.cpp_type in (FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64)
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return st.sampled_from([low, high, 0 if unsigned else -1, 1, 5]) | st.integers(low, high)


def fill(draw: st.DrawFn, message: Any, depth: int = 0) -> None:
    """Sets random fields of a message of the runtime, required ones always."""
    for field in message.DESCRIPTOR.fields:
        if not field.is_required and not draw(st.booleans()):
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            _fill_map(draw, message, field, depth)
        elif field.message_type is not None:
            if depth < 2:
                _fill_messages(draw, message, field, depth)
        elif field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(_values(field), max_size=3)))
        else:
            setattr(message, field.name, draw(_values(field)))


def _fill_messages(draw: st.DrawFn, message: Any, field: FieldDescriptor, depth: int) -> None:
    if field.is_repeated:
        for _ in range(draw(st.integers(0, 2))):
            fill(draw, getattr(message, field.name).add(), depth + 1)
    else:
        inner = getattr(message, field.name)
        inner.SetInParent()
        fill(draw, inner, depth + 1)


def _fill_map(draw: st.DrawFn, message: Any, field: FieldDescriptor, depth: int) -> None:
    assert field.message_type is not None
    key, value = field.message_type.fields
    for _ in range(draw(st.integers(0, 2))):
        chosen = draw(_values(key))
        if value.message_type is None:
            getattr(message, field.name)[chosen] = draw(_values(value))
        elif depth < 2:
            fill(draw, getattr(message, field.name)[chosen], depth + 1)
