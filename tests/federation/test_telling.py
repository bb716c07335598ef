"""The trail goes to a file, a syslog collector and signed webhooks, in the order of its chain."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from decapolis_translators.testing.fakes.asgi import FakeServer, Problem, Request, Route
from decapolis_translators.testing.fakes.loopback import Loopback
from tests.gateway.conftest import Running

from .conftest import record
from .test_reloading import until

SECRET = "a-secret-of-some-length"


class Receiver(FakeServer):
    """A service that takes entries whose signature holds, as its operator would write it."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        super().__init__()

    def routes(self) -> list[Route]:
        return [Route("POST", "/hook", self._take)]

    def _take(self, request: Request, _: Mapping[str, str]) -> Any:
        parts = dict(part.split("=", 1) for part in request.headers["x-decapolis-signature"].split(","))
        signed = f"{parts['t']}.".encode() + request.body
        expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, parts["v1"]):
            raise Problem(403, {"error": "signature"})
        self.taken += json.loads(request.body)["entries"]
        return {}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decapolis.sealing.SEAL_SECONDS", 0.05)
    monkeypatch.setattr("decapolis.telling.LOOK_SECONDS", 0.05)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def test_a_file_gets_every_sealed_entry_once(gateways: Running, tmp_path: Path) -> None:
    path = tmp_path / "trail" / "audit.jsonl"
    settings = {"audit": {"file": str(path)}}
    async with AsyncExitStack() as stack:
        client = await gateways(stack_on=stack, **settings)
        for index in range(3):
            await client.registered(f"s-{index}", record("a"))

        async def is_told() -> bool:
            return len(lines(path)) == 3

        await until(is_told)
        await client.registered("s-3", record("a"))
    assert [each["target"] for each in lines(path)] == ["s-0", "s-1", "s-2", "s-3"]
    # a crash in the middle of a line, and a cursor that is behind: nothing is missing and nothing is there twice
    with path.open("a") as file:
        file.write('{"link": 5, "half')
    async with AsyncExitStack() as stack:
        client = await gateways(stack_on=stack, **settings)
        await client.registered("s-4", record("a"))
    whole = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
    assert [each["link"] for each in whole] == [1, 2, 3, 4, 5]
    assert whole[-1]["outcome"] == "done"


async def test_a_webhook_is_signed_and_tried_again(gateways: Running) -> None:
    receiver = Receiver()
    receiver.fail_next(500, times=2)
    with Loopback(receiver) as loopback:
        client = await gateways(audit={"webhooks": [{"url": f"{loopback.url}/hook", "secret": SECRET}]})
        await asyncio.sleep(0.2)  # it begins where the trail is when it is first seen
        await client.registered("s", record("a"))
        await client.register("s", record("a", "b"))

        async def is_told() -> bool:
            return len(receiver.taken) == 2

        await until(is_told)
    assert [(each["target"], each["outcome"]) for each in receiver.taken] == [("s", "done"), ("s", "refused")]
    assert [each["link"] for each in receiver.taken] == [1, 2]


async def test_a_syslog_collector_gets_a_message_an_entry(gateways: Running) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
        collector.bind(("127.0.0.1", 0))
        collector.settimeout(5)
        port = collector.getsockname()[1]
        client = await gateways(audit={"syslog": {"host": "127.0.0.1", "port": port}})
        await asyncio.sleep(0.2)
        await client.registered("s", record("a"))
        message = await asyncio.to_thread(collector.recv, 65_536)
    head, _, body = message.decode().partition(" - {")
    assert head.startswith("<109>1 ")  # facility 13 (log audit), severity 5 (notice): RFC 5424, section 6.2.1
    assert " decapolis " in head
    assert json.loads("{" + body)["target"] == "s"


async def test_a_collector_over_tcp_gets_counted_messages(gateways: Running) -> None:
    received = bytearray()

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.extend(await reader.read())
        writer.close()

    server = await asyncio.start_server(collect, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = await gateways(audit={"syslog": {"host": "127.0.0.1", "port": port, "protocol": "tcp"}})
        await asyncio.sleep(0.2)
        await client.registered("s", record("a"))
        await client.register("s", record("a", "b"))

        async def is_told() -> bool:
            return received.count(b"decapolis") >= 2

        await until(is_told)
    found, rest = [], bytes(received)
    while rest:
        size, _, rest = rest.partition(b" ")
        found.append(rest[: int(size)])
        rest = rest[int(size) :]
    assert [message.split(b" ")[0] for message in found] == [b"<109>1", b"<108>1"]
