"""`decapolis recommendations`: what to look at next, with the evidence."""

from __future__ import annotations

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.printing import Output


@click.command()
@click.option("--registry", "registries", multiple=True, metavar="ID", help="Only this registry; may be repeated.")
@asking
async def command(api: Api, output: Output, registries: tuple[str, ...]) -> int:
    """List suggestions, the weightiest first."""
    found = await api.get("/recommendations", registries=",".join(registries) or None)
    output.rows(found["results"], ("weight", "kind", "title", "action"), found)
    return 1 if found["failures"] else 0
