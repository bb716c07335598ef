"""Finds the version of a subject that holds a schema."""

from __future__ import annotations

from decapolis.gateway import View
from decapolis_translators.errors import SchemaNotFound, SubjectNotFound

from .candidate import Request, candidate_from
from .effective import effective_config, followed
from .shown import Shown, shown
from .versions import equivalent_version


async def lookup(
    view: View, spelled: str, request: Request, *, normalize: bool = False, deleted: bool = False
) -> Shown:
    """The version that holds the schema; SubjectNotFound or SchemaNotFound.

    An equal schema wins over one that only inlines or numbers it differently (confluent-rest section 5.3). Reading is
    lenient, because history may be older than today's rules.
    """
    subject, registry = await followed(view, spelled)
    config = await effective_config(view.gateway, registry, subject)
    # an unknown subject is told before an unreadable schema
    everything = await registry.versions(str(subject), deleted=True)
    if not everything:
        raise SubjectNotFound(str(subject))
    candidate = await candidate_from(
        view, registry, subject, request, normalize=normalize or bool(config.get("normalize")), strict=False
    )
    there = await registry.lookup(str(subject), candidate.schema, deleted=deleted)
    if there is None:
        versions = await registry.history(str(subject), deleted=deleted)
        there = await equivalent_version(registry, subject, candidate, versions)
    if there is None:
        raise SchemaNotFound("")
    return shown(view, registry, there)
