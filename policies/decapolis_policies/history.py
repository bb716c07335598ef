"""One candidate against a subject's history: which versions it breaks, in which direction, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from decapolis_formats import (
    DEFAULT_OPTIONS,
    CompareOptions,
    Dependency,
    Difference,
    Format,
    InvalidSchema,
    Metadata,
    RuleSet,
    engine_of,
)

from .levels import Depth, Level
from .memory import Remembered

DIFFERENT_TYPE = "Incompatible because of different schema type"
OLD_SCHEMA_SHOWN = 10_240
SOON_COMPARED = 16_000
"""Avro texts of so many characters together are compared again sooner than found in a memory."""

# pure memory of pure functions: what they answer never depends on it
_READ: Remembered[Any] = Remembered(characters=1_000_000)  # a parsed tree takes some thirty times its text
_COMPARED: Remembered[tuple[Difference, ...]] = Remembered(characters=4_000_000)


@dataclass(frozen=True, slots=True)
class Text:
    """A schema text with the texts of its references: all that an engine needs to read it."""

    format: Format
    text: str
    dependencies: tuple[Dependency, ...] = ()
    _lax: Any = field(default=None, init=False, repr=False, compare=False)
    """How history reads it, once that was asked: a comparison asks several times."""

    def __reduce__(self) -> tuple[Any, ...]:
        # a reading is heavy, and whoever gets this in another process makes its own
        return Text, (self.format, self.text, self.dependencies)

    def parsed(self, *, strict: bool, validate_fields: bool = False) -> Any:
        """The engine's reading of it, remembered; InvalidSchema where it cannot be read."""
        if strict or validate_fields:
            return self._remembered(strict=strict, validate_fields=validate_fields)
        if self._lax is None:
            object.__setattr__(self, "_lax", self._remembered(strict=False, validate_fields=False))
        return self._lax

    def _remembered(self, *, strict: bool, validate_fields: bool) -> Any:
        key = (*self.key, strict, validate_fields)
        return _READ.get(key, self.characters, lambda: self._read(strict=strict, validate_fields=validate_fields))

    @property
    def key(self) -> tuple[Format, str, tuple[Dependency, ...]]:
        """What tells it from others, without the reading: memories of it must not hold that too."""
        return (self.format, self.text, self.dependencies)

    def _read(self, *, strict: bool, validate_fields: bool) -> Any:
        engine = engine_of(self.format)
        return engine.parse(self.text, self.dependencies, strict=strict, validate_fields=validate_fields)

    def with_reading(self, reading: Any) -> Text:
        """The same text with a reading that somebody has already, so that comparisons need not read it again."""
        object.__setattr__(self, "_lax", reading)
        return self

    def read_as(self, reading: Any) -> None:
        """Remembers a reading for everybody who will have this text."""
        _READ.put((*self.key, False, False), self.characters, reading)

    @property
    def characters(self) -> int:
        """How much text there is to read, references included."""
        size = len(self.text)
        return size + sum(len(each.text) for each in self.dependencies) if self.dependencies else size


@dataclass(frozen=True, slots=True)
class PastVersion:
    """A version of a subject, to be compared with; read leniently, because history may be old and odd."""

    number: int
    schema: Text
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
    deleted: bool = False
    """Only a floor may still ask about it."""

    def readable(self) -> Any:
        """The engine's reading of it, None where it cannot be read any more."""
        try:
            return self.schema.parsed(strict=False)
        except InvalidSchema:
            return None


@dataclass(frozen=True, slots=True)
class Failure:
    """A version that the candidate breaks: in which direction, and every breaking difference."""

    version: int
    direction: str
    differences: tuple[Difference, ...]
    messages: tuple[str, ...]
    old_text: str = ""
    deleted: bool = False


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
    for past in compared_under(history, level):
        found = list(against(candidate, past, level, options))
        if found:
            return found
    return []


def compared_under(history: Sequence[PastVersion], level: Level) -> Sequence[PastVersion]:
    """The versions of a history (ascending) that a level compares a candidate with, the newest first."""
    if level.depth is Depth.NONE or not history:
        return ()
    return history[::-1] if level.depth is Depth.ALL else history[-1:]


def against(candidate: Text, past: PastVersion, level: Level, options: CompareOptions) -> Iterator[Failure]:
    """What a level holds against a candidate because of one version, forward before backward."""
    if past.schema.format is not candidate.format:
        difference = Difference("SCHEMA_TYPE_CHANGED", "", compatible=False)
        yield Failure(past.number, "backward", (difference,), (DIFFERENT_TYPE,), past.schema.text, past.deleted)
        return
    candidate.parsed(strict=False)
    try:
        past.schema.parsed(strict=False)
    except InvalidSchema as unreadable:
        text = f"Version {past.number} cannot be read any more, so nothing can be compared with it: {unreadable}"
        difference = Difference("HISTORY_UNREADABLE", "", compatible=False, info=str(unreadable))
        yield Failure(past.number, "backward", (difference,), (text,), past.schema.text, past.deleted)
        return
    if level.forward:
        yield from _failing(past, "forward", breaking(past.schema, candidate, options))
    if level.backward:
        yield from _failing(past, "backward", breaking(candidate, past.schema, options))


def _failing(past: PastVersion, direction: str, found: tuple[Difference, ...]) -> Iterator[Failure]:
    if not found:
        return
    engine = engine_of(past.schema.format)
    reader, writer = ("old", "new") if direction == "forward" else ("new", "old")
    texts = tuple(engine.describe(each, reader=reader, writer=writer) for each in found)
    shown = engine.canonical(past.schema.parsed(strict=False))
    yield Failure(past.number, direction, found, texts, shown, past.deleted)


def breaking(reader: Text, writer: Text, options: CompareOptions) -> tuple[Difference, ...]:
    """What keeps `reader` from reading what was written with `writer`; equal pairs are remembered."""

    def compared() -> tuple[Difference, ...]:
        engine = engine_of(reader.format)
        found = engine.compare(reader.parsed(strict=False), writer.parsed(strict=False), options)
        return tuple([difference for difference in found if not difference.compatible])

    weight = reader.characters + writer.characters
    if weight <= SOON_COMPARED and reader.format is Format.AVRO:
        return compared()
    return _COMPARED.get((reader.key, writer.key, options), weight, compared)


def dialect_messages(
    found: Sequence[Failure], level: Level, *, validate_fields: bool = False, reserved: Sequence[str] = ()
) -> list[str]:
    """The list that the dialect's 409 and `verbose=true` show; empty where neither a version nor a reserved field fails.

    The old schema's version and text follow unless only the forward half of a two-way level failed (compatibility.md
    section 1.3).
    """
    if not (found or reserved):
        return []
    messages = [*reserved, *(text for failure in found for text in failure.messages)]
    two_way = level.backward and level.forward
    if found and not (two_way and found[-1].direction == "forward"):
        last = found[-1]
        messages.append(f"{{oldSchemaVersion: {last.version}}}")
        shown = last.old_text
        if len(shown) > OLD_SCHEMA_SHOWN:
            messages.append(f"{{oldSchema: <truncated> '{shown[:OLD_SCHEMA_SHOWN]}...'}}")
        else:
            messages.append(f"{{oldSchema: '{shown}'}}")
    messages.append(f"{{validateFields: '{str(validate_fields).lower()}', compatibility: '{level.name}'}}")
    return messages
