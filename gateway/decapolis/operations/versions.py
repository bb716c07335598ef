"""The versions of a subject as register, lookup and the judge look at them."""

from __future__ import annotations

from collections.abc import Sequence

from decapolis.registries.live import LiveRegistry
from decapolis_formats import FormatError, engine_of
from decapolis_formats.data_contracts import without_version
from decapolis_policies import PastVersion, Text
from decapolis_translators.contract import StoredVersion
from decapolis_translators.subjects import Subject

from .candidate import Candidate


async def equivalent_version(
    registry: LiveRegistry, subject: Subject, candidate: Candidate, versions: Sequence[StoredVersion]
) -> StoredVersion | None:
    """The newest of these versions that holds the same schema, or one that only inlines or numbers it differently."""
    for stored in reversed(versions):
        if stored.schema.is_same(candidate.schema):
            return stored
    for stored in reversed(versions):
        if await _equivalent(registry, subject, candidate, stored):
            return stored
    return None


async def _equivalent(registry: LiveRegistry, subject: Subject, candidate: Candidate, stored: StoredVersion) -> bool:
    ours, theirs = candidate.schema, stored.schema
    if (
        ours.format is not theirs.format
        or without_version(ours.metadata) != without_version(theirs.metadata)
        or ours.rule_set != theirs.rule_set
    ):
        return False
    if ours.references == theirs.references:
        return ours.text == theirs.text
    if ours.references or not theirs.references:
        return False
    known = await registry.dependencies(theirs, subject.context, deleted=True)
    try:
        parsed = Text(theirs.format, theirs.text, known).parsed(strict=False)
    except FormatError:
        return False
    return engine_of(ours.format).equivalent(candidate.parsed, parsed)


async def past_versions(
    registry: LiveRegistry, subject: Subject, versions: Sequence[StoredVersion]
) -> list[PastVersion]:
    """The versions with the texts of their references, as the judge reads them."""
    past = []
    for stored in versions:
        schema = stored.schema
        known = await registry.dependencies(schema, subject.context, deleted=True) if schema.references else ()
        text = Text(schema.format, schema.text, known)
        past.append(PastVersion(stored.version, text, schema.metadata, schema.rule_set, stored.deleted))
    return past
