"""`decapolis plan FOLDER`: which steps lead to what a folder declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.declared import read_folder
from decapolis.cli.printing import Output

FOLDER = click.argument("folder", type=click.Path(path_type=Path, exists=True))


@click.command()
@FOLDER
@asking
async def command(api: Api, output: Output, folder: Path) -> int:
    """Show the steps that lead to what FOLDER declares; nothing is changed.

    Exit codes: 0 when nothing is missing, 2 when something is, 1 when a step would be refused or cannot be planned.
    """
    found = await api.post("/declared/plan", read_folder(folder))
    print_steps(output, found)
    if any(not step["possible"] for step in found["steps"]):
        return 1
    return 0 if found["in_step"] else 2


def print_steps(output: Output, found: dict[str, Any]) -> None:
    """A line a step, and why one is not possible."""
    steps = found["steps"]
    if output.is_for_people and not steps:
        output.say("nothing is missing")
        return
    shown = [{**step, "subject": step["subject"] or "(global)"} for step in steps]
    output.rows(shown, ("registry", "subject", "action", "before", "after", "possible", "done", "error"), found)
    for step in steps if output.is_for_people else ():
        for message in step["messages"]:
            output.say(f"{step['registry']} {step['subject']}: {message}")
