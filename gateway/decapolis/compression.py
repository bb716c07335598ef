"""Packs answers for clients that ask for it, and tells caches that others get other bytes."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

SMALLEST_PACKED = 1024
"""Shorter answers are not worth packing."""


def wants_packed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a client asks for packed answers."""
    return any(b"gzip" in value for name, value in headers if name == b"accept-encoding")


def unpacked(headers: Headers, size: int) -> Headers:
    """The headers of an answer that goes out as it is: where others get it packed, caches have to know."""
    return [*headers, (b"vary", b"Accept-Encoding")] if size >= SMALLEST_PACKED else headers


class Compression:
    """Packs for those who ask; most ask for nothing, and pay for nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._packed = GZipMiddleware(app, minimum_size=SMALLEST_PACKED, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if wants_packed(scope["headers"]):
            await self._packed(scope, receive, send)
            return
        started: list[Message] = []

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            if started:
                start = started.pop()
                size = SMALLEST_PACKED if message.get("more_body") else len(message.get("body", b""))
                await send({**start, "headers": unpacked(start["headers"], size)})
            await send(message)

        await self._app(scope, receive, told)
