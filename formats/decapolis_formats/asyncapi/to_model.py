"""From the payload of one message of an AsyncAPI document to the type model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from decapolis_formats.avro.to_model import read as read_avro
from decapolis_formats.errors import InvalidSchema
from decapolis_formats.json_schema.documents import Library
from decapolis_formats.json_schema.reading import value_of
from decapolis_formats.json_schema.to_model import read_value
from decapolis_formats.model import Dependency, Format
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.protobuf.to_model import read as read_protobuf
from decapolis_formats.types import Loss, Reading

from .messages import Payload, payloads


def read(text: str, dependencies: Sequence[Dependency] = (), options: Options = NO_WISHES) -> Reading:
    """The model of the selected message's payload, else of the first one."""
    payload, losses = _chosen(payloads(text), options.select)
    match payload.format:
        case Format.AVRO:
            reading = read_avro(payload.text, dependencies)
        case Format.PROTOBUF:
            reading = read_protobuf(payload.text, dependencies)
        case _:
            reading = _read_json(payload, dependencies)
    return replace(reading, losses=(*losses, *reading.losses))


def _chosen(found: Sequence[Payload], wanted: str | None) -> tuple[Payload, tuple[Loss, ...]]:
    names = ", ".join(payload.name for payload in found)
    if not found:
        raise InvalidSchema("The document has no message with a payload")
    if wanted is not None:
        chosen = next((payload for payload in found if payload.name == wanted), None)
        if chosen is None:
            raise InvalidSchema(f"There is no message {wanted} (there are: {names})")
        return chosen, ()
    if len(found) == 1:
        return found[0], ()
    why = f"{found[0].name} is the first one, select another"
    return found[0], (Loss("", f"the messages {names.partition(', ')[2]}", why, guessed=True),)


def _read_json(payload: Payload, dependencies: Sequence[Dependency]) -> Reading:
    value = value_of(payload.text)
    library = Library(value, dependencies)
    reference = value.get("$ref") if isinstance(value, dict) else None
    start = reference if isinstance(reference, str) and reference.startswith("#/") else "#"
    return read_value(value, library, start, keys=start != "#")
