"""`decapolis check-config PATH…`: every fault of configuration files at once."""

from __future__ import annotations

import os
from pathlib import Path

import click

from decapolis.files import check, notes


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
def command(paths: tuple[Path, ...]) -> None:
    """Check gateway, registries and policies files, or folders of them, and name every fault."""
    files, faults = check(paths, os.environ)
    for fault in faults:
        click.echo(str(fault), err=True)
    if faults:
        click.echo(f"{_counted(len(faults), 'fault')} in {_counted(len(files), 'file')}", err=True)
        raise SystemExit(1)
    for note in notes(files, os.environ):
        click.echo(f"note: {note}", err=True)
    click.echo(f"{_counted(len(files), 'file')} checked, no fault")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
