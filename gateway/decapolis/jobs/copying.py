"""Steps that copy subjects between registries, and those that keep on doing so."""

from __future__ import annotations

import asyncio
from typing import Any

from decapolis.locks import Busy
from decapolis.operations.copying import Copier, There, Waits
from decapolis.operations.delete import delete_subject, delete_version
from decapolis.operations.errors import OperationRefused
from decapolis.operations.modes import change_mode
from decapolis.operations.set_level import ANYTHING, level_at, set_level
from decapolis.operations.subject_filter import matching
from decapolis.store.jobs import PLANNED
from decapolis.web import enter_call, own_call
from decapolis_policies import Level
from decapolis_translators.errors import ReferenceExists, RegistryError, RegistryFault, SubjectNotFound

from .plan import JobPlan, OnFailure, Outcome, Passing, StepPlan, Work, done, failed, undo_failed, undo_skipped, undone
from .selecting import Selected

COPY, COMPARE, MIRROR = "copy", "compare", "mirror"
SLICE_SECONDS = 0.5
"""How often a mirror that rests looks whether it shall go on."""


def copy_plan(chosen: Selected, target: str, on_failure: OnFailure, request: dict[str, Any]) -> JobPlan:
    """One subject a step; its places are those of the target, because only that is written to."""
    after = {name: request[name] for name in ("from", "ids", "levels")}
    steps = [StepPlan(target, name, "copy-subject", after) for _, name in chosen.places()]
    title = f"Copy {len(steps)} subject(s) from {request['from']} to {target}"
    return JobPlan(COPY, title, steps, request, on_failure)


def compare_plan(chosen: Selected, target: str, request: dict[str, Any]) -> JobPlan:
    """One subject a step: is the target's like the source's?"""
    after = {name: request[name] for name in ("from", "ids", "levels")}
    steps = [StepPlan(target, name, "compare-subject", after) for _, name in chosen.places()]
    title = f"Compare {len(steps)} subject(s) of {request['from']} with {target}"
    return JobPlan(COMPARE, title, steps, request, "continue", changes=False)


def mirror_plan(target: str, request: dict[str, Any]) -> JobPlan:
    """One step that goes on until the job is cancelled."""
    title = f"Mirror {request['subject_filter'] or 'everything'} from {request['from']} to {target}"
    return JobPlan(MIRROR, title, [StepPlan(target, "", "mirror", request)], request, "continue")


def _copier(work: Work) -> Copier:
    after = work.step.after
    return Copier(
        work.gateway, after["from"], work.step.registry, keep_ids=after["ids"] == "keep", levels=bool(after["levels"])
    )


class CopySubject:
    """Copies what a subject has and the target has not. `after`: `from`, `ids`, `levels`."""

    name = "copy-subject"
    weight = 8

    async def do(self, work: Work) -> Outcome:
        """Waits for another round where a reference leads to a subject that was not copied yet."""
        copier, subject = _copier(work), work.step.subject
        if work.again:
            kept = work.step.inverse
            before = There(tuple(kept["versions"]), kept["level"], kept["mode"])
        else:
            before = await copier.there(subject)
            await work.intend(before.as_json(), before.as_json())
        try:
            copied = await copier.copy(subject, before)
        except Waits as waits:
            return Outcome(PLANNED, {}, f"{subject}: {waits}")
        except (OperationRefused, SubjectNotFound) as refused:
            return failed(str(refused))
        added = [number for number in sorted(copied.versions.values()) if number not in before.versions]
        return done(
            versions={str(source): target for source, target in sorted(copied.versions.items())},
            added=added,
            verified=copied.verified,
            level=copied.level,
            changed=bool(added) or copied.level != before.level,
        )

    async def undo(self, work: Work) -> Outcome:
        """Deletes (softly) what was added and restores the level, as long as nobody added to it since."""
        copier, subject = _copier(work), work.step.subject
        before, outcome = work.step.inverse, work.step.outcome or {}
        there = await copier.there(subject)
        added = [number for number in there.versions if number not in before["versions"]]
        expected = outcome.get("added")
        if expected is not None and not set(added) <= set(expected):
            return undo_skipped(f"{subject} got versions since that the job did not add: {added}")
        try:
            if added and not before["versions"]:
                await delete_subject(work.view, subject)
            else:
                for number in reversed(added):
                    await delete_version(work.view, subject, number)
            if there.mode != before["mode"]:
                await change_mode(work.view, subject, before["mode"], force=True)
            await self._restore_level(work, before["level"])
        except ReferenceExists as referred:
            raise Passing(str(referred)) from referred
        except RegistryFault:
            raise
        except (OperationRefused, RegistryError) as refused:
            return undo_failed(str(refused))
        return undone(deleted=added)

    async def _restore_level(self, work: Work, before: str | None) -> None:
        if await level_at(work.view, work.subject) != before:
            level = None if before is None else Level.named(before)
            await set_level(work.view, work.subject, level, expected=ANYTHING)


class CompareSubject:
    """Compares what both registries hold. `after`: `from`, `ids`, `levels`."""

    name = "compare-subject"
    weight = 8

    async def do(self, work: Work) -> Outcome:
        """Every version of the source is looked for in the target."""
        differences = await _copier(work).compare(work.step.subject)
        return done(is_compatible=not differences, alike=not differences, differences=differences)

    async def undo(self, work: Work) -> Outcome:
        """There is nothing to take back."""
        return undone()


def _call_for(work: Work) -> None:
    """A call of its own: what a registry was waited for in vain is not held against it for ever."""
    call = own_call()
    call.request_id = f"job-{work.job.id}-{work.step.number}"
    call.actor, call.administrator = work.job.actor, work.job.administrator
    enter_call(call)


class Mirror:
    """Copies what is new in the source, again and again. `after`: `from`, `subject_filter`, `ids`, `levels`, `seconds`."""

    name = "mirror"
    weight = 8

    async def do(self, work: Work) -> Outcome:
        """Goes on until the job is paused or cancelled; what cannot be copied is told once, and tried again."""
        seen: dict[str, tuple[int, ...]] = {}
        troubles: dict[str, str] = {}
        while work.goes_on():
            copied = await self._round(work, seen, troubles)
            if copied:
                await work.tell("mirrored", {"subjects": copied})
            rest = float(work.step.after["seconds"])
            while rest > 0 and work.goes_on():
                await asyncio.sleep(min(rest, SLICE_SECONDS))
                rest -= SLICE_SECONDS
        return Outcome(PLANNED)

    async def _round(self, work: Work, seen: dict[str, tuple[int, ...]], troubles: dict[str, str]) -> list[str]:
        """The subjects that got something new; each gets a call of its own, for the step lasts for days."""
        source = work.gateway.registries.at(work.step.after["from"])
        copier, copied = _copier(work), []
        _call_for(work)
        try:
            listed = await source.subjects()
        except RegistryError as fault:
            await self._complain(work, "", fault, troubles)
            return []
        troubles.pop("", None)
        for name in await matching(work.gateway, work.step.after["subject_filter"], listed):
            if not work.goes_on():
                break
            _call_for(work)
            try:
                versions = tuple(await source.versions(name))
                if seen.get(name) == versions:
                    continue
                result = await copier.copy(name, await copier.there(name))
            except (Waits, OperationRefused, RegistryError, Busy) as trouble:
                await self._complain(work, name, trouble, troubles)
                continue
            seen[name] = versions
            troubles.pop(name, None)
            if result.added:
                copied.append(name)
        return copied

    async def _complain(self, work: Work, name: str, trouble: Exception, troubles: dict[str, str]) -> None:
        if troubles.get(name) != str(trouble):
            troubles[name] = str(trouble)
            await work.tell("not mirrored", {"subject": name, "reason": str(trouble)})

    async def undo(self, work: Work) -> Outcome:
        """What was mirrored stays: others may have built on it."""
        return undone()
