"""The three names that operators script against since long, with their arguments, variables and CSV, and right answers.

`SCHEMA_REGISTRY_URL` may be a gateway of ours, or any registry of the dialect: then a gateway in front of it lives as long as
the command. Wrong usage ends with 1, anything incompatible with 2.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
import httpx

from decapolis.cli.asking import Api, api_at, own_gateway
from decapolis.cli.check_all import COLUMNS, checked_all, exit_code
from decapolis.cli.printing import Output, as_csv
from decapolis.cli.set_compatibility import set_one
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from decapolis_policies.levels import LEVELS

URL = "SCHEMA_REGISTRY_URL"
DEFAULT_URL = "http://localhost:8081"
DEFAULT_LEVEL = "FORWARD_FULL"
DEFAULT_REPORT = "compatibility_report.csv"
_ENDINGS = ("", "-value", "-key")


@asynccontextmanager
async def api_behind(url: str) -> AsyncIterator[Api]:
    """The federation API of a gateway, or of one made for the registry at that URL."""
    parsed = httpx.URL(url)
    plain = str(parsed.copy_with(username=None, password=None)).rstrip("/")
    if await _is_gateway(plain):
        async with api_at(plain, None, None) as api:
            yield api
        return
    config: dict[str, Any] = {"url": plain}
    if parsed.username:
        config |= {"username": parsed.username, "password": parsed.password or ""}
    entry = RegistryEntry(id="registry", type="confluent", config=config)
    with tempfile.TemporaryDirectory(prefix="decapolis-") as folder:
        settings = GatewaySettings(store=f"sqlite:///{folder}/store.db", home="registry")
        async with own_gateway(Configuration.assembled(settings, [entry])) as api:
            yield api


async def _is_gateway(url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.get(f"{url}/api/v1/whoami")
    except httpx.HTTPError as error:
        raise click.ClickException(f"{url} does not answer: {error or type(error).__name__}") from error
    return answer.status_code == 200 and "principal" in answer.text


def _main(work: Callable[[Api], Awaitable[int]]) -> int:
    async def run() -> int:
        async with api_behind(os.environ.get(URL, DEFAULT_URL)) as api:
            return await work(api)

    try:
        return asyncio.run(run())
    except click.ClickException as error:
        error.show()
        return 1


def check_topic_compatibility(arguments: list[str] | None = None) -> int:
    """`check_topic_compatibility TOPIC [LEVEL]`: whether a topic's whole history satisfies a level."""
    given = sys.argv[1:] if arguments is None else arguments
    if not 1 <= len(given) <= 2 or given[0].startswith("-"):
        return _usage("check_topic_compatibility TOPIC [LEVEL]", "TARGET_MODE")
    level = given[1] if len(given) > 1 else os.environ.get("TARGET_MODE", DEFAULT_LEVEL)

    async def work(api: Api) -> int:
        rows = [row for ending in _ENDINGS for row in await _history(api, given[0] + ending, level)]
        if not rows:
            raise click.ClickException(f"{given[0]}: no subject of that name, with or without -value or -key")
        Output("csv").rows(rows, COLUMNS)
        return exit_code(rows)

    return _main(work)


async def _history(api: Api, subject: str, level: str) -> list[dict[str, Any]]:
    answer = await api.try_post("/compatibility/check", {"subject": subject, "target_mode": level})
    if answer is None:
        return []
    return [
        {
            "subject": subject,
            "version": found["broken"][0]["newer"] if found.get("broken") else (found.get("versions") or [None])[-1],
            "latest_version": (found.get("versions") or [None])[-1],
            "is_compatible": found.get("is_compatible"),
            "compatibility_details": "; ".join(found.get("messages", ())) or found.get("error", ""),
        }
        for found in answer.values()
    ]


def check_all_topics_compatibility(arguments: list[str] | None = None) -> int:
    """`check_all_topics_compatibility [LEVEL]`: the same for every subject, with a report as CSV."""
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) > 1 or (given and given[0].startswith("-")):
        return _usage("check_all_topics_compatibility [LEVEL]", "TARGET_MODE, REPORT_FILE")
    level = given[0] if given else os.environ.get("TARGET_MODE", DEFAULT_LEVEL)
    report = Path(os.environ.get("REPORT_FILE", DEFAULT_REPORT))

    async def work(api: Api) -> int:
        rows, _ = await checked_all(api, level, None, ())
        _write(report, as_csv(rows, COLUMNS))
        bad = sum(row["is_compatible"] is False for row in rows)
        click.echo(f"{len(rows)} subjects, {bad} incompatible with {level.upper()}; report: {report}")
        return exit_code(rows)

    return _main(work)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error


def set_compatibility(arguments: list[str] | None = None) -> int:
    """`set_compatibility LEVEL [SUBJECT…]`: sets the level of subjects, or the global one; either may come first."""
    given = sys.argv[1:] if arguments is None else arguments
    levels = [each for each in given if each.upper() in LEVELS]
    subjects = [each for each in given if each.upper() not in LEVELS]
    level = levels[0] if levels else os.environ.get("TARGET_MODE", "" if given else DEFAULT_LEVEL)
    if len(levels) > 1 or not level or any(each.startswith("-") for each in given):
        return _usage("set_compatibility LEVEL [SUBJECT...]", "TARGET_MODE")

    async def work(api: Api) -> int:
        registries = {each["id"]: each for each in await api.get("/registries") if each["enabled"]}
        home = next((name for name, each in registries.items() if each["home"]), next(iter(registries)))
        codes = []
        wanted: list[str | None] = [*subjects] or [None]
        for subject in wanted:
            owner = home if subject is None else (await api.get("/routes/explain", subject=subject))["registry"]
            codes.append(await set_one(api, Output("table"), owner, level, subject))
        return max(codes)

    return _main(work)


def _usage(line: str, variables: str) -> int:
    click.echo(f"usage: {line}\nvariables: {URL} (default {DEFAULT_URL}), {variables}", err=True)
    return 1
