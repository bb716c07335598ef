"""`decapolis check-all`: whether the histories of many subjects satisfy a level."""

from __future__ import annotations

from typing import Any

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.following import followed, print_job, steps_of
from decapolis.cli.printing import Output

COLUMNS = ("subject", "version", "latest_version", "is_compatible", "compatibility_details")
"""What scripts of operators read since long."""


@click.command()
@click.option(
    "--level", metavar="LEVEL", envvar="TARGET_MODE", help="Each subject's own where it is left out.  [TARGET_MODE]"
)
@click.option("--filter", "filter_", metavar="FILTER", help="A glob, re: and an expression, or the beginning of names.")
@click.option("--registry", "registries", multiple=True, metavar="ID", help="Only this registry; may be repeated.")
@asking
async def command(api: Api, output: Output, level: str | None, filter_: str | None, registries: tuple[str, ...]) -> int:
    """Hold every pair of versions of every subject against a level.

    Exit codes: 0 all compatible, 2 any incompatible, 1 when any could not be judged.
    """
    rows, job = await checked_all(api, level, filter_, registries)
    output.rows(rows, ("registry", *COLUMNS), rows)
    print_job(output, job)
    return exit_code(rows)


async def checked_all(
    api: Api, level: str | None, filter_: str | None, registries: tuple[str, ...]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A row a subject, and the job that made them."""
    body: dict[str, Any] = {"target_mode": level, "subject_filter": filter_}
    if registries:
        body["registries"] = list(registries)
    begun = await api.post(
        "/bulk/check-compatibility", {key: value for key, value in body.items() if value is not None}
    )
    job = await followed(api, begun)
    rows = [_row(step) async for step in steps_of(api, job)]
    for registry, why in job["request"].get("failures", {}).items():
        rows.append({"registry": registry, "is_compatible": None, "compatibility_details": why})
    return rows, job


def _row(step: dict[str, Any]) -> dict[str, Any]:
    found = step["outcome"] or {}
    versions, broken = found.get("versions") or [], found.get("broken") or []
    details = "; ".join(
        f"versions {pair['older']} and {pair['newer']} ({pair['direction']}): {message}"
        for pair in broken
        for message in pair["messages"]
    )
    return {
        "registry": step["registry"],
        "subject": step["subject"],
        "version": broken[0]["newer"] if broken else (versions[-1] if versions else None),
        "latest_version": versions[-1] if versions else None,
        "is_compatible": found.get("is_compatible"),
        "compatibility_details": details or step["reason"] or "",
    }


def exit_code(rows: list[dict[str, Any]]) -> int:
    """2 where any verdict is no, else 1 where any is missing, else 0."""
    if any(row["is_compatible"] is False for row in rows):
        return 2
    return 1 if any(row["is_compatible"] is None for row in rows) else 0
