"""`decapolis audit`: searches, exports and verifies the trail of changes."""

from __future__ import annotations

from typing import Any

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.configuration import Flags, configured
from decapolis.cli.printing import Output

INTACT, BROKEN = 0, 2
_COLUMNS = ("id", "at", "actor", "action", "registry", "target", "outcome", "request_id", "link")
_FILTERS = {
    "registry": ("ID", "Only changes in this registry."),
    "subject": ("NAME", "Only changes of this subject."),
    "actor": ("NAME", "Only changes by this one."),
    "action": ("NAME", "Only changes of this kind, e.g. set-config."),
    "outcome": ("WORD", "Only changes that ended so, e.g. done, refused or open."),
    "since": ("TIME", "Only changes from this time on, e.g. 2026-01-31T12:00:00Z."),
    "until": ("TIME", "Only changes before this time."),
    "q": ("TEXT", "Only changes with this text anywhere in them."),
}


@click.group()
def command() -> None:
    """Search, export and verify the trail of changes."""


def filters(wrapped: Any) -> Any:
    """The options that say which entries are wanted."""
    for name, (metavar, words) in reversed(_FILTERS.items()):
        wrapped = click.option(f"--{name}", metavar=metavar, help=words)(wrapped)
    return wrapped


@command.command("search")
@filters
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many entries at most.")
@asking
async def search_command(api: Api, output: Output, /, limit: int, **wanted: str | None) -> None:
    """List entries, newest first."""
    found: list[Any] = []
    async for entry in api.pages("/audit", limit=min(limit, 1000), **wanted):
        found.append(entry)
        if len(found) == limit:
            break
    output.rows(found, _COLUMNS, found)


@command.command("export")
@filters
@click.option("--format", "format_", type=click.Choice(("jsonl", "csv")), default="jsonl", show_default=True)
@asking
async def export_command(api: Api, output: Output, /, format_: str, **wanted: str | None) -> None:
    """Print all entries that are wanted, as JSON lines or CSV."""
    click.echo((await api.ask("GET", "/audit/export", query={**wanted, "format": format_})).text, nl=False)


@command.command("verify")
@click.option("--config", metavar="FILE", help="gateway.yaml  [DECAPOLIS_CONFIG]")
@click.option("--store", metavar="URL", help="sqlite:///PATH or postgresql://…  [DECAPOLIS_STORE]")
@click.option("--head", metavar="HASH", help="A hash that was kept elsewhere: the chain must hold it.")
def verify_command(config: str | None, store: str | None, head: str | None) -> None:
    """Recompute the hash chain over the trail, straight from the store; a gateway may be running meanwhile.

    Ends with 0 where it holds and with 2 where something was changed or removed, naming the first such entry.
    """
    from decapolis.store import StoreUnavailable, UnsuitableStore
    from decapolis.store.reading import reading
    from decapolis.verifying import verify

    url = configured(Flags(config, store=store)).gateway.store
    try:
        with reading(url) as connection:
            found = verify(connection, head)
    except (StoreUnavailable, UnsuitableStore) as error:
        raise click.ClickException(str(error)) from error
    tail = f", {found.unsealed} newer entries are not sealed yet" if found.unsealed else ""
    if found.intact:
        click.echo(f"The trail holds: {found.links} links, head {found.head}{tail}")
        raise SystemExit(INTACT)
    where = "" if found.broken_entry is None else f" at entry {found.broken_entry}"
    click.echo(f"The trail is broken{where}: {found.reason}; {found.links} links before that hold{tail}")
    raise SystemExit(BROKEN)
