"""`decapolis search`: the newest versions of all subjects, by what they are made of."""

from __future__ import annotations

import click

from decapolis.cli.asking import Api, asking
from decapolis.cli.printing import Output

_ASKED = ("subject", "field", "type", "tag", "owner", "namespace", "format")


@click.command()
@click.argument("text", required=False)
@click.option("--subject", metavar="PART", help="A part of the subject's name.")
@click.option("--field", metavar="NAME", help="The name or the whole path of a field.")
@click.option("--type", metavar="TYPE", help="A field's type, a format, or a registry's type.")
@click.option("--tag", metavar="TAG")
@click.option("--owner", metavar="NAME")
@click.option("--namespace", metavar="NAME")
@click.option("--format", metavar="FORMAT")
@click.option("--registry", "registries", multiple=True, metavar="ID", help="Only this registry; may be repeated.")
@click.option("--limit", default=100, show_default=True, help="How many hits at most.")
@asking
async def command(
    api: Api, output: Output, /, text: str | None, registries: tuple[str, ...], limit: int, **asked: str | None
) -> int:
    """Search TEXT in names, fields, docs, tags and metadata of the newest versions.

    Exit codes: 0 when something was found, 2 when nothing was.
    """
    query = {name: asked[name] for name in _ASKED}
    where = ",".join(registries) or None
    hits = []
    async for hit in api.pages(
        "/schemas/search", q=text, registries=where, content=False, limit=min(limit, 1000), **query
    ):
        hits.append(hit)
        if len(hits) >= limit:
            break
    columns = ("registry", "subject", "version", "id", "schema_format", "path", "owner", "tags")
    output.rows(hits, columns)
    return 0 if hits else 2
