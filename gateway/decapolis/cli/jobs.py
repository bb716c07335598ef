"""`decapolis jobs`: what runs over many subjects, how far it is, and how to stop it or take it back."""

from __future__ import annotations

from pathlib import Path

import click

from decapolis.cli.asking import Api, asking, part
from decapolis.cli.following import followed, print_job, steps_of
from decapolis.cli.printing import Output

_COLUMNS = ("id", "kind", "state", "done", "total", "title", "created_at")
_STEPS = ("step", "registry", "subject", "action", "state", "reason")


@click.group()
def command() -> None:
    """List, follow, pause, resume, cancel and roll back jobs."""


@command.command("list")
@click.option("--kind", metavar="KIND", help="Only jobs of this kind.")
@click.option("--state", metavar="STATE", help="Only jobs in this state.")
@asking
async def list_command(api: Api, output: Output, kind: str | None, state: str | None) -> None:
    """List jobs, newest first."""
    output.rows([job async for job in api.pages("/jobs", kind=kind, state=state)], _COLUMNS)


@command.command("show")
@click.argument("job")
@click.option("--follow", is_flag=True, help="Wait until it ended.")
@asking
async def show_command(api: Api, output: Output, job: str, follow: bool) -> int:
    """Show a job and its steps.  Exit code 1 where it failed."""
    found = await api.get(f"/jobs/{part(job)}")
    if follow:
        found = await followed(api, found)
    print_job(output, found)
    output.rows([step async for step in steps_of(api, found)], _STEPS, found)
    return 1 if found["state"] == "failed" else 0


@command.command("report")
@click.argument("job")
@click.option(
    "--format", "format_", type=click.Choice(["json", "csv", "html", "pdf"]), default="csv", show_default=True
)
@click.option(
    "--to", "path", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead of printing it."
)
@asking
async def report_command(api: Api, output: Output, job: str, format_: str, path: Path | None) -> None:
    """Print or write the report of a job."""
    answer = await api.ask("GET", f"/jobs/{part(job)}/report", query={"format": format_})
    if path is not None:
        _write(path, answer.content)
        output.say(f"{path}: {len(answer.content)} bytes")
    elif format_ == "pdf":
        raise click.UsageError("a PDF is not for the terminal: say --to FILE")
    else:
        click.echo(answer.text)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error


def _changing(verb: str, sentence: str) -> None:
    @command.command(verb, help=f"{sentence}.")
    @click.argument("job")
    @asking
    async def changing(api: Api, output: Output, job: str) -> None:
        found = await api.post(f"/jobs/{part(job)}/{verb}")
        print_job(output, found)
        if not output.is_for_people:
            output.data(found)


_changing("pause", "Let a job rest after the steps under way")
_changing("resume", "Let a job that rests go on")
_changing("cancel", "End a job after the steps under way; what was done stays")


@command.command("rollback")
@click.argument("job")
@click.option("--scope", type=click.Choice(["all", "failed"]), default="all", show_default=True)
@asking
async def rollback_command(api: Api, output: Output, job: str, scope: str) -> int:
    """Take back what a job did; what somebody changed meanwhile stays, and is named.  Exit code 1 where that failed."""
    found = await followed(api, await api.post(f"/jobs/{part(job)}/rollback", {"scope": scope}))
    print_job(output, found)
    output.rows([step async for step in steps_of(api, found)], _STEPS, found)
    return 0 if found["state"] == "rolled_back" else 1
