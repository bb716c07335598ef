"""The least that a miss can cost: every request is asked of the upstream over aiohttp and its answer passed on."""

from __future__ import annotations

import os
from typing import Any

import aiohttp

_upstream = os.environ.get("BENCH_UPSTREAM", "")
_sessions: list[aiohttp.ClientSession] = []


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Passes a GET on."""
    if not _sessions:
        _sessions.append(aiohttp.ClientSession())
    async with _sessions[0].get(_upstream + scope["path"]) as answer:
        body = await answer.read()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
