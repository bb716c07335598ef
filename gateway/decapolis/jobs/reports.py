"""What a job did, as JSON, CSV, a page and a document; read a page of steps at a time wherever the form allows."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import AsyncIterator
from html import escape
from typing import Any

import orjson

from decapolis.store.jobs import JobRow, StepRow

from .plan import GLOBAL
from .service import Jobs

COLUMNS = ("registry", "subject", "action", "phase", "state", "before", "after", "result", "reason")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def iso(milliseconds: int | None) -> str | None:
    """A moment as people and programs read it."""
    if milliseconds is None:
        return None
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC).isoformat(timespec="milliseconds")


def told(step: StepRow) -> dict[str, Any]:
    """A step as data."""
    return {
        "step": step.number,
        "phase": step.phase,
        "registry": step.registry,
        "subject": step.subject or GLOBAL,
        "action": step.action,
        "state": step.state,
        "before": step.before,
        "after": step.after,
        "outcome": step.outcome,
        "reason": step.reason,
        "changed_at": iso(step.changed_ms) if step.changed_ms else None,
    }


def job_facts(job: JobRow, counts: dict[str, int]) -> dict[str, Any]:
    """A job as data, without its steps."""
    return {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "state": job.state,
        "actor": job.actor,
        "on_failure": job.on_failure,
        "request": job.request,
        "created_at": iso(job.created_ms),
        "started_at": iso(job.started_ms),
        "ended_at": iso(job.ended_ms),
        "reason": job.reason,
        "total": job.total,
        "steps": counts,
    }


async def as_json(jobs: Jobs, job: JobRow) -> AsyncIterator[bytes]:
    """The job, its steps and its journal."""
    facts = orjson.dumps(job_facts(job, await jobs.counts(job.id)))
    yield b'{"job":' + facts + b',"results":['
    first = True
    async for step in jobs.steps(job.id):
        yield (b"" if first else b",\n") + orjson.dumps(told(step))
        first = False
    yield b'],"journal":['
    first = True
    async for entry in jobs.journal(job.id):
        row = {"number": entry.number, "at": iso(entry.at_ms), "event": entry.event, "step": entry.step}
        yield (b"" if first else b",\n") + orjson.dumps({**row, "facts": entry.facts})
        first = False
    yield b"]}"


def _cells(step: StepRow) -> list[str]:
    """A step as a row of words."""
    outcome = step.outcome or {}
    result = outcome.get("status") or outcome.get("level")
    if "is_compatible" in outcome and "status" not in outcome:
        result = "compatible" if outcome["is_compatible"] else "incompatible"
    if result is None and "version" in outcome:
        result = f"version {outcome['version']}"
    before, after = step.before or {}, step.after or {}
    reason = step.reason or outcome.get("reason") or _broken(outcome)
    return [
        step.registry,
        step.subject or GLOBAL,
        step.action,
        str(step.phase),
        step.state,
        str(before.get("level") or "unset") if "level" in before else "",
        str(after.get("level") or ""),
        str(result or ""),
        str(reason or ""),
    ]


def _broken(outcome: dict[str, Any]) -> str:
    return "; ".join(
        f"versions {each['older']} and {each['newer']} ({each['direction']}): {message}"
        for each in outcome.get("broken", ())
        for message in each["messages"][:1]
    )


def _safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


async def as_csv(jobs: Jobs, job: JobRow) -> AsyncIterator[bytes]:
    """One row a step, quoted as RFC 4180 says."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    async for step in jobs.steps(job.id):
        writer.writerow([_safe(cell) for cell in _cells(step)])
        if buffer.tell() > 32_768:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{border:1px solid #8886;padding:.25rem .5rem;text-align:left;vertical-align:top}
th{position:sticky;top:0;background:Canvas}
.failed,.undo_failed,.BLOCKED,.incompatible{color:#c62828}.skipped,.undo_skipped,.REPAIRABLE{color:#b26a00}
.done,.READY,.compatible{color:#2e7d32}
dt{font-weight:600}dd{margin:0 0 .3rem 0}
"""


async def as_html(jobs: Jobs, job: JobRow) -> AsyncIterator[bytes]:
    """A page that needs nothing beside itself."""
    facts = job_facts(job, await jobs.counts(job.id))
    shown = {name: value for name, value in facts.items() if value is not None and name not in {"request", "steps"}}
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width,initial-scale=1">',
        f"<title>{escape(job.title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(job.title)}</h1><dl>",
        *(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in shown.items()),
        *(f"<dt>{escape(state)}</dt><dd>{count}</dd>" for state, count in facts["steps"].items()),
        "</dl><table><thead><tr>",
        *(f"<th scope=col>{name}</th>" for name in COLUMNS),
        "</tr></thead><tbody>",
    ]
    yield "".join(parts).encode()
    async for step in jobs.steps(job.id):
        cells = _cells(step)
        marks = {4: cells[4], 7: cells[7].split(" ")[0]}
        row = "".join(
            f'<td class="{escape(marks[at], quote=True)}">{escape(cell)}</td>'
            if at in marks
            else f"<td>{escape(cell)}</td>"
            for at, cell in enumerate(cells)
        )
        yield f"<tr>{row}</tr>".encode()
    yield b"</tbody></table></body></html>"


async def rows(jobs: Jobs, job: JobRow) -> list[list[str]]:
    """All rows at once, for forms that cannot be written piece by piece."""
    return [_cells(step) async for step in jobs.steps(job.id)]
