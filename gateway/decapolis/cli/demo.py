"""`decapolis demo`: a gateway over an estate of all ten types, without any account."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, metavar="H", help="Address to listen on.")
@click.option("--port", default=8081, show_default=True, metavar="P", help="Port to listen on.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Keep configuration and store there.  [a temporary folder]"
)
def command(host: str, port: int, folder: Path | None) -> None:
    """Start a gateway over stand-ins of all ten types, filled with a company's schemas.

    There are discrepancies, one history that can be repaired, one that cannot, a table altered by hand, and a migration to
    FORWARD_FULL that waits to be done. Everything is gone when it ends.
    """
    from decapolis.demo.running import serve

    if folder is not None:
        raise SystemExit(serve(folder, host, port, click.echo))
    with tempfile.TemporaryDirectory(prefix="decapolis-demo-") as temporary:
        raise SystemExit(serve(Path(temporary), host, port, click.echo))
