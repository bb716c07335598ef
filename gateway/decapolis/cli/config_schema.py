"""`decapolis config-schema`: a JSON Schema of the configuration files, for editors."""

from __future__ import annotations

import json

import click

from decapolis.files import KINDS
from decapolis.files.editor_schema import editor_schema
from decapolis_translators.discovery import Types


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)), default="gateway")
def command(kind: str) -> None:
    """Print the JSON Schema (2020-12) of a gateway, registries or policies file."""
    click.echo(json.dumps(editor_schema(kind, Types()), indent=2))
