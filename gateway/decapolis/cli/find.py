"""`decapolis find SUBJECT`: where a subject is, and which version of it."""

from __future__ import annotations

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.printing import Output


@click.command()
@click.argument("subject")
@click.option("--registry", "registries", multiple=True, metavar="ID", help="Only this registry; may be repeated.")
@asking
async def command(api: Api, output: Output, subject: str, registries: tuple[str, ...]) -> int:
    """Find SUBJECT in every registry.

    Exit codes: 0 when any has it, 2 when none has it, 1 when a registry could not be asked.
    """
    found = await api.get("/schemas/find", subject=subject, registries=",".join(registries) or None)
    rows = [{"registry": name, **each} for name, each in found.items()]
    columns = ("registry", "registry_type", "subject", "version", "id", "schema_format", "created_at", "error")
    output.rows(rows, columns, found)
    if any("error" in each for each in found.values()):
        return 1
    return 0 if found else 2
