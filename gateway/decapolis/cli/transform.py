"""`decapolis transform SOURCE`: a schema in another format, and what that loses."""

from __future__ import annotations

from typing import Any

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.compare import chosen
from decapolis.cli.printing import Output
from decapolis.cli.registries import pairs


@click.command()
@click.argument("source")
@click.option(
    "--to",
    "target",
    required=True,
    metavar="FORMAT",
    help="avro, protobuf, json_schema, iceberg, parquet, openapi, asyncapi or sql_ddl.",
)
@click.option("--from", "source_format", metavar="FORMAT", help="Of a file whose name does not tell.")
@click.option("--rename", multiple=True, metavar="FIELD=NAME", help="A new name for a field; may be repeated.")
@click.option("--naming", default="as_is", show_default=True, help="as_is, snake or camel.")
@click.option("--name", metavar="NAME", help="Of the result's root.")
@click.option("--namespace", metavar="NAME")
@click.option("--select", metavar="NAME", help="Which table, message or component of the source.")
@click.option("--dialect", default="ansi", show_default=True, help="Of SQL: ansi, bigquery, databricks or snowflake.")
@click.option("--strict", is_flag=True, help="Exit code 2 when anything is lost.")
@asking
async def command(
    api: Api,
    output: Output,
    /,
    source: str,
    target: str,
    source_format: str | None,
    rename: tuple[str, ...],
    strict: bool,
    **wishes: Any,
) -> int:
    """Print SOURCE in another format; losses go to standard error.

    It is REGISTRY:SUBJECT, REGISTRY:SUBJECT@VERSION, REGISTRY:table:NAME (the columns that it has now), or a file.
    """
    options = {**{name: value for name, value in wishes.items() if value is not None}, "field_mappings": pairs(rename)}
    body = {"schema": chosen(source, source_format), "target_format": target, "options": options}
    done = await api.post("/schemas/transform", body)
    if output.form == "json":
        output.data(done)
    elif output.form == "csv":
        output.rows(done["losses"], ("path", "what", "why", "guessed"))
    else:
        click.echo(done["schema_content"].rstrip("\n"))
        for loss in done["losses"]:
            verb = "guessed" if loss["guessed"] else "lost"
            click.echo(f"{verb}: {loss['path'] or 'the whole schema'}: {loss['what']} ({loss['why']})", err=True)
    return 2 if strict and done["losses"] else 0
