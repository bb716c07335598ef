"""A document as the few plain values that its copy in a catalog consists of, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from decapolis_formats import Format, Reference, Schema

from .catalog import Document
from .confluent import wire
from .errors import Garbled

ACTIVE, DELETED = "ACTIVE", "DELETED"


def values_of(document: Document) -> dict[str, Any]:
    """Texts, one whole number and a truth; ids and times are texts, because not every catalog keeps large numbers."""
    schema = document.schema
    references = [{"name": each.name, "subject": each.subject, "version": each.version} for each in schema.references]
    values: dict[str, Any] = {
        "subject": document.subject,
        "version": document.version,
        "schemaId": str(document.public_id),
        "schemaType": schema.format.schema_type,
        "schema": schema.text,
        "fingerprint": schema.guid,
        "references": orjson.dumps(references).decode(),
        "state": DELETED if document.deleted else ACTIVE,
        "deleted": document.deleted,
    }
    if schema.metadata is not None:
        values["metadata"] = orjson.dumps(wire.metadata_out(schema.metadata)).decode()
    if schema.rule_set is not None:
        values["ruleSet"] = orjson.dumps(wire.rule_set_out(schema.rule_set)).decode()
    if document.created_ms is not None:
        values["created"] = str(document.created_ms)
    return values


def document_of(values: Mapping[str, Any], where: str) -> Document:
    """The document of a copy; Garbled where somebody edited it, because a lost id must not go unnoticed."""
    try:
        references = tuple(
            Reference(each["name"], each["subject"], int(each["version"]))
            for each in orjson.loads(values.get("references") or "[]")
        )
        schema = Schema(
            Format.named(values["schemaType"]),
            values["schema"],
            references,
            wire.metadata_in(_json(values.get("metadata"))),
            wire.rule_set_in(_json(values.get("ruleSet"))),
        )
        created = values.get("created")
        document = Document(
            values["subject"],
            int(values["version"]),
            int(values["schemaId"]),
            schema,
            bool(values.get("deleted")),
            int(created) if created else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as unreadable:
        raise Garbled(f"The copy {where} is none of ours any more: {type(unreadable).__name__}") from None
    if schema.guid != values.get("fingerprint"):
        raise Garbled(f"The copy {where} was altered: its text is not the one that its fingerprint was made of")
    return document


def _json(text: Any) -> Any:
    return orjson.loads(text) if text else None
