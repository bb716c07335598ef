"""`decapolis drift [FOLDER]`: what somebody changed by hand: against a folder, or tables against their subjects."""

from __future__ import annotations

from pathlib import Path

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.declared import read_folder
from decapolis.cli.plan import print_steps
from decapolis.cli.printing import Output


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True), required=False)
@asking
async def command(api: Api, output: Output, folder: Path | None) -> int:
    """Show what differs from what FOLDER declares; without FOLDER, tables of catalogs that were altered by hand.

    Exit codes: 0 without drift, 2 with drift, 1 when a registry could not be asked.
    """
    if folder is not None:
        found = await api.post("/declared/plan", read_folder(folder))
        print_steps(output, found)
        return 0 if found["in_step"] else 2
    found = await api.get("/drift")
    rows = [
        {"registry": registry, "subject": subject, "difference": why}
        for registry, tables in found["results"].items()
        for subject, why in tables.items()
    ]
    output.rows(rows, ("registry", "subject", "difference"), found)
    if found["failures"]:
        return 1
    return 2 if rows else 0
