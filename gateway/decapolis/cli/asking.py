"""How commands ask the federation API: of a running gateway, or of one that lives as long as the command."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Concatenate, ParamSpec
from urllib.parse import quote

import click
import httpx

from decapolis.cli.configuration import Flags, configured
from decapolis.cli.printing import FORMS, Output
from decapolis.settings import Configuration

P = ParamSpec("P")

DEFAULT_URL = "http://127.0.0.1:8081"
SECONDS = 60.0


class Api:
    """A client of `/api/v1`; what is refused ends the command with the problem's own words."""

    def __init__(self, client: httpx.AsyncClient, where: str) -> None:
        self._client = client
        self._where = where

    async def get(self, path: str, **query: Any) -> Any:
        """The body of an answer."""
        return (await self.ask("GET", path, query=query)).json()

    async def post(self, path: str, body: Any = None, **query: Any) -> Any:
        """The body of an answer, None for an empty one."""
        answer = await self.ask("POST", path, body, query)
        return answer.json() if answer.content else None

    async def try_post(self, path: str, body: Any) -> Any:
        """The body of an answer, None where there is nothing of that name."""
        answer = await self._asked("POST", path, body, {}, {})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return _whole(answer).json()

    async def put(self, path: str, body: Any = None, **query: Any) -> Any:
        """The body of an answer."""
        return (await self.ask("PUT", path, body, query)).json()

    async def delete(self, path: str, **query: Any) -> Any:
        """The body of an answer, None for an empty one."""
        answer = await self.ask("DELETE", path, query=query)
        return answer.json() if answer.content else None

    async def pages(self, path: str, **query: Any) -> AsyncIterator[Any]:
        """The entries of a list, page by page."""
        while True:
            page = await self.get(path, **query)
            for each in page["items"]:
                yield each
            if page.get("next_cursor") is None:
                return
            query["cursor"] = page["next_cursor"]

    async def ask(
        self, method: str, path: str, body: Any = None, query: dict[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        """One answer that is no refusal."""
        return _whole(await self._asked(method, path, body, query or {}, headers))

    async def _asked(
        self, method: str, path: str, body: Any, query: dict[str, Any], headers: dict[str, str]
    ) -> httpx.Response:
        said = {name: value for name, value in query.items() if value is not None}
        try:
            return await self._client.request(method, f"/api/v1{path}", json=body, params=said, headers=headers)
        except httpx.HTTPError as error:
            raise click.ClickException(f"{self._where} does not answer: {error or type(error).__name__}") from error


def _whole(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise click.ClickException(_words(answer))
    return answer


def _words(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        detail = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered {answer.status_code}, and is no gateway of ours"
    known = problem.get("known")
    return f"{detail} (known: {', '.join(known)})" if known and known[0] not in detail else detail


def part(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


@asynccontextmanager
async def api_at(url: str | None, config: str | None, store: str | None) -> AsyncIterator[Api]:
    """The gateway at a URL, or one made of a configuration; without either the one that runs here by default."""
    chosen = url or (None if config or store else os.environ.get("DECAPOLIS_URL"))
    if chosen is None and (config or store or os.environ.get("DECAPOLIS_CONFIG")):
        async with own_gateway(configured(Flags(config, store=store))) as api:
            yield api
        return
    address = (chosen or DEFAULT_URL).rstrip("/")
    async with httpx.AsyncClient(base_url=address, timeout=SECONDS) as client:
        yield Api(client, address)


@asynccontextmanager
async def own_gateway(configuration: Configuration) -> AsyncIterator[Api]:
    """A gateway of that configuration that lives as long as the context."""
    from decapolis.app import create_app
    from decapolis.store import StoreTaken, StoreUnavailable

    application = create_app(configuration)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(application.opened())
        except (StoreTaken, StoreUnavailable, ValueError, LookupError, OSError) as error:
            raise click.ClickException(f"{error}; a gateway that is running can be asked with --url") from error
        transport = httpx.ASGITransport(application)
        client = httpx.AsyncClient(transport=transport, base_url="http://decapolis", timeout=SECONDS)
        yield Api(await stack.enter_async_context(client), "the gateway of this configuration")


Command = Callable[Concatenate[Api, Output, P], Awaitable[int | None]]


def asking(command: Command[P]) -> Callable[..., None]:
    """Makes a command of a coroutine that is given the API and the output; what it returns is the exit code."""

    @click.option("--url", metavar="URL", help=f"A running gateway.  [DECAPOLIS_URL, {DEFAULT_URL}]")
    @click.option("--config", metavar="FILE", help="gateway.yaml: work without a server.  [DECAPOLIS_CONFIG]")
    @click.option("--store", metavar="URL", help="With --config: sqlite:///PATH or postgresql://…  [DECAPOLIS_STORE]")
    @click.option(
        "-o", "--output", type=click.Choice(FORMS), default="table", show_default=True, help="How it is printed."
    )
    @functools.wraps(command)
    def wrapped(url: str | None, config: str | None, store: str | None, output: str, *args: Any, **named: Any) -> None:
        async def run() -> int | None:
            async with api_at(url, config, store) as api:
                return await command(api, Output(output), *args, **named)

        raise SystemExit(asyncio.run(run()) or 0)

    return wrapped
