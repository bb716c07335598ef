"""Reads schemas by subject and version, by guid and by metadata, and tells who refers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from decapolis.gateway import View
from decapolis.registries.live import LiveRegistry
from decapolis.registries.references import inside
from decapolis_formats import Schema, engine_of
from decapolis_policies.history import Text
from decapolis_translators.errors import (
    Absent,
    RegistryFault,
    SchemaNotFound,
    SubjectNotFound,
    VersionNotFound,
)
from decapolis_translators.subjects import Subject

from .candidate import Tags
from .effective import followed
from .errors import VersionInvalid
from .located import in_other_contexts
from .shown import Shown, shown

MAX_VERSION = 2**31 - 1
LATEST = -1


def version_from(token: str) -> int | None:
    """The number that a version token means, None for the latest; VersionInvalid otherwise."""
    trimmed = token.strip()
    if trimmed.lower() == "latest" or trimmed == "-1":
        return None
    if trimmed.isascii() and trimmed.isdigit() and 1 <= int(trimmed[:12]) <= MAX_VERSION:
        return int(trimmed)
    raise VersionInvalid(token)


async def fetch_version(view: View, spelled: str, version: int | None, *, deleted: bool = False) -> Shown:
    """One version of a subject, the newest live one for None.

    What a plain name does not have is looked for in its registry's other contexts (confluent-rest section 5.1).
    """
    subject, registry = await followed(view, spelled)
    try:
        return shown(view, registry, await registry.fetch(str(subject), version, deleted=deleted))
    except (SubjectNotFound, VersionNotFound) as absent:
        for candidate in await in_other_contexts(registry, subject):
            try:
                return shown(view, registry, await registry.fetch(candidate, version, deleted=deleted))
            except Absent:
                continue
        if isinstance(absent, SubjectNotFound):
            raise
        raise VersionNotFound(str(subject), LATEST if version is None else version) from absent


async def by_guid(view: View, spelled: str) -> tuple[LiveRegistry, str, Schema]:
    """The schema of a guid that the gateway has seen, with the registry and context that have it; SchemaNotFound."""
    guid = guid_from(spelled)
    for registry in view.registries():
        for context, native_id in await registry.ids_of_guid(guid):
            return registry, context, await registry.schema(native_id, context)
    raise SchemaNotFound(spelled)


async def ids_of_guid(view: View, spelled: str) -> list[tuple[str, int]]:
    """Contexts and ids of a guid, as seen from here; empty when unknown."""
    try:
        guid = guid_from(spelled)
    except SchemaNotFound:
        return []
    found = []
    for registry in view.registries():
        for context, native_id in await registry.ids_of_guid(guid):
            found.append((context, view.public_id(registry, native_id, str(Subject(context, "x")))))
    return sorted(set(found))


def guid_from(spelled: str) -> str:
    """The canonical spelling of a guid given as UUID or as 32 hex digits; SchemaNotFound otherwise."""
    try:
        return str(UUID(spelled))
    except ValueError:
        raise SchemaNotFound(spelled) from None


async def referrers(view: View, spelled: str, version: int | None, *, deleted: bool = False) -> list[int]:
    """Ids of the schemas that refer to a version, which may itself be soft-deleted."""
    subject, registry = await followed(view, spelled)
    stored = await registry.fetch(str(subject), version, deleted=version is not None)
    found = await registry.referrers(str(subject), stored.version, deleted=deleted)
    return [view.public_id(registry, each, str(subject)) for each in found if isinstance(each, int)]


async def rendered(registry: LiveRegistry | None, context: str, schema: Schema, style: str) -> Schema:
    """The schema in a `format=` style (`resolved`, `serialized`, `ignore_extensions`); unknown styles change nothing."""
    if style not in {"resolved", "serialized", "ignore_extensions"}:
        return schema
    parsed = await parsed_with_references(registry, context, schema)
    text = engine_of(schema.format).rendered(parsed, style)
    return Schema(schema.format, text, schema.references, schema.metadata, schema.rule_set)


async def parsed_with_references(registry: LiveRegistry | None, context: str, schema: Schema) -> Any:
    """The engine's lenient reading of a stored schema; RegistryFault where its references have no registry any more."""
    if schema.references and registry is None:
        raise RegistryFault("The registry that holds the references of this schema is not configured any more")
    known = await registry.dependencies(schema, context, deleted=True) if registry and schema.references else ()
    return Text(schema.format, schema.text, known).parsed(strict=False)


async def tags_of(registry: LiveRegistry | None, context: str, schema: Schema) -> Tags:
    """The inline tags of a stored schema by entity: path and kind."""
    engine: Any = engine_of(schema.format)
    tags: Tags = engine.tagged_entities(await parsed_with_references(registry, context, schema))
    return tags


def with_qualified_references(schema: Schema, subject: str) -> Schema:
    """The schema with its references spelled with their context, where that is not the default one."""
    context = Subject.parse(subject).context
    qualified = tuple(replace(each, subject=inside(each.subject, context)) for each in schema.references)
    return Schema(schema.format, schema.text, qualified, schema.metadata, schema.rule_set)


async def latest_with_metadata(
    view: View, spelled: str, wanted: Mapping[str, str], *, deleted: bool = False
) -> Shown | None:
    """The newest version with metadata whose properties hold all the wanted pairs; SubjectNotFound where there is none."""
    subject, registry = await followed(view, spelled)
    history = await registry.history(str(subject), deleted=deleted)
    if not history:
        raise SubjectNotFound(str(subject))
    for stored in reversed(history):
        metadata = stored.schema.metadata
        if metadata is not None and metadata.properties.items() >= wanted.items():
            return shown(view, registry, stored)
    return None


def page(items: Sequence[object], offset: int, limit: int, most: int | None = None) -> list[object]:
    """A part of a list as the dialect pages: limits of 0, below, or above `most` mean the default."""
    start = max(offset, 0)
    if limit <= 0 or (most is not None and limit > most):
        limit = most if most is not None else len(items)
    return list(items[start : start + limit])
