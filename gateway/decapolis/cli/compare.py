"""`decapolis compare LEFT RIGHT`: two schemas of any registries, formats and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.printing import Output

SUFFIXES = {
    ".avsc": "avro",
    ".proto": "protobuf",
    ".sql": "sql_ddl",
    ".ddl": "sql_ddl",
    ".parquet": "parquet",
    ".json": "json_schema",
}
TABLE = "table:"


@click.command()
@click.argument("left")
@click.argument("right")
@click.option("--level", default="FULL", show_default=True, help="Whether RIGHT may follow LEFT under this level.")
@click.option("--left-format", metavar="FORMAT", help="Of a file whose name does not tell.")
@click.option("--right-format", metavar="FORMAT", help="Of a file whose name does not tell.")
@click.option("--dialect", default="ansi", show_default=True, help="Of SQL: ansi, bigquery, databricks or snowflake.")
@asking
async def command(
    api: Api,
    output: Output,
    left: str,
    right: str,
    level: str,
    left_format: str | None,
    right_format: str | None,
    dialect: str,
) -> int:
    """Compare two schemas field by field.

    Each is REGISTRY:SUBJECT, REGISTRY:SUBJECT@VERSION, REGISTRY:table:NAME (the columns that it has now), or a file.

    Exit codes: 0 when RIGHT may follow LEFT, 2 when not.
    """
    body = {
        "schema1": chosen(left, left_format),
        "schema2": chosen(right, right_format),
        "level": level,
        "sql_dialect": dialect,
    }
    found = await api.post("/schemas/compare", body)
    compatibility = found["compatibility"]
    output.rows(found["differences"], ("path", "change", "left", "right", "lossy"), found)
    if output.is_for_people:
        for name in ("left_reads_right", "right_reads_left"):
            verdict = compatibility[name]
            output.say(f"{name.replace('_', ' ')}: {'yes' if verdict['is_compatible'] else 'no'}")
            for message in verdict["messages"]:
                output.say(f"  - {message}")
        for each in found["recommendations"]:
            output.say(f"* {each}")
    return 0 if compatibility["is_compatible"] else 2


def chosen(spelled: str, format: str | None = None) -> dict[str, Any]:
    """A schema as the API takes it: the text of a file, a version in a registry, or a table of a catalog."""
    path = Path(spelled)
    if path.is_file():
        known = format or SUFFIXES.get(path.suffix.lower())
        if known is None:
            raise click.UsageError(f"{spelled}: say its format, the name does not tell")
        return {"schema_content": read_text(path), "schema_format": known}
    registry, separator, rest = spelled.partition(":")
    if not separator or not rest:
        raise click.UsageError(
            f"{spelled}: neither a file, nor REGISTRY:SUBJECT, REGISTRY:SUBJECT@VERSION or REGISTRY:table:NAME"
        )
    if rest.startswith(TABLE):
        return {"registry": registry, "table": rest.removeprefix(TABLE)}
    subject, at, version = rest.rpartition("@")
    if at and version.isdigit():
        return {"registry": registry, "subject": subject, "version": int(version)}
    return {"registry": registry, "subject": rest}


def read_text(path: Path) -> str:
    """The text of a file; an error of the command where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from error
