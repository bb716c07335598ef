"""What goes over a real socket: bytes of targets, packed answers, and nothing that is sent twice."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from decapolis_translators.errors import Garbled
from decapolis_translators.http.transport import (
    AiohttpWire,
    LostError,
    NotConnectedError,
    Timeouts,
    UnusableUrlError,
)

Answer = Callable[[int, bytes], bytes | None]


class Server:
    """Answers each request with the bytes it is told to, or hangs up instead."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[bytes] = []
        self._answer = answer
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head)
                answer = self._answer(len(self.requests), head)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[Server, AiohttpWire]]:
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    wire = AiohttpWire(None, Timeouts(1.0, 2.0), 10, 4.5)
    try:
        yield server, wire
    finally:
        await wire.aclose()
        listening.close()


def good(body: bytes = b"{}", *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"content-length: %d" % len(body), *headers, b"", body]
    return b"\r\n".join(lines)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("/subjects/a%3Bb%2Fc/versions", b"/subjects/a%3Bb%2Fc/versions"),
        ("/subjects/a%2e?x=%3A%2E%3A&y=1", b"/subjects/a%2e?x=%3A%2E%3A&y=1"),
        ("/subjects/a b/\u00fc", b"/subjects/a%20b/%C3%BC"),
    ],
)
async def test_targets_travel_byte_for_byte(asked: str, sent: bytes) -> None:
    async with serving(lambda *_: good()) as (server, wire):
        answer = await wire.exchange("GET", server.url + asked, None, {"Accept": "application/json"})
        assert (answer.status, answer.content) == (200, b"{}")
        assert server.requests[0].split(b" ")[1] == sent


async def test_headers_are_read_whatever_their_case() -> None:
    async with serving(lambda *_: good(b"{}", b"Retry-After: 7", b"X-Odd: \xe4")) as (server, wire):
        answer = await wire.exchange("GET", server.url + "/", None, {})
        assert (answer.retry_after, answer.headers["x-odd"], "content-length" in answer.headers) == (7.0, "ä", True)


async def test_a_packed_answer_is_unpacked() -> None:
    packed = gzip.compress(b'{"id":1}')
    async with serving(lambda *_: good(packed, b"content-encoding: gzip")) as (server, wire):
        assert (await wire.exchange("GET", server.url + "/", None, {})).json() == {"id": 1}


async def test_a_packing_that_does_not_hold_is_garbled() -> None:
    async with serving(lambda *_: good(b"no gzip", b"content-encoding: gzip")) as (server, wire):
        with pytest.raises(Garbled, match="compression"):
            await wire.exchange("GET", server.url + "/", None, {})


@pytest.mark.parametrize("packed", [False, True])
async def test_an_endless_answer_is_refused(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decapolis_translators.http.transport.MAX_ANSWER", 1000)
    body = b"0" * 100_000
    answer = good(gzip.compress(body), b"content-encoding: gzip") if packed else good(body)
    async with serving(lambda *_: answer) as (server, wire):
        with pytest.raises(Garbled, match="larger than 1000 bytes"):
            await wire.exchange("GET", server.url + "/", None, {})


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("DELETE", 1), ("PUT", 1), ("POST", 1)])
async def test_only_a_read_is_sent_again_when_a_pooled_connection_is_lost(method: str, times: int) -> None:
    def first_then_gone_once(number: int, _: bytes) -> bytes | None:
        return None if number == 2 else good()

    async with serving(first_then_gone_once) as (server, wire):
        await wire.exchange("GET", server.url + "/", None, {})
        asking: Awaitable[object] = wire.exchange(method, server.url + "/", None, {})
        if times == 1:
            with pytest.raises(LostError):
                await asking
        else:
            await asking
        assert len(server.requests) == 1 + times


async def test_what_was_never_sent_is_told_apart() -> None:
    async with serving(lambda *_: good()) as (server, wire):
        url = server.url
        with pytest.raises(UnusableUrlError):
            await wire.exchange("GET", url + "/" + "x" * 70_000, None, {})
    wire = AiohttpWire(None, Timeouts(1.0, 2.0), 10, 4.5)
    try:
        with pytest.raises(NotConnectedError):
            await wire.exchange("GET", url + "/", None, {})
    finally:
        await wire.aclose()


async def test_an_answer_in_pieces_is_put_together() -> None:
    chunked = b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{"\r\n3\r\na":\r\n2\r\n1}\r\n0\r\n\r\n'
    async with serving(lambda *_: chunked) as (server, wire):
        assert (await wire.exchange("GET", server.url + "/", None, {})).json() == {"a": 1}
