"""`decapolis judge [FILE|-]`: verdicts without a server, JSON Lines in and out."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from decapolis.cli.streaming import pour
from decapolis_policies.cases import judged


@click.command()
@click.argument("file", default="-", metavar="[FILE|-]")
@click.option(
    "--strict-semantics", is_flag=True, help="Judge by the formats' own rules, without the reference's oddities."
)
@click.option("--no-repair", is_flag=True, help="Do not look for an edit that would pass.")
def command(file: str, strict_semantics: bool, no_repair: bool) -> None:
    """Judge candidates against earlier schemas.

    Each line of FILE is an object: id, format, level, policy (STRICT or LENIENT), old or history, new, and the texts of
    references as old_references, history_references and new_references. Each gets a line with id, compatible,
    differences, messages, and, where there is one, repair or error.

    Exit codes: 1 when any was in error, else 2 when any was incompatible, else 0.
    """
    work = partial(judged, strict_semantics=strict_semantics, repairs=not no_repair)
    raise SystemExit(pour(file, work, exit_code))


def exit_code(answer: dict[str, Any]) -> int:
    """What one answer means for the exit code."""
    return {True: 0, False: 2, None: 1}[answer.get("compatible")]
