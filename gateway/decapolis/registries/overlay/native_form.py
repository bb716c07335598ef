"""What a registry that knows only plain texts is given instead of a whole document, and the way back.

A schema without references, metadata and rules is sent as it is. Any other carries its whole document inside: the registry
gets a text that stands for itself (Avro with every name inlined, JSON Schema as a compound document, JSON Schema 2020-12
section 9.3), and the document can be read back from it, so that neither references nor rules die with the gateway's store.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson

from decapolis_formats import Dependency, Format, FormatError, Schema, engine_of
from decapolis_formats.spelling import (
    metadata_from,
    metadata_to,
    references_from,
    references_to,
    rule_set_from,
    rule_set_to,
)
from decapolis_translators.errors import Unsupported

KEY = "decapolis"
"""Under which name a native text carries its document."""

_COMMENT = f"// {KEY}: "
_OLD_DRAFTS = ("draft-03", "draft-04", "draft-06", "draft-07")

INLINED = frozenset({Format.AVRO, Format.JSON_SCHEMA})
"""Formats whose references can be written into the text itself."""


def native_form(schema: Schema, dependencies: Sequence[Dependency]) -> Schema:
    """The plain text that a registry is given; Unsupported where the document has no place in it."""
    if not schema.references and schema.metadata is None and schema.rule_set is None:
        return schema
    document = _document(schema)
    if schema.format is Format.PROTOBUF:
        packed = base64.b64encode(orjson.dumps(document)).decode()
        return Schema(schema.format, f"{schema.text.rstrip()}\n{_COMMENT}{packed}\n")
    body = _self_contained(schema, dependencies)
    if isinstance(body, str) and schema.format is Format.AVRO:
        body = {"type": body}
    if not isinstance(body, dict):
        raise Unsupported(
            "metadata",
            "The registry holds texts alone: references, metadata and rules travel inside a schema that is a JSON object, "
            "not inside a list or a single word.",
        )
    return Schema(schema.format, orjson.dumps({**body, KEY: document}).decode())


def _document(schema: Schema) -> dict[str, Any]:
    document: dict[str, Any] = {"schema": schema.text}
    if schema.references:
        document["references"] = references_to(schema.references)
    if schema.metadata is not None:
        document["metadata"] = metadata_to(schema.metadata)
    if schema.rule_set is not None:
        document["ruleSet"] = rule_set_to(schema.rule_set)
    return document


def _self_contained(schema: Schema, dependencies: Sequence[Dependency]) -> Any:
    if schema.format is Format.AVRO and schema.references:
        engine: Any = engine_of(schema.format)
        return orjson.loads(engine.rendered(engine.parse(schema.text, tuple(dependencies), strict=False), "resolved"))
    body = orjson.loads(schema.text)
    if schema.references and isinstance(body, dict):
        return _compound(body, dependencies)
    return body


def _compound(body: dict[str, Any], dependencies: Sequence[Dependency]) -> dict[str, Any]:
    """Every referenced document embedded under the name that `$ref` uses for it."""
    dialect = str(body.get("$schema", ""))
    old = any(draft in dialect for draft in _OLD_DRAFTS) or not dialect
    place, identity = ("definitions" if old else "$defs"), ("id" if "draft-04" in dialect else "$id")
    embedded = dict(body.get(place) or {})
    for dependency in dependencies:
        there = orjson.loads(dependency.text)
        embedded[dependency.name] = {**there, identity: dependency.name} if isinstance(there, dict) else there
    return {**body, place: embedded}


def document_of(native: Schema) -> Schema:
    """The whole document that a native text carries, the text itself where it carries none."""
    carried = _carried(native)
    if not isinstance(carried, dict) or not isinstance(carried.get("schema"), str):
        return native
    return Schema(
        native.format,
        carried["schema"],
        references_from(carried.get("references")),
        metadata_from(carried.get("metadata")),
        rule_set_from(carried.get("ruleSet")),
    )


def _carried(native: Schema) -> Any:
    if native.format is Format.PROTOBUF:
        _, found, packed = native.text.rpartition(_COMMENT)
        try:
            return orjson.loads(base64.b64decode(packed.strip(), validate=True)) if found else None
        except (binascii.Error, orjson.JSONDecodeError):
            return None
    if f'"{KEY}"' not in native.text:
        return None
    try:
        body = orjson.loads(native.text)
    except orjson.JSONDecodeError:
        return None
    return body.get(KEY) if isinstance(body, dict) else None


def canonical(schema: Schema, dependencies: Sequence[Dependency]) -> Schema:
    """The same with its canonical text; as it is where it is older and odder than what we can read."""
    engine = engine_of(schema.format)
    try:
        text = engine.canonical(engine.parse(schema.text, tuple(dependencies), strict=False))
    except FormatError:
        return schema
    return Schema(schema.format, text, schema.references, schema.metadata, schema.rule_set)
