"""A real gateway is killed in the middle of a job, and a job on PostgreSQL is lost to somebody else."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from sqlalchemy import create_engine, text

from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from tests import postgres
from tests.federation.conftest import Api
from tests.gateway.command import serving
from tests.gateway.conftest import entry, fake_of, running
from tests.jobs.estate import ended, levels, many, seed


def until(client: httpx.Client, job: str, enough: Any) -> dict[str, Any]:
    """The job once it is as wanted."""
    limit = time.monotonic() + 30
    while True:
        found: dict[str, Any] = client.get(f"/api/v1/jobs/{job}").json()
        if enough(found):
            return found
        assert time.monotonic() < limit, found
        time.sleep(0.02)


def test_a_killed_gateway_goes_on_after_its_start(fakes: Any, tmp_path: Path) -> None:
    one = fakes()
    seed(one, many(80), level="NONE")
    bounds = {"deadline": 3.0, "retries": 0, "concurrency": 8}
    (tmp_path / "registries.yaml").write_text(yaml.safe_dump({"registries": [entry("one", one, resilience=bounds)]}))
    (tmp_path / "gateway.yaml").write_text(yaml.safe_dump({"registries_file": "registries.yaml", "home": "one"}))
    begin = ("--config", "gateway.yaml", "--port", "0")
    with serving(*begin, folder=tmp_path) as first, httpx.Client(base_url=first.url, timeout=30) as client:
        client.get("/api/v1/jobs").raise_for_status()
        fake_of(one).latency = 0.05
        body = {"mode": "FULL", "subject_filter": "user-"}
        job = client.post("/api/v1/bulk/set-compatibility", json=body).json()["id"]
        until(client, job, lambda found: found["done"] >= 10)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(timeout=10)
    assert 10 <= fake_of(one).calls["PUT /config/{subject}"] < 80
    fake_of(one).latency = 0.0
    with serving(*begin, folder=tmp_path) as second, httpx.Client(base_url=second.url, timeout=30) as client:
        over = until(client, job, lambda found: found["state"] not in {"planned", "running"})
        report = client.get(f"/api/v1/jobs/{job}/report").json()
    assert (over["state"], over["steps"]) == ("done", {"done": 80})
    assert levels(one) == dict.fromkeys(many(80), "FULL")
    assert fake_of(one).calls["PUT /config/{subject}"] == 80
    assert all(each["before"] == {"level": "NONE"} for each in report["results"])


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL is not installed")
    with postgres.server() as url:
        yield url


@pytest.fixture
def database(server: str) -> str:
    name = f"t{uuid4().hex}"
    engine = create_engine(
        server.replace("postgresql://", "postgresql+psycopg://") + "/postgres", isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


async def test_whoever_lost_a_job_cannot_write_to_it_and_the_next_does_nothing_twice(fakes: Any, database: str) -> None:
    one = fakes()
    seed(one, many(40), level="NONE")
    bounds = {"deadline": 3.0, "retries": 0, "breaker_failures": 1000, "concurrency": 4}
    settings = GatewaySettings.model_validate({"store": database, "home": "one", "replicas": 2})
    configuration = Configuration.assembled(
        settings, [RegistryEntry.model_validate(entry("one", one, resilience=bounds))]
    )
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(running(configuration)) for _ in range(2)]
        apis = [Api(each, (await each.get("/openapi.json")).json()) for each in clients]
        fake_of(one).latency = 0.05
        body = {"mode": "FULL", "subject_filter": "user-"}
        job = (await apis[0].post("/bulk/set-compatibility", body, status=202))["id"]
        while (await apis[1].get(f"/jobs/{job}"))["done"] < 5:  # noqa: ASYNC110 - another gateway's work is watched
            await asyncio.sleep(0.02)
        # somebody else took it over, and is gone again; who was at it learns that from the fence
        gateway = clients[0].application.gateway
        assert gateway is not None
        stolen = "UPDATE jobs SET fence = fence + 1, holder = 'gone', lease_until_ms = 0"
        await gateway.store.write(lambda connection: connection.execute(text(stolen)))
        over = await ended(apis[1], job)
        assert over["steps"] == {"done": 40}
        assert levels(one) == dict.fromkeys(many(40), "FULL")
        assert fake_of(one).calls["PUT /config/{subject}"] == 40
        report = await apis[1].get(f"/jobs/{job}/report")
        taken = [each["facts"]["fence"] for each in report["journal"] if each["event"] == "taken_up"]
        assert taken == [3]
