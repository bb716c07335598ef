"""Reserved fields: names that a subject's metadata keeps free for ever (compatibility.md section 1.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from decapolis_formats import Metadata, engine_of
from decapolis_formats.data_contracts import RESERVED_PROPERTY

from .candidate import Candidate
from .history import PastVersion
from .verdict import RESERVED_FIELDS, Violation


def reserved_names(metadata: Metadata | None) -> tuple[str, ...]:
    """The names in the metadata property `confluent:reserved`, a list with commas."""
    listed = "" if metadata is None else metadata.properties.get(RESERVED_PROPERTY, "")
    return tuple(dict.fromkeys(name.strip() for name in listed.split(",") if name.strip()))


def reserved_fields(candidate: Candidate, history: Sequence[PastVersion]) -> Iterator[Violation]:
    """One violation for each reserved name that was dropped, and one for each that is a top-level field now."""
    ours = reserved_names(candidate.metadata)
    if history:
        latest = history[-1]
        for name in reserved_names(latest.metadata):
            if name not in ours:
                text = f"The new schema does not reserve the field {name} any more, as version {latest.number} does."
                yield Violation(RESERVED_FIELDS, name, text, latest.number)
    if not ours:
        return
    engine = engine_of(candidate.schema.format)
    fields = set(engine.field_names(candidate.schema.parsed(strict=False)))
    for name in ours:
        if name in fields:
            text = f"The new schema has field that conflicts with the reserved field {name}."
            yield Violation(RESERVED_FIELDS, name, text)
