"""The outline of Protobuf schemas: a field's path is its message's full name, a dot and its own name.

Comments are not part of a stored schema: documentation is what `confluent.field_meta` and `confluent.message_meta` say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from decapolis_formats.protobuf import entity_name, inline_tags
from decapolis_formats.protobuf.nodes import Enum, Field, Group, Message, Option, Word, map_types
from decapolis_formats.protobuf.schema import ProtobufSchema

from .model import Gathering, Outline, OutlineField, OutlineType, says_deprecated

_WELL_KNOWN = "google.protobuf."


def outline(schema: ProtobufSchema) -> Outline:
    """Every message and enum of the file, from the outermost inwards."""
    file, found = schema.file, Gathering()
    tags = inline_tags(schema)
    package = f"{file.package}." if file.package else ""
    found.types.extend(_enum(package, enum) for enum in file.enums)
    waiting: deque[tuple[Message, str, int]] = deque((message, package, 1) for message in file.messages)
    while waiting:
        message, prefix, depth = waiting.popleft()
        full = prefix + message.name
        doc = _doc(message.options, "confluent.message_meta")
        deprecated = _deprecated(message.options) or says_deprecated(doc)
        found.types.append(OutlineType(full, full, "message", doc, deprecated=deprecated, tags=tags.get(full, ())))
        found.depth = max(found.depth, depth)
        found.types.extend(_enum(f"{full}.", enum) for enum in message.enums)
        for field in message.all_fields():
            found.fields.append(_field(field, full, tags.get(f"{full}.{field.name}", ()), proto3=file.is_proto3))
        found.fields.extend(_group(group, full) for group in message.groups)
        waiting.extend((nested, f"{full}.", depth + 1) for nested in message.messages if not nested.is_map_entry)
    return found.outline(entity_name(schema))


def _enum(prefix: str, enum: Enum) -> OutlineType:
    full = prefix + enum.name
    symbols = tuple(constant.name for constant in enum.constants)
    # readers keep a number that they do not know, so that a new constant breaks nobody
    return OutlineType(full, full, "enum", None, symbols, True, _deprecated(enum.options))


def _field(field: Field, owner: str, tags: tuple[str, ...], *, proto3: bool) -> OutlineField:
    doc = _doc(field.options, "confluent.field_meta")
    type_name = field.type.removeprefix(".")
    return OutlineField(
        f"{owner}.{field.name}",
        field.name,
        owner,
        _uses(field),
        doc,
        field.default is not None or proto3,
        field.default,
        field.label == "optional" or (proto3 and field.label is None),
        type_name.removeprefix(_WELL_KNOWN).lower() if type_name.startswith(_WELL_KNOWN) else None,
        _deprecated(field.options) or says_deprecated(doc),
        tags,
    )


def _group(group: Group, owner: str) -> OutlineField:
    return OutlineField(f"{owner}.{group.name.lower()}", group.name.lower(), owner, ("group",))


def _uses(field: Field) -> tuple[str, ...]:
    pair = map_types(field.type)
    names = ("map", *pair) if pair else (field.type.removeprefix("."),)
    return ("repeated", *names) if field.label == "repeated" else names


def _deprecated(options: Sequence[Option]) -> bool:
    return any(each.name == "deprecated" and not each.custom and each.value == Word("true") for each in options)


def _doc(options: Sequence[Option], meta: str) -> str | None:
    for option in options:
        if not option.custom or option.name.removeprefix(".") != meta:
            continue
        value = option.value
        if option.path == ("doc",) and isinstance(value, str):
            return value
        if not option.path and isinstance(value, dict):
            doc = value.get("doc")
            if isinstance(doc, str):
                return doc
    return None
