"""`decapolis export TO`: what a registry holds, as one file with every version, or as a folder for version control."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click
import yaml

from decapolis.cli.asking import Api, asking, part
from decapolis.cli.printing import Output

ENDINGS = {"avro": ".avsc", "protobuf": ".proto", "json_schema": ".json", "sql_ddl": ".sql", "parquet": ".parquet"}
_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_KEPT = ("subject", "version", "native_id", "schema_format", "schema_content", "references", "metadata", "rule_set")


@click.command()
@click.argument("to", type=click.Path(path_type=Path))
@click.option("--registry", required=True, metavar="ID")
@click.option("--filter", "filter_", default="*", metavar="GLOB", help="Only subjects of such names.")
@asking
async def command(api: Api, output: Output, to: Path, registry: str, filter_: str) -> None:
    """Write what REGISTRY holds to TO.

    A name that ends with .jsonl gets every version, one line each, for `decapolis import`. Anything else is a folder that
    `decapolis plan` and `apply` read: the newest versions, levels, references and metadata.
    """
    base = f"/registries/{part(registry)}"
    names = [name async for name in api.pages(f"{base}/subjects", limit=1000) if fnmatchcase(name, filter_)]
    overview = (await api.get("/compatibility/overview", registries=registry))[registry]
    if "error" in overview:
        raise click.ClickException(overview["error"])
    if to.suffix == ".jsonl":
        histories = [await api.get(f"{base}/subjects/{part(name)}/versions") for name in names]
        lines = list(_lines(overview, histories))
        _written(to, "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))
        output.say(f"{to}: {sum(len(each) for each in histories)} versions of {len(names)} subjects")
        return
    newest = [await api.get(f"{base}/subjects/{part(name)}/versions/latest") for name in names]
    _write_folder(to, registry, overview, newest)
    output.say(f"{to}: {len(names)} subjects; `decapolis plan {to}` finds nothing missing now")


def _lines(overview: dict[str, Any], histories: list[list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Levels first, then versions by id, so that what others refer to comes before them."""
    yield {"level": overview["global"], "subjects": overview["subjects"]}
    versions = [version for history in histories for version in history]
    for version in sorted(versions, key=lambda each: (each["id"] or 0, each["version"])):
        yield {name: version[name] for name in _KEPT if version[name] not in (None, [], {})}


def _write_folder(folder: Path, registry: str, overview: dict[str, Any], newest: list[dict[str, Any]]) -> None:
    subjects: dict[str, Any] = {}
    taken: set[str] = set()
    for each in newest:
        name = _file_name(each, taken)
        _written(folder / "schemas" / name, each["schema_content"].rstrip("\n") + "\n")
        declared: dict[str, Any] = {"schema": f"schemas/{name}"}
        if ENDINGS.get(each["schema_format"]) is None:
            declared["format"] = each["schema_format"]
        declared |= {key: each[key] for key in ("references", "metadata", "rule_set") if each[key]}
        level = overview["subjects"].get(each["subject"])
        subjects[each["subject"]] = declared | ({"level": level} if level else {})
    whole = {"registries": {registry: {"level": overview["global"], "subjects": subjects}}}
    _written(folder / f"{_PLAIN.sub('_', registry)}.yaml", yaml.safe_dump(whole, sort_keys=False, allow_unicode=True))


def _file_name(version: dict[str, Any], taken: set[str]) -> str:
    """A name that any file system takes, and no other subject has."""
    stem = _PLAIN.sub("_", version["subject"]).strip(".")[:100] or "schema"
    ending = ENDINGS.get(version["schema_format"], ".txt")
    name, number = f"{stem}{ending}", 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}-{number}{ending}"
    taken.add(name.lower())
    return name


def _written(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
