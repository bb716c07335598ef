"""The meta-schemas that a `$ref` may name without anybody supplying them.

Only what a comparison can meet: the kind of a schema and the named definitions, written from the
published drafts.
"""

from __future__ import annotations

from typing import Any

from .dialects import Draft, draft_called

COUNT = {"type": "integer", "minimum": 0}
NAMES = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
TYPES = {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]}
SCHEMAS = {"type": "array", "minItems": 1, "items": {"$ref": "#"}}


def metaschema(address: str) -> dict[str, Any] | None:
    """The meta-schema of that address, None where the address is no known draft's."""
    draft = draft_called(address)
    return None if draft is None else META_SCHEMAS[draft]


def _classic(draft: Draft, address: str) -> dict[str, Any]:
    count = "positiveInteger" if draft is Draft.FOUR else "nonNegativeInteger"
    names = NAMES | {"minItems": 1} if draft is Draft.FOUR else NAMES | {"default": []}
    return {
        "$schema": address,
        draft.id_keyword: address,
        "type": "object" if draft is Draft.FOUR else ["object", "boolean"],
        "definitions": {
            "schemaArray": SCHEMAS,
            count: COUNT,
            f"{count}Default0": {"allOf": [{"$ref": f"#/definitions/{count}"}, {"default": 0}]},
            "simpleTypes": TYPES,
            "stringArray": names,
        },
    }


def _modern(address: str) -> dict[str, Any]:
    return {"$schema": address, "$id": address, "type": ["object", "boolean"]}


META_SCHEMAS = {
    Draft.FOUR: _classic(Draft.FOUR, "http://json-schema.org/draft-04/schema#"),
    Draft.SIX: _classic(Draft.SIX, "http://json-schema.org/draft-06/schema#"),
    Draft.SEVEN: _classic(Draft.SEVEN, "http://json-schema.org/draft-07/schema#"),
    Draft.Y2019: _modern("https://json-schema.org/draft/2019-09/schema"),
    Draft.Y2020: _modern("https://json-schema.org/draft/2020-12/schema"),
}
