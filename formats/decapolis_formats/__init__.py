"""What a schema is, and one engine per format that parses, prints and compares it.

>>> from decapolis_formats import Format, engine_of
>>> avro = engine_of(Format.AVRO)
>>> avro.canonical(avro.parse('{"type": "string"}'))
'"string"'
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from .errors import ComparisonTooCostly, FormatError, InvalidSchema
from .model import (
    DEFAULT_OPTIONS,
    CompareOptions,
    Dependency,
    Difference,
    Engine,
    Format,
    Metadata,
    ParsedSchema,
    Reference,
    Rule,
    RuleSet,
    Schema,
)

__all__ = [
    "DEFAULT_OPTIONS",
    "CompareOptions",
    "ComparisonTooCostly",
    "Dependency",
    "Difference",
    "Engine",
    "Format",
    "FormatError",
    "InvalidSchema",
    "Metadata",
    "ParsedSchema",
    "Reference",
    "Rule",
    "RuleSet",
    "Schema",
    "engine_of",
]

_COMPARABLE = (Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF)
_loaded: dict[Format, Engine] = {}


def engine_of(format: Format) -> Engine:
    """The engine of a format of the dialect; loaded at first use, because most gateways need one of three."""
    engine = _loaded.get(format)
    if engine is not None:
        return engine
    if format not in _COMPARABLE:
        raise InvalidSchema(
            f"The format {format} has no compatibility engine (those that have: avro, json_schema, protobuf)"
        )
    engine = _loaded[format] = cast("Engine", import_module(f"decapolis_formats.{format.value}"))
    return engine
