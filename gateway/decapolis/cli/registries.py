"""`decapolis registries`: what is configured, and what comes and goes while the gateway runs."""

from __future__ import annotations

from typing import Any

import click
import yaml

from decapolis.cli.asking import Api, asking, part
from decapolis.cli.printing import Output, cell


@click.group()
def command() -> None:
    """List, test, add and remove registries."""


@command.command("list")
@click.option("--type", "type_", metavar="TYPE", help="Only registries of this type.")
@click.option("--where", multiple=True, metavar="KEY=VALUE", help="Only those whose metadata says so; may be repeated.")
@asking
async def list_command(api: Api, output: Output, type_: str | None, where: tuple[str, ...]) -> None:
    """List the configured registries with how they do."""
    found = await api.get("/registries", type=type_, **pairs(where))
    rows = [
        {
            **each,
            "status": each["health"]["status"],
            "version": each["health"]["version"],
            "latency_ms": each["health"]["latency_ms"],
            "ids": f"{each['ids']['base'] + 1}…{each['ids']['base'] + each['ids']['span']}",
        }
        for each in found
    ]
    output.rows(rows, ("id", "type", "enabled", "status", "version", "latency_ms", "ids", "source"), found)


@command.command("show")
@click.argument("registry")
@asking
async def show_command(api: Api, output: Output, registry: str) -> None:
    """Show one registry: its configuration without secrets, and what it can and cannot do."""
    found = await api.get(f"/registries/{part(registry)}")
    if not output.is_for_people:
        output.data(found)
        return
    for name in ("id", "type", "enabled", "home", "source", "config", "metadata", "health"):
        output.say(f"{name}: {cell(found[name])}")
    output.say(f"formats: {', '.join(found['capabilities']['formats'])}")
    for name, feature in found["capabilities"]["features"].items():
        output.say(
            f"{'yes' if feature['supported'] else 'no ':3}  {name}"
            + (f": {feature['reason']}" if feature["reason"] else "")
        )


@command.command("test")
@click.argument("registry")
@asking
async def test_command(api: Api, output: Output, registry: str) -> int:
    """Test a configured registry now; exit code 1 where it does not answer."""
    found = await api.post(f"/registries/{part(registry)}/test")
    output.rows([found], ("registry", "status", "version", "latency_ms", "error"), found)
    return 0 if found["status"] == "ok" else 1


@command.command("add")
@click.argument("registry")
@click.option("--type", "type_", required=True, metavar="TYPE", help="The registry type, e.g. confluent.")
@click.option("--address", metavar="URL", help="The registry's own URL; the same as --set url=URL.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A key of the type's configuration; a.b=c goes inside.",
)
@click.option("--metadata", multiple=True, metavar="KEY=VALUE", help="A free key.")
@click.option("--disabled", is_flag=True, help="Add it without asking it anything.")
@click.option("--test-only", is_flag=True, help="Test it and add nothing.")
@asking
async def add_command(
    api: Api,
    output: Output,
    registry: str,
    type_: str,
    address: str | None,
    settings: tuple[str, ...],
    metadata: tuple[str, ...],
    disabled: bool,
    test_only: bool,
) -> int:
    """Add REGISTRY to a running gateway: it is tested first, and told what was found.

    Secrets are better given as ${VARIABLES} of the gateway's own environment.
    """
    config = nested((("url", address), *split(settings))) if address else nested(split(settings))
    body = {"id": registry, "type": type_, "enabled": not disabled, "config": config, "metadata": pairs(metadata)}
    if not disabled:
        found = await api.post("/registries/test", body)
        output.say(f"{registry}: {found['status']}, version {found['version'] or 'unknown'}, {found['latency_ms']} ms")
        if found["status"] != "ok":
            raise click.ClickException(found["error"])
        if test_only:
            if not output.is_for_people:
                output.data(found)
            return 0
    made = await api.post("/registries", body)
    if not output.is_for_people:
        output.data(made)
        return 0
    output.say(f"added; its public ids are {made['ids']['base'] + 1} to {made['ids']['base'] + made['ids']['span']}")
    output.say(f"clients that need only this registry use <gateway>/registries/{registry} as their schema.registry.url")
    return 0


def _changing(name: str, verb: str, path: str, sentence: str) -> None:
    @command.command(name, help=f"{sentence}.")
    @click.argument("registry")
    @asking
    async def changing(api: Api, output: Output, registry: str) -> None:
        at = path.format(part(registry))
        answer = await (api.delete(at) if verb == "DELETE" else api.post(at))
        if output.is_for_people:
            output.say(f"{registry}: done")
        else:
            output.data(answer)


_changing("enable", "POST", "/registries/{}/enable", "Let a registry take part again")
_changing("disable", "POST", "/registries/{}/disable", "Keep a registry, but ask it nothing")
_changing("remove", "DELETE", "/registries/{}", "Remove a registry that was added at run time; its ids stay reserved")


def split(said: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Keys and values of `KEY=VALUE`; a usage error for anything else."""
    found = []
    for each in said:
        key, separator, value = each.partition("=")
        if not separator or not key:
            raise click.UsageError(f"KEY=VALUE is expected, not {each}")
        found.append((key, value))
    return tuple(found)


def pairs(said: tuple[str, ...]) -> dict[str, str]:
    """The same as a map."""
    return dict(split(said))


def nested(said: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Keys with dots as maps in maps; values as YAML understands them."""
    found: dict[str, Any] = {}
    for key, value in said:
        place = found
        *outer, last = key.split(".")
        for each in outer:
            place = place.setdefault(each, {})
        place[last] = yaml.safe_load(value)
    return found
