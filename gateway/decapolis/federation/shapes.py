"""What several endpoints answer: schemas with the blueprint's nine fields, entries that failed, times."""

from __future__ import annotations

import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from decapolis.gateway import Gateway, View
from decapolis.operations.annotated import annotated, shown_metadata
from decapolis.operations.authors import author_of
from decapolis.operations.everywhere import Failed
from decapolis.registries.live import LiveRegistry
from decapolis_formats import Schema
from decapolis_formats.spelling import rule_set_to
from decapolis_translators.contract import StoredVersion

from .endpoint import Shape
from .problems import code_of

PARTIAL = "X-Decapolis-Partial"


class FailedEntry(Shape):
    """What stands in the place of a registry that could not answer."""

    error: str = Field(description="why it has no answer, in words")
    code: str = Field(description="what a program may match")


def failed_entry(failed: Failed) -> FailedEntry:
    """A failure as an entry of a map by registry."""
    return FailedEntry(error=str(failed), code=code_of(failed.error))


def partial(entries: dict[str, Any]) -> dict[str, str]:
    """The header that tells of entries that failed, where there are any."""
    return {PARTIAL: "true"} if any(isinstance(each, FailedEntry) for each in entries.values()) else {}


class ReferenceShape(Shape):
    """A use of another schema."""

    name: str
    subject: str
    version: int


class SchemaShape(BaseModel):
    """One version of a subject in one registry."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: int | None = Field(description="the public id, as messages carry it; null where it has none")
    subject: str = Field(description="the name as stored")
    version: int = Field(ge=1)
    schema_format: str = Field(
        description="avro, protobuf, json_schema, iceberg, parquet, openapi, asyncapi or sql_ddl"
    )
    schema_content: str = Field(description="the exact text")
    metadata: dict[str, Any] = Field(description="properties, and `tags` and `sensitive` where there are any")
    registry_type: str
    created_at: str | None = Field(description="where the registry or the trail of changes knows it")
    created_by: str | None = Field(description="where the trail of changes knows it")
    registry: str = Field(description="the registry's id")
    native_id: int | str | None = Field(description="what the registry itself calls it")
    guid: str
    references: list[ReferenceShape]
    rule_set: dict[str, Any] | None
    metadata_kept_by: list[str] = Field(description="registry, gateway, or both: who holds the metadata")
    derived: bool = Field(default=False, description="made from a table that nobody registered")


def iso_time(at_ms: int | None) -> str | None:
    """Milliseconds since 1970 as ISO 8601 in UTC."""
    if at_ms is None:
        return None
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).isoformat().replace("+00:00", "Z")


def public_id_of(gateway: Gateway, registry: LiveRegistry, stored: StoredVersion) -> int | None:
    """The id that clients see at the front, None where there is none."""
    native = stored.native_id
    return View(gateway).public_id(registry, native, stored.subject) if isinstance(native, int) else None


def references_of(schema: Schema) -> list[ReferenceShape]:
    """What a schema uses."""
    return [ReferenceShape(name=each.name, subject=each.subject, version=each.version) for each in schema.references]


async def schema_shape(gateway: Gateway, registry: LiveRegistry, stored: StoredVersion) -> SchemaShape:
    """One stored version with everything that is known of it."""
    author = await author_of(gateway, registry, stored)
    kept = await annotated(gateway, registry, stored.subject, stored.version)
    schema = stored.schema
    holders = [name for name, holds in (("registry", schema.metadata is not None), ("gateway", bool(kept))) if holds]
    rules = schema.rule_set
    return SchemaShape(
        id=public_id_of(gateway, registry, stored),
        subject=stored.subject,
        version=stored.version,
        schema_format=schema.format.value,
        schema_content=schema.text,
        metadata={**shown_metadata(schema.metadata), **kept},
        registry_type=registry.entry.type,
        created_at=iso_time(author.at_ms),
        created_by=author.name,
        registry=registry.id,
        native_id=stored.native_id,
        guid=schema.guid,
        references=references_of(schema),
        rule_set=None if rules is None else dict(rule_set_to(rules) or {}),
        metadata_kept_by=holders,
        derived=await registry.is_derived(stored.subject),
    )
