"""A fake on a loopback port: a small HTTP/1.1 server in a thread of its own.

It exists beside real servers because a fake must be able to drop a connection in the middle of a call.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, Self

from .asgi import FakeServer

_MAX_HEAD = 2**20


class Loopback:
    """Serves one fake on 127.0.0.1 from `start()` to `stop()`; also a context manager."""

    def __init__(self, fake: FakeServer, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.fake = fake
        self._port = port
        self._tls = tls
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._started = threading.Event()
        self._stopping: asyncio.Event | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The base URL; the port stays the same over a stop and a start."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Returns once the port is open."""
        self._started.clear()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        if not self._started.wait(10):
            raise TimeoutError("the fake did not start")
        return self

    def stop(self) -> None:
        """Closes the port and every connection."""
        if self._loop is not None and self._stopping is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(10)
        self._thread = self._loop = self._stopping = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", self._port, ssl=self._tls, limit=_MAX_HEAD)
        self._port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._converse(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        await asyncio.wait([task])

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one request; false where the other side has gone."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = [tuple(line.split(": ", 1)) for line in lines[1:] if ": " in line]
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        body = await reader.readexactly(int(lengths[0]) if lengths else 0)
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
        await self._answer(scope, body, writer)
        return True

    async def _answer(self, scope: dict[str, Any], body: bytes, writer: asyncio.StreamWriter) -> None:
        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                writer.write(f"HTTP/1.1 {message['status']} Fake\r\n".encode())
                writer.writelines(name + b": " + value + b"\r\n" for name, value in message["headers"])
                writer.write(b"\r\n")
            else:
                writer.write(message["body"])

        await self.fake(scope, receive, send)
