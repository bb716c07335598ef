"""What the trail tells: one shape of an entry for whoever reads it, searches it, or is sent it."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from decapolis.audit import Audit
from decapolis.store.trail import OPEN, Sought

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, or one that was refused."""

    id: int
    at: str
    request_id: str
    actor: str
    action: str
    registry: str
    target: str
    before: Any
    after: Any
    facts: Mapping[str, Any]
    """What else is known of what was asked for."""
    outcome: str
    result: Mapping[str, Any]
    link: int | None
    """The link of the chain that covers it, None while none does."""


def entry_of(row: Mapping[str, Any]) -> Entry:
    """A row of the trail as it is told."""
    intent = dict(row["intent"] or {})
    return Entry(
        id=row["id"],
        at=datetime.fromtimestamp(row["at_ms"] / 1000, UTC).isoformat(timespec="milliseconds"),
        request_id=row["request_id"],
        actor=row["actor"],
        action=row["action"],
        registry=row["registry"],
        target=row["target"],
        before=intent.pop("before", None),
        after=intent.pop("after", None),
        facts=intent,
        outcome=row["outcome"] or OPEN,
        result=dict(row["result"] or {}),
        link=row.get("link"),
    )


async def everything(audit: Audit, wanted: Sought) -> AsyncIterator[list[Entry]]:
    """All entries that are wanted, newest first, some at a time."""
    before = None
    while rows := await audit.sought(wanted, before=before, limit=PAGE):
        yield [entry_of(row) for row in rows]
        before = rows[-1]["id"]


COLUMNS = tuple(Entry.__dataclass_fields__)


def as_jsonl(entries: Iterable[Entry]) -> bytes:
    """One JSON object a line."""
    return b"".join(orjson.dumps(asdict(entry)) + b"\n" for entry in entries)


def as_csv(entries: Iterable[Entry], *, header: bool) -> bytes:
    """One row an entry; what is not plain text is JSON."""
    page = io.StringIO()
    writer = csv.writer(page)
    if header:
        writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow([_cell(value) for value in asdict(entry).values()])
    return page.getvalue().encode()


def _cell(value: Any) -> Any:
    text = value if isinstance(value, str) else "" if value is None else orjson.dumps(value).decode()
    # a spreadsheet would take these for formulas
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
