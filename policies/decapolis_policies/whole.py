"""A whole history under one level: every pair that the level compares, and a version that would bridge what is broken.

A level that is set says nothing about the versions that are there already. Here each version is asked about those before it
as if it came now, and every pair that fails is told, not only the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from decapolis_formats import Difference, Format, FormatError, InvalidSchema, Reference, engine_of

from .candidate import Candidate
from .demands import Demands
from .history import Failure, PastVersion, against, compared_under
from .judging import judge, questions
from .levels import Depth, Level
from .verdict import Repair

MOST_TOLD = 50
"""How many broken pairs are told in full; all of them are counted."""
MOST_REASONS = 5
UNREADABLE = "HISTORY_UNREADABLE"


@dataclass(frozen=True, slots=True)
class BrokenPair:
    """Two versions of which one cannot read what was written with the other."""

    older: int
    newer: int
    direction: str
    """`backward`: the newer cannot read the older's data; `forward`: the older cannot read the newer's."""
    rule: str
    types: tuple[str, ...]
    paths: tuple[str, ...]
    messages: tuple[str, ...]
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Bridge:
    """A version that every live version and it can read each other's data, as the level asks, proved by judging it."""

    text: str
    sentence: str
    edits: tuple[str, ...] = ()
    version: int | None = None
    """The number of the live version that holds this text already, None for a new one."""


@dataclass(frozen=True, slots=True)
class WholeVerdict:
    """Whether a history satisfies a level."""

    satisfied: bool
    level: Level
    pairs: int
    """How many pairs of versions were compared."""
    broken: tuple[BrokenPair, ...] = ()
    broken_pairs: int = 0
    bridge: Bridge | None = None

    @property
    def bridged(self) -> bool:
        """Whether the newest version already makes good what older ones break."""
        return self.bridge is not None and self.bridge.version is not None and not self.bridge.edits


@dataclass(frozen=True, slots=True)
class Newest:
    """What a bridging version inherits of the newest one beside its text."""

    subject: str = ""
    references: tuple[Reference, ...] = ()


def judge_whole(
    history: Sequence[PastVersion], demands: Demands, *, bridge: bool = False, newest: Newest | None = None
) -> WholeVerdict:
    """Every pair of a history (ascending) that these demands compare; ComparisonTooCostly where one runs out of its budget.

    With `bridge` a broken history is answered with the version that would bridge it, where one is known.
    """
    pairs: set[tuple[int, int]] = set()
    broken: dict[tuple[int, int, str], BrokenPair] = {}
    for at, version in enumerate(history):
        if version.deleted:
            continue
        for each in _broken_by(version, history[:at], demands, pairs):
            broken.setdefault((each.older, each.newer, each.direction), each)
    told = tuple(sorted(broken.values(), key=lambda each: (each.newer, each.older, each.direction)))
    verdict = WholeVerdict(not told, demands.enforced, len(pairs), told[:MOST_TOLD], len(told))
    if told and bridge:
        return replace(verdict, bridge=_bridge(history, demands, newest or Newest()))
    return verdict


def _broken_by(
    version: PastVersion, before: Sequence[PastVersion], demands: Demands, pairs: set[tuple[int, int]]
) -> Iterable[BrokenPair]:
    candidate = Candidate(version.schema, "", (), version.metadata, version.rule_set)
    for asked in questions(candidate, before, demands):
        if not asked.refuses or asked.level.depth is Depth.NONE:
            continue
        try:
            version.schema.parsed(strict=False)
        except InvalidSchema as unreadable:
            text = f"Version {version.number} cannot be read any more: {unreadable}"
            yield BrokenPair(version.number, version.number, "backward", asked.rule, (UNREADABLE,), ("",), (text,))
            return
        for past in compared_under(asked.history, asked.level):
            pairs.add((past.number, version.number))
            for failure in against(version.schema, past, asked.level, asked.options):
                yield _pair(asked.rule, failure, version.number)


def _pair(rule: str, failure: Failure, newer: int) -> BrokenPair:
    differences: tuple[Difference, ...] = failure.differences[:MOST_REASONS]
    return BrokenPair(
        failure.version,
        newer,
        failure.direction,
        rule,
        tuple(each.type for each in differences),
        tuple(each.path for each in differences),
        failure.messages[:MOST_REASONS],
        failure.deleted,
    )


def _bridge(history: Sequence[PastVersion], demands: Demands, newest: Newest) -> Bridge | None:
    """The newest version where it bridges already, else its repaired text where there is one."""
    live = [past for past in history if not past.deleted]
    latest = live[-1]
    candidate = Candidate(latest.schema, newest.subject, newest.references, latest.metadata, latest.rule_set)
    try:
        verdict = judge(candidate, history, replace(demands, repairs=True))
    except InvalidSchema:
        return None
    if verdict.allowed:
        return Bridge(latest.schema.text, "The newest version bridges the older ones already.", (), latest.number)
    if verdict.repair is None:
        return None
    return _as_new_version(candidate, verdict.repair, live, history, demands)


def _as_new_version(
    candidate: Candidate,
    repair: Repair,
    live: Sequence[PastVersion],
    history: Sequence[PastVersion],
    demands: Demands,
) -> Bridge | None:
    """A text that no version holds yet: registries answer a known text with its old version, which bridges nothing."""
    there = _holding(repair.text, live)
    if there is None:
        return Bridge(repair.text, repair.sentence, repair.edits)
    told = _told(candidate.schema.format, repair.text, live)
    if told is not None and _holding(told, live) is None:
        again = replace(candidate, schema=replace(candidate.schema, text=told))
        if judge(again, history, replace(demands, repairs=False)).allowed:
            return Bridge(told, repair.sentence, repair.edits)
    return Bridge(repair.text, repair.sentence, repair.edits, there)


def _holding(text: str, live: Sequence[PastVersion]) -> int | None:
    for past in reversed(live):
        parsed = past.readable()
        if past.schema.text == text or (parsed is not None and engine_of(past.schema.format).canonical(parsed) == text):
            return past.number
    return None


def _told(format: Format, text: str, live: Sequence[PastVersion]) -> str | None:
    """The same schema with a sentence about why it is there, where the format keeps such a sentence."""
    key = {Format.AVRO: "doc", Format.JSON_SCHEMA: "description"}.get(format)
    if key is None:
        return None
    try:
        raw = json.loads(text)
        if not isinstance(raw, dict):
            return None
        sentence = f"Bridges versions {live[0].number} to {live[-1].number}."
        raw[key] = f"{raw[key]} {sentence}" if raw.get(key) else sentence
        engine = engine_of(format)
        return engine.canonical(engine.parse(json.dumps(raw), live[-1].schema.dependencies, strict=True))
    except (ValueError, FormatError):
        return None
