"""A difference in words, in the dialect's shape for Protobuf."""

from __future__ import annotations

from typing import Final

from decapolis_formats.model import Difference

_TEXTS: Final = {
    "PACKAGE_CHANGED": "the {reader} schema belongs to another package than the {writer} one",
    "MESSAGE_ADDED": "the {reader} schema declares the message {path}, the {writer} one does not",
    "MESSAGE_REMOVED": "the {writer} schema declares the message {path}, the {reader} one no longer has it",
    "MESSAGE_MOVED": "the message {path} stands at another place among its neighbours in the {reader} schema",
    "ENUM_ADDED": "the {reader} schema declares the enum {path}, the {writer} one does not",
    "ENUM_REMOVED": "the {writer} schema declares the enum {path}, the {reader} one does not",
    "ENUM_CONST_ADDED": "the {reader} schema names the enum number {path}, the {writer} one does not",
    "ENUM_CONST_REMOVED": "the {writer} schema names the enum number {path}, the {reader} one does not",
    "ENUM_CONST_CHANGED": "the enum number {path} has another name in the {reader} schema",
    "FIELD_ADDED": "the {reader} schema has the field {path}, the {writer} one does not",
    "FIELD_REMOVED": "the {writer} schema has the field {path}, the {reader} one does not",
    "FIELD_NAME_CHANGED": "the field {path} has another name in the {reader} schema",
    "REQUIRED_FIELD_ADDED": "the {reader} schema demands the field {path}, which the {writer} one lacks",
    "REQUIRED_FIELD_REMOVED": "the {writer} schema demands the field {path}, which the {reader} one dropped",
    "FIELD_KIND_CHANGED": "the field {path} changes between scalar, map and message",
    "FIELD_SCALAR_KIND_CHANGED": "the field {path} has a scalar type that is encoded in another way",
    "FIELD_NAMED_TYPE_CHANGED": "the field {path} holds a message type that cannot stand for the earlier one",
    "FIELD_NUMERIC_LABEL_CHANGED": "the numeric field {path} has another label",
    "FIELD_STRING_OR_BYTES_LABEL_CHANGED": "the string or bytes field {path} has another label",
    "FIELD_MESSAGE_LABEL_CHANGED": "the message field {path} has another label",
    "ONEOF_ADDED": "the {reader} schema has the oneof {path}, the {writer} one does not",
    "ONEOF_REMOVED": "the {writer} schema has the oneof {path}, the {reader} one does not",
    "ONEOF_FIELD_ADDED": "the {reader} schema has the oneof member {path}, the {writer} one does not",
    "ONEOF_FIELD_REMOVED": "the {writer} schema has the oneof member {path}, the {reader} one dropped it",
    "ONEOF_FIELD_MOVED_TO_TOP_LEVEL": "the field {path} left its oneof in the {reader} schema",
    "MULTIPLE_FIELDS_MOVED_TO_ONEOF": "fields that could be set together exclude each other in {path}",
    "FIELD_MOVED_TO_EXISTING_ONEOF": "a field joins members in {path} that it could be set together with",
}


def described(difference: Difference, reader: str, writer: str) -> str:
    """`{errorType:"T", description:"..."}` with the path, and both sides where they are known."""
    text = _TEXTS.get(difference.type, "the schemas differ at {path}")
    said = text.format(path=f"'{difference.path}'", reader=reader, writer=writer)
    if "{path}" not in text:
        said = f"at '{difference.path}' {said}"
    facts = f" ({difference.info})" if difference.info else ""
    return f'{{errorType:"{difference.type}", description:"{said[0].upper()}{said[1:]}{facts}"}}'
