"""Steps that move the route of a subject to another registry, and that retire the old place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from decapolis.operations.copying import Copier, There, Waits
from decapolis.operations.cutting import Ends, NotRouted, Routes, cut, owner_of, uncut
from decapolis.operations.errors import OperationRefused
from decapolis.operations.modes import change_mode
from decapolis.registries.held import held_mode
from decapolis.store.jobs import PLANNED
from decapolis_translators.errors import ConfigNotFound, SubjectNotFound

from .plan import JobPlan, OnFailure, Outcome, StepPlan, Work, done, failed, skipped, undo_failed, undone
from .selecting import Selected

CUT_OVER, RETIRE = "cut-over", "retire"
READ_ONLY = "READONLY"


class NoRoutes(OperationRefused):
    """Nothing here can change routes while the gateway runs."""

    def __init__(self) -> None:
        super().__init__("Routes cannot be changed at run time here")


def cut_plan(chosen: Selected, target: str, on_failure: OnFailure, request: dict[str, Any]) -> JobPlan:
    """One subject a step."""
    after = {name: request[name] for name in ("from", "ids", "levels")}
    steps = [StepPlan(target, name, "cut-over", after) for _, name in chosen.places()]
    title = f"Route {len(steps)} subject(s) from {request['from']} to {target}"
    return JobPlan(CUT_OVER, title, steps, request, on_failure)


def retire_plan(chosen: Selected, on_failure: OnFailure, request: dict[str, Any]) -> JobPlan:
    """One subject a step."""
    steps = [StepPlan(registry, name, "retire") for registry, name in chosen.places()]
    return JobPlan(RETIRE, f"Retire {len(steps)} subject(s) of {request['from']}", steps, request, on_failure)


class CutOver:
    """Copies a subject and gives it to the target. `after`: `from`, `ids`, `levels`."""

    name = "cut-over"
    weight = 8

    def __init__(self, routes: Callable[[], Routes | None]) -> None:
        self._routes = routes

    async def do(self, work: Work) -> Outcome:
        """Waits for another round where a reference leads to a subject that was not moved yet."""
        routes, ends, subject = self._demanded(), _ends(work), work.step.subject
        if work.again:
            kept = work.step.inverse
            before = There(tuple(kept["versions"]), kept["level"], kept["mode"])
        else:
            owner = owner_of(work.gateway, subject)
            if owner != ends.source:
                return skipped(f"{subject} belongs to registry {owner}, not to {ends.source}")
            before = await _target(work, ends).there(subject)
            await work.intend({"owner": ends.source, **before.as_json()}, before.as_json())
        try:
            copied = await cut(work.gateway, routes, ends, subject, before)
        except Waits as waits:
            return Outcome(PLANNED, {}, f"{subject}: {waits}")
        except (OperationRefused, SubjectNotFound) as refused:
            return failed(str(refused))
        versions = {str(source): target for source, target in sorted(copied.versions.items())}
        return done(owner=ends.target, versions=versions, verified=copied.verified, changed=True)

    async def undo(self, work: Work) -> Outcome:
        """Copies back what came since, and gives the subject back; the copies in the target stay."""
        routes, ends, subject = self._demanded(), _ends(work), work.step.subject
        if owner_of(work.gateway, subject) == ends.source:
            return undone(owner=ends.source, changed=False)
        try:
            copied = await uncut(work.gateway, routes, ends, subject)
        except (Waits, NotRouted, OperationRefused, SubjectNotFound) as refused:
            return undo_failed(str(refused))
        return undone(owner=ends.source, added=copied.added, changed=True)

    def _demanded(self) -> Routes:
        routes = self._routes()
        if routes is None:
            raise NoRoutes
        return routes


def _ends(work: Work) -> Ends:
    after = work.step.after
    return Ends(after["from"], work.step.registry, after["ids"] == "keep", bool(after["levels"]))


def _target(work: Work, ends: Ends) -> Copier:
    return Copier(work.gateway, ends.source, ends.target, keep_ids=ends.keep_ids, levels=ends.levels)


class Retire:
    """Makes a subject read-only where it does not belong any more; its ids keep their meaning."""

    name = "retire"
    weight = 1

    async def do(self, work: Work) -> Outcome:
        """Only where the front asks somebody else."""
        step = work.step
        if owner_of(work.gateway, step.subject) == step.registry:
            return skipped(f"{step.subject} still belongs to registry {step.registry}: route it to another one first")
        mode = await held_mode(work.gateway.registries.at(step.registry), step.subject)
        if mode == READ_ONLY:
            return done(mode=mode, changed=work.again)
        await work.intend({"mode": mode}, {"mode": mode})
        await change_mode(work.view, step.subject, READ_ONLY)
        return done(mode=READ_ONLY, changed=True)

    async def undo(self, work: Work) -> Outcome:
        """The mode that it had."""
        before = work.step.inverse["mode"]
        try:
            await change_mode(work.view, work.step.subject, before)
        except ConfigNotFound:
            return undone(mode=before, changed=False)
        return undone(mode=before, changed=True)
