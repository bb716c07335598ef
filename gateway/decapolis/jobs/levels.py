"""Steps that set levels, and those that keep what was configured before."""

from __future__ import annotations

from decapolis.operations.set_level import ANYTHING, ChangedMeanwhile, level_at, set_level
from decapolis.registries.held import held_config
from decapolis_policies import Level
from decapolis_translators.errors import Absent

from .plan import Outcome, Work, done, skipped, undo_skipped, undone


class SetLevel:
    """Sets a level where the plan's level still is; its inverse knows 'was unset' too.

    `after`: `level`, and `versions` where the history must be what it was when the plan was made.
    """

    name = "set-level"
    weight = 1

    async def do(self, work: Work) -> Outcome:
        """Reads, compares, notes the intent, sets: all under the lock of the place."""
        step, wanted = work.step, Level.named(str(work.step.after["level"]))
        changed = await _changed_history(work)
        if changed is not None and not work.again:
            return skipped(changed)

        async def intend(found: str | None) -> None:
            await work.intend({"level": found}, {"level": found, "set": wanted.name})

        expected = ANYTHING if step.before is None else step.before["level"]
        try:
            result = await set_level(work.view, work.subject, wanted, expected=expected, intend=intend)
        except ChangedMeanwhile as meanwhile:
            return skipped(str(meanwhile), found=meanwhile.found)
        if result.changed or work.again:
            return done(level=result.after, changed=True)
        return done(level=result.after, changed=False)

    async def undo(self, work: Work) -> Outcome:
        """Restores what was there, as long as what the step set is there."""
        inverse = work.step.inverse
        before, was_set = inverse["level"], _really_set(work)
        level = None if before is None else Level.named(str(before))
        found = await level_at(work.view, work.subject)
        if found == before:
            return undone(level=found, changed=False)
        try:
            result = await set_level(work.view, work.subject, level, expected=was_set)
        except ChangedMeanwhile as meanwhile:
            return undo_skipped(str(meanwhile), found=meanwhile.found)
        return undone(level=result.after, changed=True)


def _really_set(work: Work) -> str:
    """What the step set: a floor may have raised it."""
    outcome = work.step.outcome or {}
    return str(outcome.get("level") or work.step.inverse["set"])


async def _changed_history(work: Work) -> str | None:
    """Why the history is not the one that was planned for, None where it is or the plan does not care."""
    planned = work.step.after.get("versions")
    if planned is None or work.subject is None:
        return None
    expected = list(planned)
    added = ((work.needed.outcome or {}) if work.needed is not None else {}).get("version")
    if added is not None and added not in expected:
        expected.append(added)
    try:
        found = await work.view.gateway.registries.at(work.step.registry).versions(work.subject)
    except Absent:
        found = []
    if found == sorted(expected):
        return None
    return f"{work.subject} was changed meanwhile: versions {expected} were analysed, {found} are there"


MOST_KEPT = 500
"""How many subjects one snapshot step keeps."""


class Snapshot:
    """Keeps the whole configuration of some subjects in the journal before anything is changed. `after`: `subjects`."""

    name = "snapshot"
    weight = 1

    async def do(self, work: Work) -> Outcome:
        """Reads what is set exactly there."""
        registry = work.gateway.registries.at(work.step.registry)
        configs = {}
        for name in work.step.after["subjects"]:
            configs[name or "global"] = await held_config(registry, name or None)
        return done(configs=configs)

    async def undo(self, work: Work) -> Outcome:
        """There is nothing to take back."""
        return undone(subjects=len(work.step.after["subjects"]))
