"""Waits for a job and shows how far it is."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import click

from decapolis.cli.asking import Api, part
from decapolis.cli.printing import Output

ENDED = frozenset({"done", "failed", "cancelled", "rolled_back"})
LOOK_SECONDS = 0.2


async def followed(api: Api, job: dict[str, Any]) -> dict[str, Any]:
    """The job once it ended, or is paused; on a terminal a bar shows its progress."""
    visible = sys.stderr.isatty()
    with click.progressbar(length=max(job["total"], 1), label=job["title"], file=sys.stderr, hidden=not visible) as bar:
        shown = 0
        while job["state"] not in ENDED and job["state"] != "paused":
            bar.update(job["done"] - shown)
            shown = job["done"]
            await asyncio.sleep(LOOK_SECONDS)
            job = await api.get(f"/jobs/{part(job['id'])}")
        bar.update(job["done"] - shown)
    return job


def steps_of(api: Api, job: dict[str, Any]) -> AsyncIterator[Any]:
    """All steps of a job."""
    return api.pages(f"/jobs/{part(job['id'])}/steps", limit=1000)


def worded(step: dict[str, Any]) -> dict[str, Any]:
    """A step with what was there and what should be in people's words: a level, else nothing (the report has it all)."""
    before, after = step["before"] or {}, step["after"] or {}
    was = (before["level"] or "unset") if "level" in before else None
    return {**step, "before": was, "after": after.get("level")}


def print_job(output: Output, job: dict[str, Any]) -> None:
    """One line about a job."""
    counts = ", ".join(f"{state} {count}" for state, count in job["steps"].items())
    output.say(f"{job['id']}: {job['state']}, {job['done']} of {job['total']}" + (f" ({counts})" if counts else ""))
    if job.get("reason"):
        output.say(job["reason"])
