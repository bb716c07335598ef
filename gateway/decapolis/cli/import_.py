"""`decapolis import FILE`: registers what `decapolis export` wrote, every version in its order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from decapolis.cli.asking import Api, asking, part
from decapolis.cli.compare import read_text
from decapolis.cli.printing import Output

_SENT = ("schema_content", "schema_format", "references", "metadata", "rule_set")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--registry", required=True, metavar="ID", help="Where it goes.")
@click.option("--keep-ids", is_flag=True, help="Under the ids of the file; the registry must be in mode IMPORT.")
@click.option("--keep-going", is_flag=True, help="Go on after a version that is refused.")
@click.option("--levels/--no-levels", default=True, show_default=True, help="Set levels after everything is there.")
@asking
async def command(
    api: Api, output: Output, file: Path, registry: str, keep_ids: bool, keep_going: bool, levels: bool
) -> int:
    """Register every version of FILE in REGISTRY; what is there already is left as it is.

    Exit codes: 0 everything is there, 1 when anything was refused.
    """
    head, versions = _read(file)
    rows = []
    for version in versions:
        row = {"subject": version["subject"], "version": version["version"]}
        rows.append({**row, **await _register(api, registry, version, keep_ids=keep_ids)})
        if rows[-1]["error"] and not keep_going:
            break
    refused = sum(bool(row["error"]) for row in rows)
    if levels and not refused:
        for subject, level in head.get("subjects", {}).items():
            await api.put(f"/compatibility/{part(registry)}/mode", {"mode": level, "subject": subject})
    shown = [row for row in rows if row["error"]] if output.is_for_people else rows
    if shown or not output.is_for_people:
        output.rows(shown, ("subject", "version", "result", "id", "error"), rows)
    output.say(f"{len(rows) - refused} of {len(versions)} versions are there")
    return 1 if refused else 0


async def _register(api: Api, registry: str, version: dict[str, Any], *, keep_ids: bool) -> dict[str, Any]:
    body = {key: version[key] for key in _SENT if key in version}
    if keep_ids:
        body |= {"id": version.get("native_id"), "version": version["version"]}
    path = f"/registries/{part(registry)}/subjects/{part(version['subject'])}/versions"
    try:
        answer = await api.ask("POST", path, body)
    except click.ClickException as refused:
        return {"result": "refused", "id": None, "error": refused.message}
    result = "registered" if answer.status_code == 201 else "there already"
    return {"result": result, "id": answer.json()["id"], "error": None}


def _read(file: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The levels, and the versions in their order."""
    try:
        lines = [json.loads(line) for line in read_text(file).splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise click.ClickException(f"{file}: not JSON Lines: {error}") from error
    versions = [line for line in lines if isinstance(line, dict) and "schema_content" in line]
    if not lines or len(versions) < len(lines) - 1 or any("subject" not in each for each in versions):
        raise click.ClickException(f"{file}: not what `decapolis export FILE.jsonl` writes")
    head = lines[0] if "schema_content" not in lines[0] else {}
    return head, versions
