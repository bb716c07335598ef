"""A gateway in this process, asked over ASGI as a client would."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from decapolis.app import Application, create_app
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from decapolis_translators.testing.fakes import CONFLUENT_8, DialectFake, Loopback, Profile

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


@pytest.fixture
def fakes() -> Iterator[Callable[..., Loopback]]:
    """Starts fakes of the dialect on loopback ports and stops them after the test."""
    started: list[Loopback] = []

    def start(profile: Profile = CONFLUENT_8) -> Loopback:
        loopback = Loopback(DialectFake(profile)).start()
        started.append(loopback)
        return loopback

    yield start
    for loopback in started:
        loopback.fake.calm()
        loopback.stop()


def entry(name: str, loopback: Loopback, type_: str = "confluent", **more: Any) -> dict[str, Any]:
    """The configuration of a registry that is a fake."""
    quick = {"deadline": 2.0, "retries": 0, "breaker_failures": 1000}
    return {"id": name, "type": type_, "config": {"url": loopback.url}, "resilience": quick, **more}


def fake_of(loopback: Loopback) -> DialectFake:
    """The fake behind a port."""
    assert isinstance(loopback.fake, DialectFake)
    return loopback.fake


@pytest.fixture
def policed(tmp_path: Path, gateways: Running) -> Any:
    """Starts gateways under policies."""
    from tests.gateway.policed import Policed

    return Policed(tmp_path / "policies.yaml", gateways)
