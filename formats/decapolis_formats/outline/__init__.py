"""A format-neutral view of a schema, for rules that ask about names, documentation and types.

>>> from decapolis_formats import Format, avro
>>> from decapolis_formats.outline import outline_of
>>> text = '{"type": "record", "name": "shop.Order", "fields": [{"name": "id", "type": ["null", "long"], "doc": "No."}]}'
>>> field, = outline_of(Format.AVRO, avro.parse(text)).fields
>>> field.path, field.type, field.optional, field.doc
('shop.Order.id', 'long', True, 'No.')
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.model import Format

from .model import Outline, OutlineField, OutlineType

__all__ = ["Outline", "OutlineField", "OutlineType", "outline_of"]

_WALKS = {
    Format.AVRO: "decapolis_formats.outline.of_avro",
    Format.JSON_SCHEMA: "decapolis_formats.outline.of_json_schema",
    Format.PROTOBUF: "decapolis_formats.outline.of_protobuf",
}


def outline_of(format: Format, parsed: Any) -> Outline:
    """The types and fields of a parsed schema; InvalidSchema for a format without an engine."""
    try:
        walk = import_module(_WALKS[format])
    except KeyError:
        raise InvalidSchema(f"There is no outline of {format} schemas") from None
    return cast("Outline", walk.outline(parsed))
