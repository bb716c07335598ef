"""`decapolis route SUBJECT`: which registry owns a subject, and why."""

from __future__ import annotations

import click

from decapolis.cli.configuration import Flags, configured
from decapolis.registries.routing import NoRoute, Registries
from decapolis_translators.subjects import Subject


@click.command()
@click.argument("subject")
@click.option("--config", metavar="FILE", help="gateway.yaml  [DECAPOLIS_CONFIG]")
def command(subject: str, config: str | None) -> None:
    """Explain which registry owns SUBJECT."""
    configuration = configured(Flags(config))
    registries = Registries([], configuration.routes, configuration.home)
    try:
        registry, rule = registries.explain(subject)
    except NoRoute as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{Subject.parse(subject)} -> {registry} ({rule})")
