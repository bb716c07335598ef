"""The engine of JSON Schema, drafts 4 to 2020-12: see compatibility.md section 4 for the rules it follows."""

from .describing import describe
from .engine import (
    JsonSchema,
    canonical,
    compare,
    entity_name,
    equivalent,
    field_names,
    normalized,
    parse,
    rendered,
)
from .tagging import inline_tags, tagged, tagged_entities

__all__ = [
    "JsonSchema",
    "canonical",
    "compare",
    "describe",
    "entity_name",
    "equivalent",
    "field_names",
    "inline_tags",
    "normalized",
    "parse",
    "rendered",
    "tagged",
    "tagged_entities",
]
