"""Options between the tree and the protobuf runtime, which checks custom ones against their declarations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message as RuntimeMessage
from google.protobuf.unknown_fields import UnknownFieldSet

from .nodes import Option, OptionValue, Word

Interpreter: TypeAlias = Callable[[RuntimeMessage], RuntimeMessage]
"""Reads an options message again where its extensions are declared."""

# the dialect writes these entries of params value first
_VALUE_FIRST: Final = ("precision", "scale")
_OWN: Final = "confluent."


def options_from(options: RuntimeMessage, interpreter: Interpreter | None) -> tuple[Option, ...]:
    """The options that are set: the standard ones as declared, then the custom ones, Confluent's first."""
    if not options.ByteSize():
        return ()
    if interpreter is not None and len(UnknownFieldSet(options)):
        options = interpreter(options)
    found = [(field, value) for field, value in options.ListFields() if field.name != "uninterpreted_option"]
    standard = sorted((pair for pair in found if not pair[0].is_extension), key=lambda pair: pair[0].index)
    custom = sorted((pair for pair in found if pair[0].is_extension), key=lambda pair: _custom_order(pair[0]))
    return tuple(option for field, value in (*standard, *custom) for option in _options(field, value))


def _custom_order(field: FieldDescriptor) -> tuple[bool, int]:
    return not field.full_name.startswith(_OWN), field.number


def _options(field: FieldDescriptor, value: Any) -> Iterator[Option]:
    name = field.full_name if field.is_extension else field.name
    for item in value if field.is_repeated else (value,):
        yield Option(name, _value(field, item), field.is_extension)


def _value(field: FieldDescriptor, value: Any) -> OptionValue:
    if field.message_type is not None:
        return dict(_pairs(value))
    if field.enum_type is not None:
        constant = field.enum_type.values_by_number.get(value)
        return Word(constant.name if constant else str(value))
    if isinstance(value, bool):
        return Word("true" if value else "false")
    if isinstance(value, bytes):
        return text_of_bytes(value)
    return value if isinstance(value, str) else Word(_number(value))


def text_of_bytes(value: bytes) -> str:
    """Bytes as the characters that stand for them in a text: UTF-8 where they are, else one for each byte."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _number(value: float) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)


def _pairs(message: RuntimeMessage) -> Iterator[tuple[str, OptionValue]]:
    for field, value in message.ListFields():
        name = f"[{field.full_name}]" if field.is_extension else field.name
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            yield name, [_entry(field, key, value[key]) for key in sorted(value)]
        elif field.is_repeated:
            yield name, [_value(field, item) for item in value]
        else:
            yield name, _value(field, value)


def _entry(field: FieldDescriptor, key: Any, value: Any) -> OptionValue:
    entry = field.message_type
    assert entry is not None, "a map field has an entry message"
    fields = entry.fields_by_name
    pair: dict[str, OptionValue] = {
        "key": _value(fields["key"], key),
        "value": _value(fields["value"], value),
    }
    if key in _VALUE_FIRST:
        return {"value": pair["value"], "key": pair["key"]}
    return pair


def text_format(value: OptionValue, name_of: Callable[[str], str]) -> str:
    """A value in protobuf's text format; `name_of` gives the full names of extensions in brackets."""
    if isinstance(value, str):
        return f'"{escaped_bytes(value)}"'
    if isinstance(value, Word):
        return value.text
    if isinstance(value, list):
        return "[" + ", ".join(text_format(item, name_of) for item in value) + "]"
    return "{ " + " ".join(f"{name_of(key)}{text_field(item, name_of)}" for key, item in value.items()) + " }"


def text_field(value: OptionValue, name_of: Callable[[str], str]) -> str:
    """A value behind a field's name, the colon included where the text format wants one."""
    return (" " if isinstance(value, dict) else ": ") + text_format(value, name_of)


def escaped_bytes(text: str) -> str:
    """The UTF-8 bytes of a text, all but plain characters as octal escapes."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in (34, 39, 92) else f"\\{byte:03o}"
        for byte in text.encode("utf-8", "surrogatepass")
    )
