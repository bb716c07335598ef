"""`decapolis route SUBJECT`: which registry owns a subject, why, and which ids its clients see."""

from __future__ import annotations

import json
from typing import Any

import click

from decapolis.cli.configuration import Flags, configured
from decapolis.registries.routing import NoRoute, Registries
from decapolis.settings import Configuration
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject


@click.command()
@click.argument("subject")
@click.option("--config", metavar="FILE", help="gateway.yaml  [DECAPOLIS_CONFIG]")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", help="how the answer is written")
def command(subject: str, config: str | None, output: str) -> None:
    """Explain which registry owns SUBJECT; nothing is asked of any registry."""
    try:
        answer = explained(configured(Flags(config)), subject)
    except NoRoute as error:
        raise click.ClickException(f"{error}: writes to it are refused with 42208") from error
    if output == "json":
        click.echo(json.dumps(answer, indent=2))
        return
    click.echo(f"{answer['subject']} -> {answer['registry']} ({answer['rule']})")
    for line in (answer["ids"], answer["door"], *answer["notes"]):
        click.echo(f"  {line}")


def explained(configuration: Configuration, name: str) -> dict[str, Any]:
    """The owner of a subject as data; NoRoute where no rule names one."""
    registries = Registries([], configuration.routes, configuration.home)
    registry, rule = registries.explain(name)
    subject = Subject.parse(name)
    entry = configuration.entry(registry)
    return {
        "subject": str(subject),
        "context": subject.context,
        "registry": registry,
        "type": entry.type,
        "enabled": entry.enabled,
        "home": registry == configuration.home,
        "rule": rule,
        "ids": _ids(configuration, registry, subject),
        "door": f"through its door /registries/{registry} the registry's own ids appear, and no rule is asked",
        "notes": list(_notes(configuration, registry, subject)),
    }


def _ids(configuration: Configuration, registry: str, subject: Subject) -> str:
    if subject.context != DEFAULT_CONTEXT:
        return f"ids are those of the context {subject.context} in {registry}, unchanged"
    if registry == configuration.home:
        return "ids are the registry's own, unchanged, because it is home"
    ids = configuration.entry(registry).ids
    if ids is None:
        return "ids are the registry's own plus the base that the ledger gave it at its first use"
    return f"ids are {ids.base} plus the registry's own, at most {ids.base + ids.span}"


def _notes(configuration: Configuration, registry: str, subject: Subject) -> list[str]:
    notes = []
    if subject.context != DEFAULT_CONTEXT:
        notes.append(
            "subjects of a named context belong to the home unless a match names that context; "
            "a registry without contexts refuses them with 42208"
        )
    if not configuration.entry(registry).enabled:
        notes.append(f"{registry} is disabled: nothing is asked of it, and writes are refused")
    return notes
