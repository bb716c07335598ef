"""Small schemas of every format that the suite registers; `variant` makes texts that differ."""

from __future__ import annotations

import json
from collections.abc import Callable

from decapolis_formats import Format, Reference, Schema


def _avro(variant: int) -> str:
    fields = [{"name": f"f{number}", "type": ["null", "string"], "default": None} for number in range(variant + 1)]
    return json.dumps({"type": "record", "name": "Order", "fields": fields}, separators=(",", ":"))


def _json(variant: int) -> str:
    properties = {f"f{number}": {"type": "string"} for number in range(variant + 1)}
    closed = {"type": "object", "properties": properties, "additionalProperties": True}
    return json.dumps(closed, separators=(",", ":"))


def _protobuf(variant: int) -> str:
    fields = "".join(f"  string f{number} = {number};\n" for number in range(1, variant + 2))
    return f'syntax = "proto3";\n\nmessage Order {{\n{fields}}}\n'


def _iceberg(variant: int) -> str:
    fields = [{"id": at, "name": f"f{at}", "required": False, "type": "string"} for at in range(1, variant + 2)]
    return json.dumps({"type": "struct", "schema-id": 0, "fields": fields}, separators=(",", ":"))


def _parquet(variant: int) -> str:
    fields = "".join(f"  optional binary f{number} (STRING);\n" for number in range(variant + 1))
    return f"message Order {{\n{fields}}}\n"


def _sql_ddl(variant: int) -> str:
    return f"CREATE TABLE Orders ({', '.join(f'f{number} VARCHAR(20)' for number in range(variant + 1))})"


def _openapi(variant: int) -> str:
    said = {"openapi": "3.0.3", "info": {"title": "Orders", "version": "1"}, "paths": {}}
    return json.dumps({**said, "components": {"schemas": {"Order": json.loads(_json(variant))}}})


def _asyncapi(variant: int) -> str:
    said = {"asyncapi": "2.6.0", "info": {"title": "Orders", "version": "1"}, "channels": {}}
    return json.dumps({**said, "components": {"messages": {"Order": {"payload": json.loads(_json(variant))}}}})


_WRITERS: dict[Format, Callable[[int], str]] = {
    Format.AVRO: _avro,
    Format.JSON_SCHEMA: _json,
    Format.PROTOBUF: _protobuf,
    Format.ICEBERG: _iceberg,
    Format.PARQUET: _parquet,
    Format.SQL_DDL: _sql_ddl,
    Format.OPENAPI: _openapi,
    Format.ASYNCAPI: _asyncapi,
}


def sample(kind: Format, variant: int = 0) -> Schema:
    """A schema of that format; higher variants only add optional fields."""
    return Schema(kind, _WRITERS[kind](variant))


_REFERRING: dict[Format, tuple[str, str]] = {
    Format.AVRO: ("Order", '{"type":"record","name":"Purchase","fields":[{"name":"order","type":"Order"}]}'),
    Format.JSON_SCHEMA: ("order.json", '{"type":"object","properties":{"order":{"$ref":"order.json"}}}'),
    Format.PROTOBUF: (
        "order.proto",
        'syntax = "proto3";\n\nimport "order.proto";\n\nmessage Purchase {\n  Order order = 1;\n}\n',
    ),
}


def referring(kind: Format, subject: str, version: int) -> Schema:
    """A schema that uses the sample of its format, which that version holds."""
    name, text = _REFERRING.get(kind, ("sample", sample(kind, 1).text))
    return Schema(kind, text, (Reference(name, subject, version),))
