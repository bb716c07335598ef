"""Repairs: for a closed list of cases, an edited schema that passes, proved by judging it.

Avro: add a default (null, or an empty value where other versions need the type), keep a field, widen a type, re-add a
symbol, make nullable, add an alias.  JSON Schema: make a property optional, keep a property, re-add a value of an enum,
widen a type or a limit.  Protobuf: keep a message, a field, its place in or out of a oneof, make a required field optional,
and give a field of another type a new number while its old one is reserved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Final

from decapolis_formats import Format, FormatError, engine_of
from decapolis_policies.candidate import Candidate
from decapolis_policies.demands import Demands
from decapolis_policies.history import Failure, PastVersion, Text
from decapolis_policies.verdict import Repair, Verdict

Judge = Callable[[Candidate, Sequence[PastVersion], Demands], Verdict]

MOST_CHARACTERS: Final = 100_000
MOST_ROUNDS: Final = 4
"""How many versions of a history may each ask for edits of their own."""
MOST_TOLD: Final = 3

_EDITORS: Final = {
    Format.AVRO: "decapolis_policies.repairs.of_avro",
    Format.JSON_SCHEMA: "decapolis_policies.repairs.of_json_schema",
    Format.PROTOBUF: "decapolis_policies.repairs.of_protobuf",
}


@dataclass(frozen=True, slots=True)
class Broken:
    """One difference that breaks: its type, its path and the direction that it breaks."""

    type: str
    path: str
    direction: str


@dataclass(slots=True)
class Edits:
    """Which directions have to hold, what is broken, and what was changed so that nothing is any more."""

    backward: bool
    forward: bool
    broken: tuple[Broken, ...] = ()
    keeps_types: bool = False
    """Whether what other versions read must stay of its type: a default is then made up rather than null."""
    told: list[str] = field(default_factory=list)

    def tell(self, edit: str) -> None:
        """Notes one change in words that finish the sentence "It would pass if you …"."""
        if edit not in self.told:
            self.told.append(edit)


def repaired(
    candidate: Candidate,
    history: Sequence[PastVersion],
    demands: Demands,
    verdict: Verdict,
    found: Sequence[Failure],
    judge: Judge,
) -> Verdict:
    """The verdict with a repair where one is known."""
    if candidate.schema.characters > MOST_CHARACTERS or _is_beyond(candidate.schema.format, found):
        return verdict
    both_ways = demands.enforced.backward and demands.enforced.forward
    again = both_ways and candidate.schema.format is Format.AVRO
    for keeps_types in (False, True) if again else (False,):
        try:
            repair = _repair(candidate, history, replace(demands, repairs=False), found, judge, keeps_types=keeps_types)
        except (FormatError, RecursionError):
            continue  # an edit that leads nowhere is no repair
        if repair is not None:
            return replace(verdict, repair=repair)
    return verdict


def _is_beyond(format: Format, found: Sequence[Failure]) -> bool:
    """Whether there is a difference that no edit undoes, so that none has to be tried."""
    beyond: tuple[str, ...] = _editor(format).BEYOND
    return any(difference.type.startswith(beyond) for failure in found for difference in failure.differences)


def _editor(format: Format) -> Any:
    return import_module(_EDITORS[format])


def _repair(
    candidate: Candidate,
    history: Sequence[PastVersion],
    demands: Demands,
    found: Sequence[Failure],
    judge: Judge,
    *,
    keeps_types: bool,
) -> Repair | None:
    versions = {past.number: past for past in history}
    told: list[str] = []
    broken = _by_version(
        (failure.version, Broken(each.type, each.path, failure.direction))
        for failure in found
        for each in failure.differences
    )
    for _ in range(MOST_ROUNDS):
        newest = max(broken)
        past = versions[newest]
        if past.schema.format is not candidate.schema.format or past.schema.characters > MOST_CHARACTERS:
            return None
        edits = Edits(bool(demands.enforced.backward), bool(demands.enforced.forward), broken[newest], keeps_types)
        text = _edited(candidate.schema, past.schema, edits)
        if text is None:
            return None
        told += [edit for edit in edits.told if edit not in told]
        candidate = replace(candidate, schema=replace(candidate.schema, text=text))
        verdict = judge(candidate, history, demands)
        if verdict.allowed:
            return Repair(_sentence(told), text, tuple(told))
        broken = _by_version(
            (each.version, Broken(each.type, each.path, each.direction))
            for each in verdict.violations
            if each.version is not None and each.direction
        )
        if not broken:
            return None
    return None


def _by_version(found: Iterable[tuple[int, Broken]]) -> dict[int, tuple[Broken, ...]]:
    gathered: dict[int, tuple[Broken, ...]] = {}
    for version, broken in found:
        gathered[version] = (*gathered.get(version, ()), broken)
    return gathered


def _edited(new: Text, old: Text, edits: Edits) -> str | None:
    """The canonical text after the edits; None where there is nothing to edit. It must hold as a new registration."""
    text = _editor(new.format).edited(new.parsed(strict=False), old.parsed(strict=False), edits)
    if not edits.told:
        return None
    engine = engine_of(new.format)
    return engine.canonical(engine.parse(text, new.dependencies, strict=True))


def _sentence(told: Sequence[str]) -> str:
    shown = "; ".join(told[:MOST_TOLD])
    more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return f"It would pass if you {shown}{more}."
