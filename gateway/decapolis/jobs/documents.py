"""A job's report as a PDF document, made with reportlab (extra `reports`)."""

from __future__ import annotations

import io
from importlib import import_module
from typing import Any
from xml.sax.saxutils import escape

from decapolis.store.jobs import JobRow

from .reports import COLUMNS, job_facts

MOST_CHARACTERS = 300
"""How much of a cell a document shows; the other forms have all of it."""
_WIDTHS = (0.11, 0.2, 0.09, 0.05, 0.09, 0.1, 0.1, 0.1, 0.16)


class ReportsMissing(Exception):
    """The library that makes documents is not installed."""

    def __init__(self) -> None:
        super().__init__("PDF reports need reportlab: install decapolis[reports], or ask for json, csv or html")


def _part(name: str) -> Any:
    try:
        return import_module(f"reportlab.{name}")
    except ImportError:
        raise ReportsMissing from None


def demand_library() -> None:
    """ReportsMissing where no document can be made."""
    _part("platypus")


def document(job: JobRow, counts: dict[str, int], rows: list[list[str]]) -> bytes:
    """The whole document; ReportsMissing where the library is."""
    platypus, styles = _part("platypus"), _part("lib.styles")
    pagesizes, units, colors = _part("lib.pagesizes"), _part("lib.units"), _part("lib.colors")
    font = _font()
    heading = styles.ParagraphStyle("heading", fontName=font, fontSize=15, leading=19, spaceAfter=6)
    small = styles.ParagraphStyle("small", fontName=font, fontSize=7.5, leading=9.5, splitLongWords=True)
    page = pagesizes.landscape(pagesizes.A4)
    margin = 12 * units.mm
    width = page[0] - 2 * margin

    def paragraph(text: str) -> Any:
        cut = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
        return platypus.Paragraph(escape(cut), small)

    table = platypus.LongTable(
        [[paragraph(name) for name in COLUMNS], *([paragraph(cell) for cell in row] for row in rows)],
        colWidths=[width * share for share in _WIDTHS],
        repeatRows=1,
    )
    table.setStyle(
        platypus.TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.25, colors.grey),
                ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ]
        )
    )
    facts = job_facts(job, counts)
    lines = [
        f"{name}: {facts[name]}"
        for name in ("id", "kind", "state", "actor", "created_at", "started_at", "ended_at", "reason")
        if facts[name] is not None
    ]
    lines.append("steps: " + ", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
    made = io.BytesIO()
    platypus.SimpleDocTemplate(
        made,
        pagesize=page,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=margin,
        bottomMargin=margin,
        title=job.title,
        author="Decapolis",
    ).build(
        [
            platypus.Paragraph(escape(job.title), heading),
            *(platypus.Paragraph(escape(line), small) for line in lines),
            platypus.Spacer(1, 4 * units.mm),
            table,
        ]
    )
    return made.getvalue()


def _font() -> str:
    """A font that comes with the library and knows more letters than the built-in ones."""
    metrics, fonts = _part("pdfbase.pdfmetrics"), _part("pdfbase.ttfonts")
    if "Vera" not in metrics.getRegisteredFontNames():
        metrics.registerFont(fonts.TTFont("Vera", "Vera.ttf"))
    return "Vera"
