"""`decapolis ids rebuild REGISTRY`: brings back public ids from what is pinned in a registry, after a lost store."""

from __future__ import annotations

import asyncio

import click

from decapolis.assembly import NothingToRebuild, rebuilt
from decapolis.cli.configuration import Flags, configured
from decapolis.ids import LedgerConflict
from decapolis.store import StoreTaken, UnsuitableStore
from decapolis_translators.errors import RegistryError


@click.group()
def command() -> None:
    """Look after the public ids of registries."""


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
