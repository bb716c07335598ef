"""Short spellings of Avro schemas for tests that compare two of them."""

from __future__ import annotations

import json
from typing import Any

from decapolis_formats import CompareOptions, avro

STRICT = CompareOptions(strict_semantics=True)


def compared(reader: Any, writer: Any, options: CompareOptions | None = None) -> list[str]:
    left, right = (avro.parse(json.dumps(each), strict=False) for each in (reader, writer))
    return [str(each) for each in avro.compare(left, right, options or CompareOptions())]


def strictly(reader: Any, writer: Any) -> list[str]:
    return compared(reader, writer, STRICT)


def record(name: str, *fields: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    entries = [{"name": name, "type": type_, **(rest[0] if rest else {})} for name, type_, *rest in fields]
    return {"type": "record", "name": name, "fields": entries, **more}


def enum(*symbols: str, **more: Any) -> dict[str, Any]:
    return {"type": "enum", "name": "E", "symbols": list(symbols), **more}


def fixed(size: int, name: str = "F", **more: Any) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size, **more}


def decimal(precision: int, scale: int) -> dict[str, Any]:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


# one of the reader's fields answers to two of the writer's
AMBIGUOUS = record("R", ("a", "int", {"aliases": ["b"]})), record("R", ("a", "int"), ("b", "int"))
