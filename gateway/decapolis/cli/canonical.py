"""`decapolis canonical [FILE|-]`: the texts that schemas are stored as, JSON Lines in and out."""

from __future__ import annotations

from typing import Any

import click

from decapolis.cli.streaming import pour
from decapolis_policies.cases import canonical


@click.command()
@click.argument("file", default="-", metavar="[FILE|-]")
def command(file: str) -> None:
    """Print canonical and normalised texts.

    Each line of FILE is an object: id, format, schema, and the texts of references. Each gets a line with id, valid (as a
    new registration), valid_stored (as history), canonical, normalized and, where something is wrong, error.

    Exit codes: 1 when any was in error (not a case at all), else 2 when any was invalid, else 0.
    """
    raise SystemExit(pour(file, canonical, exit_code))


def exit_code(answer: dict[str, Any]) -> int:
    """What one answer means for the exit code."""
    return {True: 0, False: 2, None: 1}[answer.get("valid")]
