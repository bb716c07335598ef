"""`decapolis set-compatibility LEVEL`: of one subject, of many, or of whole registries."""

from __future__ import annotations

from typing import Any

import click

from decapolis.cli.asking import Api, asking, part
from decapolis.cli.following import followed, print_job, steps_of, worded
from decapolis.cli.printing import Output

_PLANNED = ("registry", "subject", "before", "after", "verdict", "is_compatible")
_DONE = ("registry", "subject", "before", "after", "state", "reason")


@click.command()
@click.argument("level")
@click.option("--subject", metavar="NAME", help="Only this subject; needs one --registry.")
@click.option("--filter", "filter_", metavar="FILTER", help="Subjects: a glob, re: and an expression, or a beginning.")
@click.option("--registry", "registries", multiple=True, metavar="ID", help="Only this registry; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
@click.option(
    "--yes", is_flag=True, help="Change the global level of whole registries (without --subject and --filter)."
)
@click.option(
    "--on-failure", type=click.Choice(["stop", "continue", "rollback"]), default="continue", show_default=True
)
@asking
async def command(
    api: Api,
    output: Output,
    level: str,
    subject: str | None,
    filter_: str | None,
    registries: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    on_failure: str,
) -> int:
    """Set LEVEL.  Exit codes: 0 everything done, 1 when anything failed; a dry run: 2 when a history does not satisfy it."""
    if subject is not None:
        if len(registries) != 1:
            raise click.UsageError("--subject needs exactly one --registry")
        return await set_one(api, output, registries[0], level, subject)
    body: dict[str, Any] = {"mode": level, "subject_filter": filter_, "on_failure": on_failure}
    if registries:
        body["registries"] = list(registries)
    if dry_run or filter_ is None:
        plan = await api.post("/bulk/set-compatibility", {**body, "dry_run": True})
        if dry_run or not yes:
            output.rows(plan["steps"], _PLANNED, plan)
        if dry_run:
            return 2 if any(step["is_compatible"] is False for step in plan["steps"]) else 0
        if not yes:
            raise click.ClickException("this changes the global level of whole registries: say --yes, or name --filter")
        body["plan_id"] = plan["plan_id"]
    job = await followed(api, await api.post("/bulk/set-compatibility", body))
    print_job(output, job)
    output.rows([worded(step) async for step in steps_of(api, job)], _DONE, job)
    return 0 if job["state"] == "done" and not job["steps"].get("failed") else 1


async def set_one(api: Api, output: Output, registry: str, level: str, subject: str | None) -> int:
    """Sets one level and says what was there."""
    body = {"mode": level, **({"subject": subject} if subject else {})}
    found = await api.put(f"/compatibility/{part(registry)}/mode", body)
    output.rows([found], ("registry_id", "subject", "before", "after"), found)
    return 0 if found["success"] else 1
