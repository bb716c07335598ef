"""Steps that look at whole histories: does one satisfy a level, and can its subject be moved to it."""

from __future__ import annotations

from typing import Any

from decapolis.operations.history_check import HistoryChecked, history_check
from decapolis.operations.set_level import level_at
from decapolis_formats.spelling import metadata_to, references_to, rule_set_to
from decapolis_policies import Level
from decapolis_policies.whole import BrokenPair

from .plan import Outcome, Work, done, undone

READY, REPAIRABLE, BLOCKED = "READY", "REPAIRABLE", "BLOCKED"
LOW, MEDIUM, HIGH = "low", "medium", "high"
PHASES = {LOW: 1, MEDIUM: 2, HIGH: 3}
MOST_PAIRS = 10
"""How many broken pairs a step keeps in full."""


def pair_facts(pair: BrokenPair) -> dict[str, Any]:
    """A broken pair as data."""
    return {
        "older": pair.older,
        "newer": pair.newer,
        "direction": pair.direction,
        "rule": pair.rule,
        "types": list(pair.types),
        "paths": list(pair.paths),
        "messages": list(pair.messages),
        "deleted": pair.deleted,
    }


def facts_of(found: HistoryChecked) -> dict[str, Any]:
    """What a check found, as data."""
    return {
        "is_compatible": found.satisfied,
        "target": found.target,
        "level": found.level,
        "configured": found.configured,
        "schema_type": found.schema_type,
        "versions": list(found.versions),
        "pairs": found.pairs,
        "broken_pairs": found.broken_pairs,
        "broken": [pair_facts(each) for each in found.broken[:MOST_PAIRS]],
    }


class CheckHistory:
    """Asks a whole history about a level. `after`: `level`, None for the subject's own."""

    name = "check-history"
    weight = 8

    async def do(self, work: Work) -> Outcome:
        """Reads every version and compares what the level compares."""
        found = await history_check(work.view, work.step.subject, work.step.after["level"])
        return done(**facts_of(found))

    async def undo(self, work: Work) -> Outcome:
        """There is nothing to take back."""
        return undone()


class Analyze:
    """Finds out whether a subject can be moved to a level, and what that would take. `after`: `level`."""

    name = "analyze"
    weight = 8

    async def do(self, work: Work) -> Outcome:
        """READY, REPAIRABLE with the version that would bridge it, or BLOCKED with the pair and the reason."""
        subject, target = work.step.subject, str(work.step.after["level"])
        own = await level_at(work.view, subject)
        found = await history_check(work.view, subject, target, bridge=True)
        return done(**facts_of(found), own=own, **assessed(found))

    async def undo(self, work: Work) -> Outcome:
        """There is nothing to take back."""
        return undone()


def assessed(found: HistoryChecked) -> dict[str, Any]:
    """The status of a subject, its risk, its phase, and the reason in a sentence."""
    already = found.configured == Level.named(found.target).name
    if found.satisfied:
        reason = "It is at the target level already." if already else "Every pair of versions satisfies the level."
        return _status(READY, LOW, reason)
    if found.bridged and found.bridging is not None:
        reason = (
            f"Version {found.bridging.version} and every other live version read each other's data; "
            f"{found.broken_pairs} older pair(s) do not."
        )
        return _status(READY, MEDIUM, reason, bridged_by=found.bridging.version)
    if found.bridging is not None:
        bridging = found.bridging
        body = {
            "schema": bridging.text,
            "schemaType": bridging.schema_type,
            "references": references_to(bridging.references),
            "metadata": None if bridging.metadata is None else metadata_to(bridging.metadata),
            "ruleSet": None if bridging.rule_set is None else rule_set_to(bridging.rule_set),
        }
        wanted = {"sentence": bridging.sentence, "edits": list(bridging.edits), "version": bridging.version, **body}
        reason = f"{_worst(found)} {bridging.sentence.replace('It would pass', 'A new version would bridge it', 1)}"
        return _status(REPAIRABLE, HIGH, reason, bridging=wanted)
    return _status(BLOCKED, None, f"{_worst(found)} No edit of the newest version is known that would bridge it.")


def _status(status: str, risk: str | None, reason: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "risk": risk, "phase": None if risk is None else PHASES[risk], "reason": reason, **more}


def _worst(found: HistoryChecked) -> str:
    """The newest broken pair in words."""
    pair = found.broken[-1]
    reader, writer = (pair.newer, pair.older) if pair.direction == "backward" else (pair.older, pair.newer)
    if pair.older == pair.newer:
        return pair.messages[0] if pair.messages else f"Version {pair.newer} cannot be read any more."
    what = f" ({pair.types[0]} at {pair.paths[0] or '/'})" if pair.types else ""
    return f"Version {reader} cannot read what was written with version {writer}{what}."
