"""Turns references into the texts that an engine needs, depth first, each name once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from decapolis_formats import Dependency, InvalidSchema, Reference
from decapolis_translators.contract import StoredVersion
from decapolis_translators.errors import SubjectNotFound, VersionNotFound
from decapolis_translators.subjects import Subject

MOST_REFERENCES = 1_000
MOST_DEPTH = 100

Fetch = Callable[[str, int], Awaitable[StoredVersion]]


async def resolve(references: Sequence[Reference], context: str, fetch: Fetch) -> tuple[Dependency, ...]:
    """The texts of references and of theirs; InvalidSchema names the one that is missing, or a bound that was hit.

    An unqualified subject resolves in `context`, the one of the schema that refers (confluent-rest section 5.5).
    """
    found: dict[str, Dependency] = {}
    await _resolve(references, context, fetch, found, (), direct={each.name for each in references})
    return tuple(found.values())


async def _resolve(
    references: Sequence[Reference],
    context: str,
    fetch: Fetch,
    found: dict[str, Dependency],
    trail: tuple[str, ...],
    *,
    direct: set[str],
) -> None:
    if len(trail) > MOST_DEPTH or len(found) > MOST_REFERENCES:
        raise InvalidSchema(f"References nest deeper than {MOST_DEPTH} or are more than {MOST_REFERENCES}")
    for reference in references:
        if reference.name in found or reference.name in trail:
            continue
        subject = inside(reference.subject, context)
        try:
            stored = await fetch(subject, reference.version)
        except (SubjectNotFound, VersionNotFound) as absent:
            raise InvalidSchema(
                f'No schema reference found for subject "{reference.subject}" and version {reference.version}'
            ) from absent
        within = Subject.parse(subject).context
        await _resolve(stored.schema.references, within, fetch, found, (*trail, reference.name), direct=direct)
        found[reference.name] = Dependency(
            reference.name, stored.schema.text, subject, stored.version, reference.name not in direct
        )


def inside(subject: str, context: str) -> str:
    """The qualified spelling of a reference's subject as seen from a schema in `context`."""
    return subject if subject.startswith(":.") else str(Subject(context, subject))
