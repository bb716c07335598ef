"""One candidate against a subject's history: which versions it breaks, in which direction, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from decapolis_formats import (
    DEFAULT_OPTIONS,
    CompareOptions,
    Dependency,
    Difference,
    Format,
    InvalidSchema,
    engine_of,
)

from .levels import Depth, Level
from .readings import Readings

_READINGS = Readings()  # pure memory of a pure function: what it answers never depends on it
DIFFERENT_TYPE = "Incompatible because of different schema type"
OLD_SCHEMA_SHOWN = 10_240


@dataclass(frozen=True, slots=True)
class Text:
    """A schema text with the texts of its references: all that an engine needs to read it."""

    format: Format
    text: str
    dependencies: tuple[Dependency, ...] = ()

    def parsed(self, *, strict: bool, validate_fields: bool = False) -> Any:
        """The engine's reading of it, remembered; InvalidSchema where it cannot be read."""
        key = (self, strict, validate_fields)
        reading = _READINGS.get(key)
        if reading is None:
            engine = engine_of(self.format)
            reading = engine.parse(self.text, self.dependencies, strict=strict, validate_fields=validate_fields)
            _READINGS.put(key, len(self.text), reading)
        return reading

    def read_as(self, reading: Any) -> None:
        """Remembers a reading that somebody has already, so that comparisons need not read the text again."""
        _READINGS.put((self, False, False), len(self.text), reading)


@dataclass(frozen=True, slots=True)
class PastVersion:
    """A live version of a subject, to be compared with; read leniently, because history may be old and odd."""

    number: int
    schema: Text


@dataclass(frozen=True, slots=True)
class Failure:
    """A version that the candidate breaks: in which direction, and every breaking difference."""

    version: int
    direction: str
    differences: tuple[Difference, ...]
    messages: tuple[str, ...]
    old_text: str = ""


def failures(
    candidate: Text,
    history: Sequence[PastVersion],
    level: Level,
    options: CompareOptions = DEFAULT_OPTIONS,
) -> list[Failure]:
    """What `level` holds against the candidate, forward before backward; empty when it may follow the history.

    `history` is in ascending order of versions. Transitive levels walk it from the newest to the oldest and stop at the
    first version that fails. InvalidSchema if the candidate itself cannot be read.
    """
    for past in _compared(history, level):
        found = list(_against(candidate, past, level, options))
        if found:
            return found
    return []


def _compared(history: Sequence[PastVersion], level: Level) -> Sequence[PastVersion]:
    if level.depth is Depth.NONE or not history:
        return ()
    return history[::-1] if level.depth is Depth.ALL else history[-1:]


def _against(candidate: Text, past: PastVersion, level: Level, options: CompareOptions) -> Iterator[Failure]:
    if past.schema.format is not candidate.format:
        difference = Difference("SCHEMA_TYPE_CHANGED", "", compatible=False)
        yield Failure(past.number, "backward", (difference,), (DIFFERENT_TYPE,), past.schema.text)
        return
    engine = engine_of(candidate.format)
    new = candidate.parsed(strict=False)
    try:
        old = past.schema.parsed(strict=False)
    except InvalidSchema as unreadable:
        text = f"Version {past.number} cannot be read any more, so nothing can be compared with it: {unreadable}"
        difference = Difference("HISTORY_UNREADABLE", "", compatible=False, info=str(unreadable))
        yield Failure(past.number, "backward", (difference,), (text,), past.schema.text)
        return
    if level.forward:
        breaking = _breaking(engine.compare(old, new, options))
        if breaking:
            texts = tuple(engine.describe(each, reader="old", writer="new") for each in breaking)
            yield Failure(past.number, "forward", breaking, texts, engine.canonical(old))
    if level.backward:
        breaking = _breaking(engine.compare(new, old, options))
        if breaking:
            texts = tuple(engine.describe(each, reader="new", writer="old") for each in breaking)
            yield Failure(past.number, "backward", breaking, texts, engine.canonical(old))


def _breaking(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    return tuple(difference for difference in differences if not difference.compatible)


def dialect_messages(found: Sequence[Failure], level: Level, *, validate_fields: bool = False) -> list[str]:
    """The list that the dialect's 409 and `verbose=true` show for these failures; empty for none.

    The old schema's version and text follow unless only the forward half of a two-way level failed (compatibility.md
    section 1.3).
    """
    if not found:
        return []
    messages = [text for failure in found for text in failure.messages]
    last = found[-1]
    two_way = level.backward and level.forward
    if not (two_way and last.direction == "forward"):
        messages.append(f"{{oldSchemaVersion: {last.version}}}")
        shown = last.old_text
        if len(shown) > OLD_SCHEMA_SHOWN:
            messages.append(f"{{oldSchema: <truncated> '{shown[:OLD_SCHEMA_SHOWN]}...'}}")
        else:
            messages.append(f"{{oldSchema: '{shown}'}}")
    messages.append(f"{{validateFields: '{str(validate_fields).lower()}', compatibility: '{level.name}'}}")
    return messages
