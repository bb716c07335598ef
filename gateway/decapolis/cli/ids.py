"""`decapolis ids`: what a number means everywhere, and public ids brought back after a lost store."""

from __future__ import annotations

import asyncio

import click

from decapolis.assembly import NothingToRebuild, rebuilt
from decapolis.cli.asking import Api, asking
from decapolis.cli.configuration import Flags, configured
from decapolis.cli.printing import Output
from decapolis.ids import LedgerConflict
from decapolis.store import StoreTaken, UnsuitableStore
from decapolis_translators.errors import RegistryError


@click.group()
def command() -> None:
    """Look after the public ids of registries."""


@command.command("show")
@click.argument("number", type=int)
@asking
async def show_command(api: Api, output: Output, number: int) -> int:
    """Tell what NUMBER means: at the front, and as an own id of every registry.  Exit code 2 where it means nothing."""
    found = await api.get(f"/ids/{number}")
    front = [] if found["front"] is None else [{"seen": "front", **found["front"]}]
    rows = [*front, *({"seen": name, **each} for name, several in found["results"].items() for each in several)]
    for row in rows:
        row["uses"] = [f"{use['subject']} version {use['version']}" for use in row["uses"]]
    output.rows(rows, ("seen", "registry", "native_id", "public_id", "context", "schema_format", "uses"), found)
    if found["reserved_for"] is not None:
        output.say(f"{number} lies in the range of {found['reserved_for']}")
    return 0 if rows else 2


@command.command("rebuild")
@click.argument("registry")
@click.option("--config", metavar="FILE", help="gateway.yaml  [DECAPOLIS_CONFIG]")
@click.option("--store", metavar="URL", help="sqlite:///PATH or postgresql://…  [DECAPOLIS_STORE]")
def rebuild_command(registry: str, config: str | None, store: str | None) -> None:
    """Read every id of REGISTRY back from the registry itself into the store.

    For registries without integer ids, whose ids the gateway gives and pins there. With SQLite the gateway must be stopped.
    """
    configuration = configured(Flags(config, store=store))
    known = [entry.id for entry in configuration.registries]
    if registry not in known:
        raise click.ClickException(f"Unknown registry: {registry} (known: {', '.join(known)})")
    try:
        done = asyncio.run(rebuilt(configuration, registry))
    except (NothingToRebuild, LedgerConflict, StoreTaken, UnsuitableStore, RegistryError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{registry}: {done.versions} versions found, ids are given from {done.base} on")
