"""Fakes and translators for the tests of this room."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from decapolis_translators.apicurio import ApicurioConfig, ApicurioRegistry
from decapolis_translators.aws_glue import GlueConfig, GlueRegistry
from decapolis_translators.confluent import ConfluentRegistry, DialectRegistry
from decapolis_translators.karapace import KarapaceRegistry
from decapolis_translators.redpanda import RedpandaRegistry
from decapolis_translators.testing.fakes import DialectFake, Loopback
from decapolis_translators.testing.fakes.apicurio import ApicurioFake
from decapolis_translators.testing.fakes.asgi import FakeServer
from decapolis_translators.testing.fakes.glue import GlueFake
from decapolis_translators.unity_catalog import UnityCatalog

TYPES: dict[str, type[DialectRegistry]] = {
    "confluent": ConfluentRegistry,
    "karapace": KarapaceRegistry,
    "redpanda": RedpandaRegistry,
}

Opening = Callable[..., Awaitable[Any]]
Connecting = Callable[..., Awaitable[ApicurioRegistry]]
ConnectingGlue = Callable[..., Awaitable[GlueRegistry]]
ConnectingUnity = Callable[..., Awaitable[UnityCatalog]]


@pytest.fixture
async def connect() -> AsyncIterator[Opening]:
    """Opens a translator before a transport or a fake; closes it after the test."""
    async with AsyncExitStack() as stack:

        async def opened(
            kind: type[DialectRegistry] | str, target: httpx.AsyncBaseTransport | DialectFake, **config: Any
        ) -> DialectRegistry:
            transport = httpx.ASGITransport(app=target) if isinstance(target, DialectFake) else target
            cls = TYPES[kind] if isinstance(kind, str) else kind
            given = {"url": "http://registry.test", **config}
            registry = cls("under-test", cls.Config.model_validate(given), transport=transport)
            await registry.open()
            stack.push_async_callback(registry.close)
            return registry

        yield opened


@pytest.fixture
async def connect_apicurio() -> AsyncIterator[Connecting]:
    """The same for the type `apicurio`."""
    async with AsyncExitStack() as stack:

        async def opened(target: httpx.AsyncBaseTransport | ApicurioFake, **config: Any) -> ApicurioRegistry:
            transport = httpx.ASGITransport(app=target) if isinstance(target, ApicurioFake) else target
            given = {"url": "http://registry.test", **config}
            registry = ApicurioRegistry("under-test", ApicurioConfig.model_validate(given), transport=transport)
            await registry.open()
            stack.push_async_callback(registry.close)
            return registry

        yield opened


@pytest.fixture
async def connect_glue(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ConnectingGlue]:
    """The same for the type `aws_glue`; the fake listens on loopback, and nothing of this machine's AWS is seen."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    keys = {"aws_access_key_id": "AKIAFAKE", "aws_secret_access_key": "fake-secret"}
    async with AsyncExitStack() as stack:

        async def opened(target: GlueFake | str, *, who: Mapping[str, Any] = keys, **config: Any) -> GlueRegistry:
            url = target if isinstance(target, str) else stack.enter_context(Loopback(target)).url
            # generous: the first call of a process loads the kit's models, also on a busy machine
            given = {
                "region": "us-east-1",
                "registry_name": "schemas",
                "endpoint_url": url,
                "timeout": 20,
                **who,
                **config,
            }
            registry = GlueRegistry("under-test", GlueConfig.model_validate(given))
            await registry.open()
            stack.push_async_callback(registry.close)
            return registry

        yield opened


@pytest.fixture
async def connect_unity() -> AsyncIterator[ConnectingUnity]:
    """The same for the type `unity_catalog`."""
    async with AsyncExitStack() as stack:

        async def opened(target: httpx.AsyncBaseTransport | FakeServer, **config: Any) -> UnityCatalog:
            transport = httpx.ASGITransport(app=target) if isinstance(target, FakeServer) else target
            given = {"url": "http://unity.test", **config}
            catalog = UnityCatalog("under-test", UnityCatalog.Config.model_validate(given), transport=transport)
            await catalog.open()
            stack.push_async_callback(catalog.close)
            return catalog

        yield opened
