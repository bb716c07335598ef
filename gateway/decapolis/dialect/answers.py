"""Prints the dialect's objects: the newer, fuller shapes for clients that announced they take them, else the older ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis.operations.shown import Shown
from decapolis_formats import Format, Schema
from decapolis_formats.spelling import metadata_to, references_to, rule_set_to


def schema_fields(schema: Schema, *, extra: bool) -> dict[str, Any]:
    """The fields that every answer with a schema has; `schemaType` is silent for Avro in the older shape."""
    fields: dict[str, Any] = {}
    if extra or schema.format is not Format.AVRO:
        fields["schemaType"] = schema.format.schema_type
    fields["schema"] = schema.text
    if schema.references:
        fields["references"] = references_to(schema.references)
    if schema.metadata is not None:
        fields["metadata"] = metadata_to(schema.metadata)
    if schema.rule_set is not None:
        fields["ruleSet"] = rule_set_to(schema.rule_set)
    return fields


def registered(found: Shown, schema: Schema, *, extra: bool) -> dict[str, Any]:
    """RegisterSchemaResponse: the bare id for clients that know no more."""
    if not extra:
        return {"id": found.id}
    return {
        "id": found.id,
        "version": found.version,
        "guid": found.schema.guid,
        **schema_fields(schema, extra=True),
    }


def version_of(found: Shown, schema: Schema, *, extra: bool) -> dict[str, Any]:
    """Schema: one version of a subject. The guid is the stored text's, whatever `format` shows."""
    body: dict[str, Any] = {"subject": found.subject, "version": found.version, "id": found.id}
    if extra:
        body["guid"] = found.schema.guid
    body |= schema_fields(schema, extra=extra)
    if extra:
        body |= _stored(found)
    return body


def _stored(found: Shown) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if found.created_ms is not None:
        fields["ts"] = found.created_ms
    fields["deleted"] = found.deleted
    return fields


def schema_by_id(found: Shown, schema: Schema, *, extra: bool) -> dict[str, Any]:
    """SchemaString: the schema of an id, which is not repeated."""
    body: dict[str, Any] = {}
    if extra:
        if found.subject and found.version:
            body |= {"subject": found.subject, "version": found.version}
        body["guid"] = found.schema.guid
    body |= schema_fields(schema, extra=extra)
    if extra:
        body |= _stored(found)
    return body


def config(values: Mapping[str, Any]) -> dict[str, Any]:
    """Config: what GET and DELETE answer; absent and empty texts are left out, an empty object is not absent."""
    return {key: value for key, value in values.items() if value is not None and value != ""}


def config_update(values: Mapping[str, Any]) -> dict[str, Any]:
    """ConfigUpdateRequest: what PUT answers, the level under its other name."""
    body = {key: value for key, value in values.items() if value is not None}
    if "compatibilityLevel" in body:
        body["compatibility"] = body.pop("compatibilityLevel")
    return body
