"""`decapolis serve`: starts the gateway and says where it is."""

from __future__ import annotations

import ipaddress
import os

import click

from decapolis.cli.configuration import Flags, configured
from decapolis.settings import Configuration


@click.command()
@click.option("--config", metavar="FILE", help="gateway.yaml  [DECAPOLIS_CONFIG]")
@click.option("--host", metavar="H", help="address to listen on  [DECAPOLIS_HOST]")
@click.option("--port", metavar="P", type=int, help="port to listen on  [DECAPOLIS_PORT]")
@click.option("--store", metavar="URL", help="sqlite:///PATH or postgresql://…  [DECAPOLIS_STORE]")
def command(config: str | None, host: str | None, port: int | None, store: str | None) -> None:
    """Start the gateway.

    Without a configuration file the embedded registry answers on http://127.0.0.1:8081 and keeps its data in
    data/decapolis.db.
    """
    configuration = configured(Flags(config, host, port, store))
    refuse_open_door(configuration)
    if os.environ.get("DECAPOLIS_IN_CONTAINER"):
        from decapolis.cli.container import refuse_lost_store

        refuse_lost_store(configuration.gateway.store)
    from decapolis.server import run

    raise SystemExit(run(configuration))


def refuse_open_door(configuration: Configuration) -> None:
    """Listening beyond loopback without access rules must be asked for by name."""
    host = configuration.gateway.listen.host
    if is_loopback(host) or configuration.gateway.access == "open":
        return
    raise click.ClickException(
        f"{host} can be reached from other machines and there are no access rules: everybody could change every schema. "
        "Listen on 127.0.0.1, or say so with `access: open` in the file or DECAPOLIS_ACCESS=open"
    )


def is_loopback(host: str) -> bool:
    """Whether an address is only to be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
