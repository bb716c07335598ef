"""How long single answers take: one after the other, and at a fixed rate that does not wait for them."""

from __future__ import annotations

import asyncio
import gc
import http.client
import statistics
import time
from collections.abc import Callable
from urllib.parse import urlsplit

CONNECTIONS = 32


def one_by_one(url: str, path_of: Callable[[int], str], numbers: range) -> float:
    """The median time of an answer over one connection, in milliseconds."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    spent = []
    for number in numbers:
        began = time.perf_counter()
        connection.request("GET", path_of(number))
        answer = connection.getresponse()
        answer.read()
        spent.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{url}{path_of(number)} answered {answer.status}")
    connection.close()
    return statistics.median(spent)


def at_rate(url: str, path: str, rate: int, seconds: float) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds, counted from when each request was due."""
    spent = sorted(asyncio.run(_at_rate(url, path, rate, seconds)))
    return spent[len(spent) // 2] * 1000, spent[int(len(spent) * 0.99)] * 1000


class _Asker(asyncio.Protocol):
    """One connection; tells how long each answer took."""

    def __init__(self, free: list[_Asker], spent: list[float]) -> None:
        self._free = free
        self._spent = spent
        self._due = 0.0
        self._seen = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._free.append(self)

    def ask(self, request: bytes, due: float) -> None:
        """Sends it."""
        assert self.transport is not None
        self._due, self._seen = due, b""
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head, separator, body = self._seen.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(body) >= length:
            assert head.startswith(b"HTTP/1.1 200"), head
            self._spent.append(time.perf_counter() - self._due)
            self._free.append(self)


async def _at_rate(url: str, path: str, rate: int, seconds: float) -> list[float]:
    loop = asyncio.get_running_loop()
    parts = urlsplit(url)
    free: list[_Asker] = []
    spent: list[float] = []
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: _Asker(free, spent), parts.hostname, parts.port)
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
    began = time.perf_counter()
    gc.disable()
    for number in range(int(rate * seconds)):
        due = began + number / rate
        while (wait := due - time.perf_counter()) > 0:
            # sleeping is exact to a millisecond at best; the last part is spent looking
            await asyncio.sleep(wait - 0.0005 if wait > 0.001 else 0)
        while not free:
            await asyncio.sleep(0)
        free.pop().ask(request, due)
    while len(free) < CONNECTIONS:
        await asyncio.sleep(0)
    gc.enable()
    return spent
