"""The Protobuf engine: .proto texts read, printed and compared as the dialect does it.

Its functions are those of `decapolis_formats.Engine`, and two more that edit and list the inline tags.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from decapolis_formats.model import DEFAULT_OPTIONS, CompareOptions, Dependency, Difference

from .comparing import differences
from .describing import described
from .names import check_names
from .printing import printed
from .schema import ProtobufSchema, read_schema
from .tagging import TagEdits, tags_in, with_tags

__all__ = [
    "canonical",
    "compare",
    "describe",
    "entity_name",
    "equivalent",
    "field_names",
    "inline_tags",
    "normalized",
    "parse",
    "rendered",
    "tagged",
    "tagged_entities",
]


def parse(
    text: str, dependencies: Sequence[Dependency] = (), *, strict: bool = True, validate_fields: bool = False
) -> ProtobufSchema:
    """Reads a .proto text or the base64 of a FileDescriptorProto; InvalidSchema where it does not hold.

    `strict` asks that names mean something, `validate_fields` that a complete descriptor can be built.
    """
    schema = read_schema(text, dependencies)
    if strict:
        check_names(schema.file, schema.types)
    if validate_fields:
        from .validating import check_descriptor

        check_descriptor(schema.file, schema.types)
    return schema


def canonical(parsed: ProtobufSchema) -> str:
    """The text that is stored, hashed and answered (compatibility.md 5.5)."""
    return parsed.canonical


def normalized(parsed: ProtobufSchema) -> str:
    """The text under `normalize=true` (compatibility.md 5.6)."""
    return parsed.normalized


def compare(
    reader: ProtobufSchema, writer: ProtobufSchema, options: CompareOptions = DEFAULT_OPTIONS
) -> list[Difference]:
    """All differences found when `reader` reads what was written with `writer` (compatibility.md 5.3)."""
    return differences(reader, writer, options)


def describe(difference: Difference, *, reader: str = "new", writer: str = "old") -> str:
    """One line in the dialect's shape for Protobuf, the description in our own words."""
    return described(difference, reader, writer)


def equivalent(left: ProtobufSchema, right: ProtobufSchema) -> bool:
    """Whether both are stored as the same text (compatibility.md section 2)."""
    return left.canonical == right.canonical


def rendered(parsed: ProtobufSchema, style: str) -> str:
    """The text in a style: `serialized` (a descriptor in base64), `ignore_extensions`, else canonical."""
    if style == "serialized":
        return b64encode(parsed.serialized).decode("ascii")
    if style == "ignore_extensions":
        from .extensions import without_extensions

        return printed(without_extensions(parsed.file))
    return parsed.canonical


def field_names(parsed: ProtobufSchema) -> tuple[str, ...]:
    """The names of the first message's fields, members of oneofs included."""
    messages = parsed.file.messages
    return tuple(field.name for field in messages[0].all_fields()) if messages else ()


def entity_name(parsed: ProtobufSchema) -> str | None:
    """The full name of the first message, or of the first enum where there is no message."""
    file = parsed.file
    names = [node.name for node in file.messages[:1]] or [node.name for node in file.enums[:1]]
    return ".".join(filter(None, (file.package, *names))) if names else None


def tagged(parsed: ProtobufSchema, add: TagEdits, remove: TagEdits) -> str:
    """The canonical text with inline tags added and removed; InvalidSchema for a path that leads to nothing.

    The keys are (dotted full name, `sr_record` or `sr_field`); Confluent's meta file is imported if needed.
    """
    return printed(with_tags(parsed.file, add, remove))


def inline_tags(parsed: ProtobufSchema) -> dict[str, tuple[str, ...]]:
    """The inline tags of messages and fields by dotted full name."""
    return {path: tags for (path, _), tags in tags_in(parsed.file).items()}


def tagged_entities(parsed: ProtobufSchema) -> dict[tuple[str, str], tuple[str, ...]]:
    """The same by dotted full name and kind, as `tagged` takes them."""
    return tags_in(parsed.file)
