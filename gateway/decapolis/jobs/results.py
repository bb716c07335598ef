"""What became of each place, by registry and subject: the blueprint's map."""

from __future__ import annotations

from typing import Any

from decapolis.store.jobs import DONE, JobRow, StepRow

from .plan import GLOBAL
from .service import Jobs

MOST_RESULTS = 5_000
_LOOKED = ("check-history", "analyze", "compare-subject")


async def result_map(jobs: Jobs, job: JobRow) -> dict[str, Any]:
    """By registry, then by subject: a word for what was changed, the findings of what was looked at."""
    results: dict[str, Any] = {name: f"error: {why}" for name, why in (job.request.get("failures") or {}).items()}
    async for step in jobs.steps(job.id):
        if step.action != "snapshot":
            _add(results.setdefault(step.registry, {}), step)
    return results


def _add(places: dict[str, Any], step: StepRow) -> None:
    """The worst word of a place's steps stands for it."""
    place = step.subject or GLOBAL
    if step.action in _LOOKED and step.state == DONE:
        places[place] = step.outcome
        return
    word = word_of(step)
    if places.get(place, "success") == "success":
        places[place] = word


def word_of(step: StepRow) -> str:
    """What became of a step in a word, with the reason where there is one."""
    reason = f": {step.reason}" if step.reason else ""
    match step.state:
        case "done":
            return "success"
        case "failed":
            return f"error{reason}"
        case "skipped":
            return f"skipped{reason}"
        case "undone":
            return "rolled back"
        case "undo_skipped":
            return f"rollback skipped{reason}"
        case "undo_failed":
            return f"rollback error{reason}"
    return step.state
