"""What commands print: a table for people, JSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

FORMS = ("table", "json", "csv")
NARROWEST = 12


class Output:
    """Prints in one form."""

    def __init__(self, form: str) -> None:
        self.form = form

    @property
    def is_for_people(self) -> bool:
        """Whether somebody reads it, so that sentences may stand around it."""
        return self.form == "table"

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str], data: Any = None) -> None:
        """A list: its columns as a table or CSV, everything of it as JSON."""
        if self.form == "json":
            self.data(list(rows) if data is None else data)
        elif self.form == "csv":
            click.echo(as_csv(rows, columns), nl=False)
        else:
            click.echo(_table(rows, columns))

    def data(self, value: Any) -> None:
        """Anything as JSON."""
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))

    def say(self, sentence: str) -> None:
        """A sentence for people; programs get none."""
        if self.is_for_people:
            click.echo(sentence)


def as_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows as CSV with a head; what holds commas, quotes or line breaks is quoted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def cell(value: Any) -> str:
    """A value as people read it; JSON for what has parts of its own."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return ", ".join(cell(each) for each in value)
        case dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    if not rows:
        return "(nothing)"
    cells = [[cell(row.get(name)).replace("\n", " ") for name in columns] for row in rows]
    widths = [max(len(name), *(len(row[at]) for row in cells)) for at, name in enumerate(columns)]
    room = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 10_000
    while sum(widths) + 2 * (len(widths) - 1) > room and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
    lines = [[name.replace("_", " ") for name in columns], *cells]
    return "\n".join(
        "  ".join(_fitted(text, width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _fitted(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else f"{text[: width - 1]}…"
