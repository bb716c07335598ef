"""`decapolis changed FILE…`: schema files against their last committed version, for hooks and pipelines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from decapolis.cli.diff import format_of, readable
from decapolis_formats import FormatError
from decapolis_policies import Demands, Level, PastVersion, Text, UnknownLevel, judge


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--level", default="BACKWARD", help="The level that has to hold.  [BACKWARD]")
@click.option("--against", default="HEAD", help="The revision that holds the earlier versions.  [HEAD]")
def command(files: tuple[Path, ...], level: str, against: str) -> None:
    """Compare each of FILES (.avsc, .proto, .json) with the version of it in a git revision.

    A file that the revision does not have is new, and only has to be readable. Exit codes: 0 when all may follow, 2 when
    any breaks its earlier version, 1 when something cannot be read.
    """
    try:
        demands = Demands(Level.named(level))
        allowed = [_judged(path, against, demands) for path in files]
    except (FormatError, UnknownLevel) as error:
        raise click.ClickException(str(error)) from error
    raise SystemExit(0 if all(allowed) else 2)


def _judged(path: Path, revision: str, demands: Demands) -> bool:
    format = format_of(path, None)
    new = readable(path, Text(format, path.read_text(encoding="utf-8")))
    before = _committed(path, revision)
    if before is None:
        return True
    verdict = judge(new, [PastVersion(1, Text(format, before))], demands)
    if not verdict.allowed:
        click.secho(f"{path} breaks the version in {revision} under {verdict.level}", fg="red")
        for violation in verdict.violations:
            click.echo(f"  {violation.type} at {violation.path or 'the schema'} ({violation.direction})")
        if verdict.repair is not None:
            click.echo(f"  {verdict.repair.sentence}")
    return verdict.allowed


def _committed(path: Path, revision: str) -> str | None:
    """The file's text in a revision, None where it has none."""
    if revision.startswith("-"):
        raise click.UsageError(f"--against {revision}: not a revision")
    call = ["git", "show", f"{revision}:./{path.name}"]
    done = subprocess.run(call, cwd=path.resolve().parent, capture_output=True, check=False)  # noqa: S603 - no shell
    return done.stdout.decode("utf-8") if done.returncode == 0 else None
