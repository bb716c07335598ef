"""A gateway asked through the federation API; every answer is held against the OpenAPI document it publishes."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from tests.gateway.conftest import Client, Running, entry, fake_of, fakes, gateways, record

__all__ = ["Api", "entry", "fake_of", "fakes", "gateways", "record"]


class Api:
    """A client of `/api/v1` that trusts no answer."""

    def __init__(self, client: Client, document: dict[str, Any]) -> None:
        self.client = client
        self.document = document
        self._paths = [
            (re.compile("/api/v1" + re.sub(r"{\w+}", "[^/]+", path.removeprefix("/api/v1")) + "/?"), methods)
            for path, methods in document["paths"].items()
        ]

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """One request; its answer is as the document promises."""
        answer = await self.client.request(method, f"/api/v1{path}", json=body, **options)
        self.demand_promised(method, answer)
        return answer

    async def get(self, path: str, **query: Any) -> Any:
        """The body of a GET that is answered with 200."""
        answer = await self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        """The body of a POST that is answered with that status."""
        answer = await self.ask("POST", path, body, **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def put(self, path: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        """The body of a PUT that is answered with that status."""
        answer = await self.ask("PUT", path, body, **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str, str]:
        """Status, code and detail of a problem."""
        answer = await self.ask(method, path, body, **options)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        problem = answer.json()
        assert problem["status"] == answer.status_code
        return answer.status_code, problem["code"], problem["detail"]

    def demand_promised(self, method: str, answer: httpx.Response) -> None:
        """The answer's status and body are those that the document declares."""
        path = answer.request.url.raw_path.decode().partition("?")[0]
        operation = next((m[method.lower()] for p, m in self._paths if p.fullmatch(path) and method.lower() in m), None)
        if operation is None:
            assert answer.status_code in {404, 405}, (method, path)
            return
        promised = operation["responses"].get(str(answer.status_code)) or operation["responses"]["default"]
        media_type = answer.headers.get("content-type", "").partition(";")[0]
        content = promised.get("content", {})
        if not content:
            assert not answer.content
            return
        assert media_type in content, (media_type, answer.text)
        if media_type.endswith("json"):
            # the references of the document are relative to itself
            whole = {"components": self.document["components"], **content[media_type]["schema"]}
            Draft202012Validator(whole).validate(answer.json())


Apis = Callable[..., Awaitable[Api]]


@pytest.fixture
async def apis(gateways: Running) -> Apis:
    """Starts gateways and answers clients of their federation API."""

    async def start(*registries: dict[str, Any], **settings: Any) -> Api:
        client: Client = await gateways(*registries, **settings)
        document = (await client.get("/openapi.json")).json()
        return Api(client, document)

    return start


@pytest.fixture
async def api(apis: Apis) -> Api:
    """A gateway without configuration: the embedded registry alone."""
    return await apis()


@pytest.fixture
async def configured(tmp_path: Path) -> AsyncIterator[Any]:
    """A folder of configuration files, and gateways on it."""
    from .configured import Configured

    async with AsyncExitStack() as stack:
        yield Configured(tmp_path, stack)
