"""Finds the version of a subject that holds a schema."""

from __future__ import annotations

from decapolis.gateway import View
from decapolis.registries.live import LiveRegistry
from decapolis_formats import Schema
from decapolis_translators.contract import StoredVersion
from decapolis_translators.errors import Absent, SchemaNotFound
from decapolis_translators.subjects import Subject

from .candidate import Request, candidate_from
from .effective import effective_config, followed
from .errors import SchemaInvalid
from .located import in_other_contexts
from .shown import Shown, shown
from .versions import equivalent_version


async def lookup(
    view: View, spelled: str, request: Request, *, normalize: bool = False, deleted: bool = False
) -> Shown:
    """The version that holds the schema; SchemaInvalid, SubjectNotFound or SchemaNotFound, in this order.

    What a plain name does not have is looked for in its registry's other contexts (confluent-rest section 5.1).
    """
    subject, registry = await followed(view, spelled)
    try:
        found = await _in_subject(view, registry, subject, request, normalize=normalize, deleted=deleted)
    except Absent:
        for elsewhere in await in_other_contexts(registry, subject):
            try:
                place = Subject.parse(elsewhere)
                found = await _in_subject(view, registry, place, request, normalize=normalize, deleted=deleted)
            except (Absent, SchemaInvalid):
                continue
            return shown(view, registry, found)
        raise
    return shown(view, registry, found)


async def _in_subject(
    view: View, registry: LiveRegistry, subject: Subject, request: Request, *, normalize: bool, deleted: bool
) -> StoredVersion:
    """Reading is lenient, because history may be older than today's rules; an empty text is held by nobody."""
    config = await effective_config(view.gateway, registry, subject, needed=False)
    if request.is_empty:
        await registry.versions(str(subject), deleted=deleted)
        raise SchemaNotFound("")
    normalize = normalize or bool(config.get("normalize"))
    candidate = await candidate_from(view, registry, subject, request, normalize=normalize, strict=False, deleted=True)
    # a registry may answer "no such schema" where there is no such subject
    await registry.versions(str(subject), deleted=deleted)
    found = await registry.lookup(str(subject), candidate.schema, deleted=deleted)
    if found is None:
        versions = await registry.history(str(subject), deleted=deleted)
        found = await equivalent_version(registry, subject, candidate, versions)
        if found is None:
            inheriting = candidate.inheriting(_latest(versions), config)
            if inheriting is not candidate:
                found = await equivalent_version(registry, subject, inheriting, versions)
    if found is None:
        raise SchemaNotFound("")
    return found


def _latest(versions: list[StoredVersion]) -> Schema | None:
    live = [each for each in versions if not each.deleted]
    return live[-1].schema if live else None
