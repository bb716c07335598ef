"""The messages of an AsyncAPI document, 2 or 3, and the formats that their payloads are in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.json_schema.reading import value_of
from decapolis_formats.model import Format
from decapolis_formats.yaml_text import json_text

_FORMATS: Final = (
    ("application/vnd.apache.avro", Format.AVRO),
    ("application/vnd.google.protobuf", Format.PROTOBUF),
    ("application/schema", Format.JSON_SCHEMA),
    ("application/vnd.aai.asyncapi", Format.JSON_SCHEMA),
    ("application/vnd.oai.openapi", Format.JSON_SCHEMA),
)
_MAX_STEPS: Final = 20


@dataclass(frozen=True, slots=True)
class Payload:
    """One message's payload: its format, and its schema as the text of that format."""

    name: str
    format: Format
    text: str


def payloads(text: str) -> tuple[Payload, ...]:
    """The payloads of a document in their order; InvalidSchema where it is none, or in an unknown format."""
    document = document_of(text)
    found: dict[str, Payload] = {}
    for name, message in _messages(document):
        if "payload" in message:
            found.setdefault(name, _payload(name, message, document))
    return tuple(found.values())


def document_of(text: str) -> dict[str, Any]:
    """The document of a text in YAML or JSON."""
    document = value_of(json_text(text))
    if not isinstance(document, dict) or "asyncapi" not in document:
        raise InvalidSchema("Not an AsyncAPI document: an object with `asyncapi` is expected")
    return document


def _messages(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Messages by name: the components first, then those that channels hold themselves."""
    for name, message in _objects(_inside(document, "components", "messages")):
        yield name, _resolved(message, document)
    for channel_name, written in _objects(_inside(document, "channels")):
        channel = _resolved(written, document)
        for name, message in _objects(channel.get("messages")):
            yield from _named(name, message, document)
        for direction in ("publish", "subscribe"):
            message = _inside(channel, direction, "message")
            choices = message.get("oneOf")
            for each in choices if isinstance(choices, list) else [message] if message else []:
                yield from _named(str(each.get("name", channel_name)), each, document)


def _named(
    name: str, message: Mapping[str, Any], document: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A message; one that is referred to has the name that it is known by."""
    reference = message.get("$ref")
    yield (reference.rpartition("/")[2] if isinstance(reference, str) else name), _resolved(message, document)


def _objects(found: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(found, dict):
        yield from ((name, each) for name, each in found.items() if isinstance(each, dict))


def _inside(value: Mapping[str, Any], *steps: str) -> Mapping[str, Any]:
    for step in steps:
        found = value.get(step)
        if not isinstance(found, dict):
            return {}
        value = found
    return value


def _resolved(value: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference inside the document leads to."""
    for _ in range(_MAX_STEPS):
        reference = value.get("$ref")
        if not isinstance(reference, str):
            return value
        if not reference.startswith("#/"):
            raise InvalidSchema(f"The reference {reference} leads out of the document; references are never fetched")
        steps = [step.replace("~1", "/").replace("~0", "~") for step in reference[2:].split("/")]
        value = _inside(document, *steps)
        if not value:
            raise InvalidSchema(f"The reference {reference} leads nowhere")
    raise InvalidSchema("References lead to references without an end")


def _payload(name: str, message: Mapping[str, Any], document: Mapping[str, Any]) -> Payload:
    payload, written = message["payload"], message.get("schemaFormat")
    if isinstance(payload, dict) and "schema" in payload and "schemaFormat" in payload:
        payload, written = payload["schema"], payload["schemaFormat"]
    format = _format(name, written)
    if isinstance(payload, str) and format is not Format.AVRO:
        return Payload(name, format, payload)
    if isinstance(payload, str):
        return Payload(name, format, payload if payload.lstrip()[:1] in '{["' else json.dumps(payload))
    if format is Format.JSON_SCHEMA:
        payload = _with_components(payload, document)
    return Payload(name, format, json.dumps(payload, default=_number))


def _format(name: str, written: Any) -> Format:
    if written is None:
        return Format.JSON_SCHEMA
    for prefix, format in _FORMATS:
        if str(written).startswith(prefix):
            return format
    raise InvalidSchema(f"The payload of {name} is in {written}, which is not read here")


def _with_components(payload: Any, document: Mapping[str, Any]) -> Any:
    """A schema that refers to components has them beside it, so that the references go on leading there."""
    schemas = _inside(document, "components", "schemas")
    if (
        not schemas
        or not isinstance(payload, dict)
        or "#/components/" not in json.dumps([payload, schemas], default=str)
    ):
        return payload
    return {**payload, "components": {"schemas": schemas}}


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{value!r} is not JSON")
