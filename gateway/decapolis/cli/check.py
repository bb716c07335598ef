"""`decapolis check SUBJECT`: would a candidate be accepted, in every registry; or does a history satisfy a level."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.compare import read_text
from decapolis.cli.printing import Output

_SUFFIXES = {".avsc": "avro", ".proto": "protobuf", ".json": "json_schema"}


@click.command()
@click.argument("subject")
@click.option("--file", "path", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The candidate.")
@click.option(
    "--format", "format_", metavar="FORMAT", help="Of the candidate; without it the file's name or the subject tells."
)
@click.option("--reference", "references", multiple=True, metavar="NAME=SUBJECT@VERSION", help="May be repeated.")
@click.option("--level", metavar="LEVEL", envvar="TARGET_MODE", help="As if the subject were set to it.  [TARGET_MODE]")
@click.option("--version", type=int, help="Only against this version.")
@click.option("--registry", "registries", multiple=True, metavar="ID", help="Only this registry; may be repeated.")
@asking
async def command(
    api: Api,
    output: Output,
    subject: str,
    path: Path | None,
    format_: str | None,
    references: tuple[str, ...],
    level: str | None,
    version: int | None,
    registries: tuple[str, ...],
) -> int:
    """Judge a candidate for SUBJECT in every registry; without --file whether its whole history satisfies --level.

    Exit codes: 0 compatible everywhere, 2 incompatible somewhere, 1 when a registry could not be asked.
    """
    body: dict[str, Any] = {"subject": subject, "target_mode": level, "version": version}
    if registries:
        body["registries"] = list(registries)
    if path is not None:
        body["schema_content"] = read_text(path)
        body["schema_format"] = format_ or _SUFFIXES.get(path.suffix.lower())
        body["references"] = [_reference(each) for each in references]
    elif level is None:
        raise click.UsageError("name a candidate with --file, or a level for the whole history with --level")
    found = await api.post("/compatibility/check", {key: value for key, value in body.items() if value is not None})
    rows = [{"registry": name, **each} for name, each in found.items()]
    output.rows(rows, ("registry", "is_compatible", "mode", "versions", "error"), found)
    for each in rows if output.is_for_people else ():
        for message in _messages(each):
            output.say(f"{each['registry']}: {message}")
        repair = each.get("repair")
        if repair:
            output.say(f"{each['registry']}: {repair['sentence']}")
        if each.get("disagreement"):
            output.say(f"{each['registry']}: the registry itself says otherwise")
    return exit_code(rows)


def _messages(found: dict[str, Any]) -> list[str]:
    """What is wrong, without the whole texts that the dialect's messages bring along."""
    violations = [f"version {each['version']}: {each['message']}" for each in found.get("violations") or ()]
    return [*found.get("errors", ()), *(violations or found.get("messages", ()))]


def exit_code(rows: list[dict[str, Any]]) -> int:
    """2 where any verdict is no, else 1 where any is missing, else 0."""
    if any(each.get("is_compatible") is False for each in rows):
        return 2
    return 1 if any("error" in each for each in rows) else 0


def _reference(spelled: str) -> dict[str, Any]:
    name, separator, rest = spelled.partition("=")
    subject, at, version = rest.rpartition("@")
    if not (separator and at and name and subject and version.lstrip("-").isdigit()):
        raise click.UsageError(f"NAME=SUBJECT@VERSION is expected, not {spelled}")
    return {"name": name, "subject": subject, "version": int(version)}
