"""`decapolis apply FOLDER`: makes registries hold what a folder declares."""

from __future__ import annotations

from pathlib import Path

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.declared import read_folder
from decapolis.cli.plan import FOLDER, print_steps
from decapolis.cli.printing import Output


@click.command()
@FOLDER
@click.option("--may-delete", is_flag=True, help="Delete versions softly that somebody added after the declared one.")
@asking
async def command(api: Api, output: Output, folder: Path, may_delete: bool) -> int:
    """Take the steps that lead to what FOLDER declares.  Exit codes: 0 when all were taken, 1 when any was not."""
    found = await api.post("/declared/apply", {**read_folder(folder), "may_destroy": may_delete})
    print_steps(output, found)
    return 0 if found["in_step"] else 1
