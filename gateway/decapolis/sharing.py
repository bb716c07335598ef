"""Short-lived answers shared between gateways through Redis, behind each process's own memory.

What Redis holds is never trusted by itself: an answer carries the number of changes it was made under, and is only given out
while the store says that nothing it hangs on changed since. A Redis that is slow or gone costs a moment, never an error.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Hashable
from typing import Any

import orjson
from aiocache import Cache
from aiocache.serializers import NullSerializer

from decapolis.cache import Ready

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.1
REST_SECONDS = 5.0
"""How long Redis is left alone after it did not answer."""


class SharedAnswers:
    """Ready answers in Redis, by request."""

    def __init__(self, url: str) -> None:
        self._cache: Any = Cache.from_url(url)
        self._cache.serializer = NullSerializer(encoding=None)
        self._resting_until = 0.0

    async def close(self) -> None:
        """Gives the connections back."""
        await self._cache.close()

    async def get(self, key: Hashable) -> Ready | None:
        """An answer that another gateway made; whether it still stands is the caller's to ask."""
        raw = await self._patiently(self._cache.get(_spelled(key)))
        if not isinstance(raw, bytes):
            return None
        head, _, body = raw.partition(b"\n")
        fields = orjson.loads(head)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields["headers"]]
        expires = time.monotonic() + fields["until"] - time.time()
        return Ready(200, headers, body, fields["route"], tuple(fields["scopes"]), fields["made"], expires)

    async def put(self, key: Hashable, answer: Ready, seconds: float) -> None:
        """Lets others have an answer for so long."""
        head = {
            "headers": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers],
            "route": answer.route,
            "scopes": answer.scopes,
            "made": answer.made,
            "until": time.time() + seconds,
        }
        raw = orjson.dumps(head) + b"\n" + answer.body
        await self._patiently(self._cache.set(_spelled(key), raw, ttl=max(1, round(seconds))))

    async def _patiently(self, work: Any) -> Any:
        if time.monotonic() < self._resting_until:
            work.close()
            return None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await work
        except (TimeoutError, OSError, ConnectionError) as fault:
            self._rest(fault)
        except Exception as fault:
            # the client's own error classes exist only where its package is installed
            if not type(fault).__module__.startswith("redis"):
                raise
            self._rest(fault)
        return None

    def _rest(self, fault: BaseException) -> None:
        self._resting_until = time.monotonic() + REST_SECONDS
        log.warning("redis does not answer", extra={"reason": str(fault) or type(fault).__name__})


def _spelled(key: Hashable) -> str:
    return f"decapolis:{hashlib.sha256(repr(key).encode()).hexdigest()}"
