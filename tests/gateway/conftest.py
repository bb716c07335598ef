"""A gateway in this process, asked over ASGI as a client would."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from decapolis.app import Application, create_app
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry

EXTRA = {"Confluent-Accept-Unknown-Properties": "true"}


class Client(httpx.AsyncClient):
    """A client of the dialect with the few words that tests need most."""

    application: Application

    async def register(self, subject: str, schema: Any, **fields: Any) -> httpx.Response:
        text = schema if isinstance(schema, str) else json.dumps(schema)
        return await self.post(f"/subjects/{subject}/versions", json={"schema": text, **fields})

    async def registered(self, subject: str, schema: Any, **fields: Any) -> int:
        answer = await self.register(subject, schema, **fields)
        assert answer.status_code == 200, answer.text
        number: int = answer.json()["id"]
        return number


@asynccontextmanager
async def running(configuration: Configuration) -> AsyncIterator[Client]:
    """A gateway with this configuration, and a client for it."""
    application = create_app(configuration)
    async with (
        application.opened(),
        Client(transport=httpx.ASGITransport(application), base_url="http://gateway") as client,
    ):
        client.application = application
        yield client


Running = Callable[..., Any]


@pytest.fixture
async def gateways(tmp_path: Path) -> AsyncIterator[Running]:
    """Starts gateways on a store of this test; called twice it starts two in turn on the same store."""
    async with AsyncExitStack() as stack:

        async def start(*registries: dict[str, Any], stack_on: AsyncExitStack | None = None, **settings: Any) -> Client:
            settings.setdefault("store", f"sqlite:///{tmp_path}/store.db")
            configuration = Configuration.assembled(
                GatewaySettings.model_validate(settings), [RegistryEntry.model_validate(entry) for entry in registries]
            )
            return await (stack_on or stack).enter_async_context(running(configuration))

        yield start


@pytest.fixture
async def client(gateways: Running) -> Client:
    """A gateway without configuration: the embedded registry."""
    started: Client = await gateways()
    return started


def record(*fields: str | dict[str, Any], name: str = "R", **extra: Any) -> dict[str, Any]:
    """An Avro record: `a` an int without, `a=0` an int with a default."""
    made = []
    for field in fields:
        if isinstance(field, dict):
            made.append(field)
            continue
        field_name, _, default = field.partition("=")
        made.append({"name": field_name, "type": "int", **({"default": int(default)} if default else {})})
    return {"type": "record", "name": name, "fields": made, **extra}


def code(answer: httpx.Response) -> tuple[int, int]:
    """Status and error code of a refusal."""
    body = answer.json()
    assert set(body) == {"error_code", "message"}, body
    assert body["message"]
    return answer.status_code, body["error_code"]
