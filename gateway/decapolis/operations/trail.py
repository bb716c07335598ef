"""The whole trail, or what is wanted of it, as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict
from typing import Any

import orjson

from decapolis.audit import Audit
from decapolis.store.trail import Sought
from decapolis.told import Entry, entry_of

PAGE = 1_000


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
