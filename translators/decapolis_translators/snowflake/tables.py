"""Tables as Snowflake describes them, and the mark that says whose they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from decapolis_formats.types import ABSENT, Field, Struct
from decapolis_translators.catalog import Column, Table

from .column_types import read_type

Row = Mapping[str, str | None]

_MARK = "decapolis:"


def marked(doc: str | None, subject: str) -> str:
    """The comment of a table: what people wrote, and on a line of its own the subject, byte for byte."""
    mark = _MARK + json.dumps({"subject": subject}, separators=(",", ":"))
    return f"{doc}\n{mark}" if doc else mark


def unmarked(comment: str | None) -> tuple[str | None, str | None]:
    """What people wrote, and the subject; None where there is none."""
    before, _, mark = (comment or "").rpartition("\n")
    if not mark.startswith(_MARK):
        return comment or None, None
    try:
        said = json.loads(mark.removeprefix(_MARK))
        subject = said["subject"]
    except (ValueError, KeyError, TypeError):
        return comment or None, None
    return before or None, subject if isinstance(subject, str) else None


def table_from(name: str, shown: Row, described: Sequence[Row]) -> Table:
    """A table of its row in SHOW TABLES and of the rows of DESCRIBE TABLE."""
    columns = tuple(map(_column, (row for row in described if row.get("kind") in {None, "COLUMN"})))
    doc, subject = unmarked(shown.get("comment"))
    iceberg = shown.get("is_iceberg") == "Y"
    return Table(
        name,
        columns,
        Struct(read_columns(columns), doc),
        subject,
        "iceberg" if iceberg else "table",
        shown.get("created_on"),
        doc,
    )


def read_columns(columns: Sequence[Column]) -> tuple[Field, ...]:
    """The columns in the type model."""
    return tuple(
        Field(each.name, read_type(each.type), each.nullable, None if each.nullable else ABSENT, each.doc)
        for each in columns
    )


def _column(row: Row) -> Column:
    comment = row.get("comment") or None
    return Column(row.get("name") or "", row.get("type") or "", row.get("null?") != "N", comment, row.get("default"))
