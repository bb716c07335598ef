"""Metadata of a version: what its registry holds, and what the gateway keeps beside it because the registry cannot change it.

In most registries metadata belongs to the content of a version: another map would be another version. So a map that is set
later is kept here, and shown together with the registry's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from decapolis.cache import subject_scope
from decapolis.gateway import Gateway
from decapolis.registries.live import LiveRegistry
from decapolis.store.annotations import annotation, annotations_of, keep_annotation
from decapolis_formats import Metadata
from decapolis_formats.spelling import metadata_from
from decapolis_translators.contract import StoredVersion

from .errors import OperationRefused

MOST_BYTES = 64 * 1024


class MetadataInvalid(OperationRefused):
    """The map cannot be kept."""


async def annotated(gateway: Gateway, registry: LiveRegistry, subject: str, version: int) -> dict[str, Any]:
    """What the gateway keeps for a version."""
    return await gateway.store.read(lambda c: annotation(c, registry.id, subject, version))


async def annotated_subjects(gateway: Gateway, registry: LiveRegistry) -> dict[tuple[str, int], dict[str, Any]]:
    """Everything that the gateway keeps for versions of a registry."""
    return await gateway.store.read(lambda c: annotations_of(c, registry.id))


def shown_metadata(metadata: Metadata | None) -> dict[str, Any]:
    """A registry's own metadata as one map: its properties, and `tags` and `sensitive` where there are any."""
    if metadata is None:
        return {}
    found: dict[str, Any] = dict(metadata.properties)
    if metadata.tags:
        found["tags"] = {path: list(tags) for path, tags in metadata.tags.items()}
    if metadata.sensitive:
        found["sensitive"] = list(metadata.sensitive)
    return found


def split_metadata(given: Mapping[str, Any] | None, *, able: bool) -> tuple[Metadata | None, dict[str, Any]]:
    """What of a map goes into the registry with the schema, and what is kept beside it.

    A map of the dialect's shape (`properties`, `tags`, `sensitive`) is the registry's or refused; of a free one the texts are
    properties where the registry is able to hold any.
    """
    if given is None:
        return None, {}
    if given and given.keys() <= {"properties", "tags", "sensitive"} and isinstance(given.get("properties", {}), dict):
        return metadata_from(given), {}
    held = {key: value for key, value in given.items() if able and isinstance(value, str)}
    beside = {key: value for key, value in given.items() if key not in held}
    return (Metadata(properties=held) if held else None), beside


async def whole_metadata(gateway: Gateway, registry: LiveRegistry, stored: StoredVersion) -> dict[str, Any]:
    """Both together; what was set through the gateway counts where both have a key."""
    kept = await annotated(gateway, registry, stored.subject, stored.version)
    return {**shown_metadata(stored.schema.metadata), **kept}


async def annotate(
    gateway: Gateway, registry: LiveRegistry, stored: StoredVersion, wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """Makes the map the metadata of a version, and answers it as it will be read back; MetadataInvalid.

    What the registry itself holds stays there; a key of it that is not wanted any more cannot be taken away.
    """
    try:
        kept = _kept_beside(registry, stored, wanted)
    except MetadataInvalid as refused:
        facts: dict[str, Any] = {"version": stored.version, "keys": sorted(wanted)[:100]}
        await gateway.audit.note("set-metadata", registry.id, stored.subject, facts, "refused", reason=str(refused))
        raise
    before = await annotated(gateway, registry, stored.subject, stored.version)
    facts = {"version": stored.version, "before": before, "after": kept}
    number = await gateway.audit.intend("set-metadata", registry.id, stored.subject, facts)
    await gateway.store.write(lambda c: keep_annotation(c, registry.id, stored.subject, stored.version, kept))
    await gateway.changes.count(subject_scope(registry.id, stored.subject), registry.id)
    await gateway.audit.close(number, "done")
    return {**shown_metadata(stored.schema.metadata), **kept}


def _kept_beside(registry: LiveRegistry, stored: StoredVersion, wanted: Mapping[str, Any]) -> dict[str, Any]:
    own = shown_metadata(stored.schema.metadata)
    stuck = sorted(own.keys() - wanted.keys())
    if stuck:
        raise MetadataInvalid(
            f"{', '.join(stuck)}: belongs to the content of this version in registry {registry.id}, where it cannot be "
            "taken away; register a new version without it"
        )
    kept = {key: value for key, value in wanted.items() if key not in own or own[key] != value}
    if len(orjson.dumps(kept)) > MOST_BYTES:
        raise MetadataInvalid(f"The metadata of a version may have {MOST_BYTES} bytes")
    return kept
