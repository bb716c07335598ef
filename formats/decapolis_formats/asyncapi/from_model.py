"""From the type model to an AsyncAPI document with one message; its payload in Avro, Protobuf or JSON Schema."""

from __future__ import annotations

import json
from typing import Any, Final

from decapolis_formats.avro import from_model as avro
from decapolis_formats.holds import Holds
from decapolis_formats.model import Format
from decapolis_formats.openapi import from_model as components
from decapolis_formats.openapi.from_model import PREFIX, schemas
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.protobuf import from_model as protobuf
from decapolis_formats.types import Model, Named, Type

_AVRO: Final = "application/vnd.apache.avro+json;version=1.12.0"
_PROTOBUF: Final = "application/vnd.google.protobuf;version=3"
_DEFAULT_NAME: Final = "Message"


def holds(options: Options = NO_WISHES) -> Holds:
    """What the payload's format holds."""
    match options.payload:
        case Format.AVRO:
            return avro.holds(options)
        case Format.PROTOBUF:
            return protobuf.holds(options)
        case _:
            return components.holds(options)


def spelled(type: Type, options: Options = NO_WISHES) -> str:
    """A type as people write it in the payload's format."""
    match options.payload:
        case Format.AVRO:
            return avro.spelled(type, options)
        case Format.PROTOBUF:
            return protobuf.spelled(type, options)
        case _:
            return components.spelled(type, options)


def write(model: Model, options: Options = NO_WISHES) -> str:
    """The document of a model that fits, in 3.0."""
    name = model.root.name if isinstance(model.root, Named) else options.name or _DEFAULT_NAME
    last = name.rpartition(".")[2]
    message = {"name": name, "title": last, "payload": _payload(model, options)}
    held: dict[str, Any] = {"messages": {last: message}}
    if options.payload not in (Format.AVRO, Format.PROTOBUF):
        held["schemas"] = schemas(model)
    document = {
        "asyncapi": "3.0.0",
        "info": {"title": last, "version": "1"},
        "channels": {last: {"messages": {last: {"$ref": f"#/components/messages/{last}"}}}},
        "components": held,
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _payload(model: Model, options: Options) -> dict[str, Any]:
    match options.payload:
        case Format.AVRO:
            return {"schemaFormat": _AVRO, "schema": json.loads(avro.write(model, options))}
        case Format.PROTOBUF:
            return {"schemaFormat": _PROTOBUF, "schema": protobuf.write(model, options)}
        case _:
            name = model.root.name if isinstance(model.root, Named) else ""
            return {"$ref": f"{PREFIX}{name}"}
