"""Resolves names under a guard, so that none can change its meaning between a check and a call."""

from __future__ import annotations

import socket
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

from decapolis_translators.guard import Guard


class GuardedResolver(AbstractResolver):
    """Resolves names right before a connection, and refuses what they turn out to mean."""

    def __init__(self, obeyed: Guard) -> None:
        self._guard = obeyed
        self._resolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host; AddressRefused when any of them must not be called."""
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            self._guard.demand(host, each["host"])
        return found

    async def close(self) -> None:
        """Gives the resolver back."""
        await self._resolver.close()


def connector_options(obeyed: Guard | None) -> dict[str, Any]:
    """What a connector needs to obey a guard; nothing without one."""
    return {} if obeyed is None else {"resolver": GuardedResolver(obeyed), "use_dns_cache": False}
