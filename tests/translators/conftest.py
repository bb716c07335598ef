"""Fakes and translators for the tests of this room."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from decapolis_translators.apicurio import ApicurioConfig, ApicurioRegistry
from decapolis_translators.confluent import ConfluentRegistry, DialectRegistry
from decapolis_translators.karapace import KarapaceRegistry
from decapolis_translators.redpanda import RedpandaRegistry
from decapolis_translators.testing.fakes import DialectFake
from decapolis_translators.testing.fakes.apicurio import ApicurioFake

TYPES: dict[str, type[DialectRegistry]] = {
    "confluent": ConfluentRegistry,
    "karapace": KarapaceRegistry,
    "redpanda": RedpandaRegistry,
}

Opening = Callable[..., Awaitable[Any]]
Connecting = Callable[..., Awaitable[ApicurioRegistry]]


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
