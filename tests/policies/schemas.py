"""Short spellings of schemas, candidates and histories for the tests of judgement."""

from __future__ import annotations

import json
from typing import Any

from decapolis_formats import Format, Metadata
from decapolis_policies import Candidate, PastVersion, Text


def avro(*fields: str | dict[str, Any], name: str = "R", **extra: Any) -> Text:
    """A record: `a` an int without, `a=0` one with a default."""
    made: list[dict[str, Any]] = []
    for field in fields:
        if isinstance(field, dict):
            made.append(field)
            continue
        field_name, _, default = field.partition("=")
        made.append({"name": field_name, "type": "int", **({"default": int(default)} if default else {})})
    return Text(Format.AVRO, json.dumps({"type": "record", "name": name, "fields": made, **extra}))


def plain(schema: Any) -> Text:
    """Any Avro schema."""
    return Text(Format.AVRO, json.dumps(schema))


def json_schema(schema: Any) -> Text:
    return Text(Format.JSON_SCHEMA, json.dumps(schema))


def proto(text: str) -> Text:
    return Text(Format.PROTOBUF, text)


def past(*schemas: Text, **extra: Any) -> list[PastVersion]:
    return [PastVersion(number, schema, **extra) for number, schema in enumerate(schemas, 1)]


def candidate(schema: Text, subject: str = "orders-value", **properties: str) -> Candidate:
    return Candidate(schema, subject, (), Metadata(properties=properties) if properties else None)
