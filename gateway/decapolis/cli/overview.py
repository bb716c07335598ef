"""`decapolis overview`: who is held to which level, over the whole estate."""

from __future__ import annotations

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.printing import Output


@click.command()
@click.option("--registry", "registries", multiple=True, metavar="ID", help="Only this registry; may be repeated.")
@click.option("--subjects", is_flag=True, help="A line a subject instead of a line a registry.")
@asking
async def command(api: Api, output: Output, registries: tuple[str, ...], subjects: bool) -> int:
    """Show levels: global, of subjects, what holds, and who differs from whom.  Exit code 1 where a registry is silent."""
    found = await api.get("/compatibility/overview", registries=",".join(registries) or None, effective=subjects)
    silent = any("error" in each for each in found.values())
    if subjects:
        rows = [
            {"registry": name, "subject": subject, **effective}
            for name, each in found.items()
            for subject, effective in each.get("effective", {}).items()
        ]
        output.rows(rows, ("registry", "subject", "level", "configured", "origin"))
        return 1 if silent else 0
    rows = [
        {
            "registry": name,
            "global": each.get("global"),
            "own": len(each.get("subjects", ())),
            "subjects": sum(each.get("distribution", {}).values()),
            "distribution": ", ".join(f"{level} {count}" for level, count in each.get("distribution", {}).items()),
            "differing": len(each.get("differing", ())),
            "error": each.get("error"),
        }
        for name, each in found.items()
    ]
    output.rows(rows, ("registry", "global", "subjects", "own", "distribution", "differing", "error"), found)
    return 1 if silent else 0
