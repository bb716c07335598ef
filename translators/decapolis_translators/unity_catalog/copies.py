"""A document as the bytes of its copy, and back: everything that makes it what it is, under the dialect's names."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from decapolis_formats import Format, Reference, Schema
from decapolis_translators.catalog import Document
from decapolis_translators.confluent import wire
from decapolis_translators.errors import Garbled

from .naming import readable

_LAYOUT: Final = 1
_READABLE: Final = 60


def key_of(subject: str) -> str:
    """What names of a subject's copies begin with: readable, and never another subject's."""
    digest = hashlib.sha256(subject.encode()).hexdigest()[:32]
    return f"{readable(subject)[:_READABLE]}_{digest}"


def packed(document: Document) -> str:
    """The copy as one line of JSON; ids are texts, because not everybody keeps large numbers."""
    schema = document.schema
    said: dict[str, Any] = {
        "decapolis": _LAYOUT,
        "subject": document.subject,
        "version": document.version,
        "id": str(document.public_id),
        "format": schema.format.value,
        "schema": schema.text,
        "references": [
            {"name": each.name, "subject": each.subject, "version": each.version} for each in schema.references
        ],
        "deleted": document.deleted,
        "created": None if document.created_ms is None else str(document.created_ms),
    }
    if schema.metadata is not None:
        said["metadata"] = wire.metadata_out(schema.metadata)
    if schema.rule_set is not None:
        said["ruleSet"] = wire.rule_set_out(schema.rule_set)
    return orjson.dumps(said).decode()


def unpacked(text: str | bytes, where: str) -> Document:
    """The document of a copy; Garbled where somebody has edited it, because a lost id must not go unnoticed."""
    try:
        said = orjson.loads(text)
        if said["decapolis"] != _LAYOUT:
            raise Garbled(f"The copy {where} was written by a newer gateway")
        references = tuple(Reference(each["name"], each["subject"], each["version"]) for each in said["references"])
        metadata = wire.metadata_in(said["metadata"]) if "metadata" in said else None
        rule_set = wire.rule_set_in(said["ruleSet"]) if "ruleSet" in said else None
        schema = Schema(Format(said["format"]), said["schema"], references, metadata, rule_set)
        created = None if said["created"] is None else int(said["created"])
        return Document(said["subject"], said["version"], int(said["id"]), schema, said["deleted"], created)
    except (ValueError, KeyError, TypeError) as unreadable:
        raise Garbled(f"The copy {where} is none of ours any more: {type(unreadable).__name__}") from None
