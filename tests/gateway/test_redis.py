"""Short-lived answers shared through Redis, and a Redis that goes away."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Running, entry, fake_of, record
from .test_many_registries import Fakes

pytestmark = [
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0", process
        process.terminate()


async def test_a_second_gateway_takes_the_answer_of_the_first(
    gateways: Running, fakes: Fakes, redis: tuple[str, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    main = fakes()
    cache = {"redis": redis[0], "seconds": 60}
    one = await gateways(entry("main", main), home="main", cache=cache)
    two = await gateways(entry("main", main), home="main", cache=cache, store=f"sqlite:///{tmp_path}/two.db")
    await one.registered("s", record("a"))
    await one.get("/subjects/s/versions/latest")
    before = len(fake_of(main).requests)
    assert (await two.get("/subjects/s/versions/latest")).json()["version"] == 1
    assert len(fake_of(main).requests) == before


async def test_a_redis_that_is_gone_costs_no_error(
    gateways: Running, redis: tuple[str, subprocess.Popen[bytes]]
) -> None:
    client = await gateways(cache={"redis": redis[0]})
    await client.registered("s", record("a"))
    assert (await client.get("/subjects/s/versions/latest")).status_code == 200
    redis[1].terminate()
    redis[1].wait(10)
    await client.registered("t", record("a"))
    for _ in range(3):
        assert (await client.get("/subjects/t/versions/latest")).json()["version"] == 1
