"""`decapolis migrate`: moves subjects to another level in four steps: analyze, execute, validate, and back if need be."""

from __future__ import annotations

from typing import Any

import click

from decapolis.cli.asking import Api, asking, part
from decapolis.cli.following import followed, print_job, steps_of, worded
from decapolis.cli.printing import Output

_ANALYSED = ("registry", "subject", "status", "risk", "phase", "configured", "reason")
_STEPS = ("registry", "subject", "phase", "action", "state", "before", "after", "reason")


@click.group()
def command() -> None:
    """Move subjects to another compatibility level, FORWARD_FULL above all."""


@command.command("analyze")
@click.option(
    "--to",
    "level",
    default="FORWARD_FULL",
    show_default=True,
    envvar="TARGET_MODE",
    metavar="LEVEL",
    help="[TARGET_MODE]",
)
@click.option("--filter", "filter_", metavar="FILTER", help="A glob, re: and an expression, or the beginning of names.")
@click.option("--registry", "registries", multiple=True, metavar="ID", help="Only this registry; may be repeated.")
@asking
async def analyze_command(
    api: Api, output: Output, level: str, filter_: str | None, registries: tuple[str, ...]
) -> int:
    """Say of each subject whether it is READY, REPAIRABLE or BLOCKED, and why.

    Exit codes: 0 all ready, 2 when any is not, 1 when any could not be analysed.
    """
    body: dict[str, Any] = {"target_mode": level, "subject_filter": filter_}
    if registries:
        body["registries"] = list(registries)
    begun = await api.post("/migration/analyze", {key: value for key, value in body.items() if value is not None})
    job = await followed(api, begun)
    status = await api.get(f"/migration/status/{part(job['id'])}")
    analysis = status["analysis"] or {"subjects": [], "totals": {}, "phases": []}
    output.rows(analysis["subjects"], _ANALYSED, status)
    for phase in analysis["phases"]:
        count = phase["total"]
        output.say(f"phase {phase['phase']} ({phase['risk']} risk): {count} subject{'' if count == 1 else 's'}")
    output.say(", ".join(f"{name} {count}" for name, count in analysis["totals"].items()))
    output.say(f"carry it out with: decapolis migrate execute {job['id']}")
    totals = analysis["totals"]
    if job["state"] != "done" or totals.get("ERROR"):
        return 1
    return 2 if totals.get("BLOCKED") or totals.get("REPAIRABLE") else 0


@command.command("execute")
@click.argument("analysis")
@click.option("--subject", "subjects", multiple=True, metavar="NAME", help="Only this subject; may be repeated.")
@click.option("--phase", "phases", multiple=True, type=int, help="Only this phase; may be repeated.")
@click.option("--repair", is_flag=True, help="Register the bridging version of REPAIRABLE subjects first.")
@click.option("--on-failure", type=click.Choice(["stop", "continue", "rollback"]), default="stop", show_default=True)
@asking
async def execute_command(
    api: Api,
    output: Output,
    analysis: str,
    subjects: tuple[str, ...],
    phases: tuple[int, ...],
    repair: bool,
    on_failure: str,
) -> int:
    """Carry out ANALYSIS; what somebody changed since is skipped and named.  Exit code 1 when anything failed."""
    body: dict[str, Any] = {"analysis_id": analysis, "repair": repair, "on_failure": on_failure}
    if subjects:
        body["subjects"] = list(subjects)
    if phases:
        body["phases"] = list(phases)
    job = await followed(api, await api.post("/migration/execute", body))
    await _show(api, output, job)
    return 0 if job["state"] == "done" and not job["steps"].get("failed") else 1


@command.command("status")
@click.argument("job")
@asking
async def status_command(api: Api, output: Output, job: str) -> None:
    """Show how far an analysis or a migration is."""
    status = await api.get(f"/migration/status/{part(job)}")
    if output.is_for_people:
        print_job(output, status["job"])
    else:
        output.data(status)


@command.command("validate")
@click.argument("job")
@asking
async def validate_command(api: Api, output: Output, job: str) -> int:
    """Read every level back from its registry.  Exit code 2 where one is not as the migration left it."""
    found = await api.post(f"/migration/{part(job)}/validate")
    output.rows(found["differences"], ("registry", "subject", "expected", "found", "reason"), found)
    output.say(f"{found['as_expected']} of {found['checked']} are as they should be")
    return 0 if found["valid"] else 2


@command.command("rollback")
@click.argument("job")
@click.option("--scope", type=click.Choice(["all", "failed"]), default="all", show_default=True)
@asking
async def rollback_command(api: Api, output: Output, job: str, scope: str) -> int:
    """Give every subject its level from before back.  Exit code 1 where that failed."""
    found = await followed(api, await api.post(f"/migration/{part(job)}/rollback", {"scope": scope}))
    await _show(api, output, found)
    return 0 if found["state"] == "rolled_back" else 1


async def _show(api: Api, output: Output, job: dict[str, Any]) -> None:
    print_job(output, job)
    output.rows([worded(step) async for step in steps_of(api, job)], _STEPS, job)
