"""Checks the addresses that somebody gives at run time: the gateway must not be made to call what only it can reach."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from decapolis.operations.plugging import AddressNotAllowed
from decapolis_translators.guard import AddressRefused, Guard, literal

from .secret_places import leaves

_SCHEME = re.compile(r"^\s*([A-Za-z][A-Za-z0-9+.-]*)://")
_CALLED = re.compile(r"url|uri|endpoint|issuer|server|address", re.IGNORECASE)
RESOLVE_SECONDS = 3.0


async def demand_allowed(config: Mapping[str, Any], *, allow_private: bool) -> None:
    """AddressNotAllowed where a URL of the configuration must not be called; names are resolved for that."""
    allowed = Guard(allow_private)
    for name, url in _urls(config):
        scheme = url.split("://")[0].strip().lower()
        if scheme not in {"http", "https"}:
            raise AddressNotAllowed(f"{name}: only http and https are called, not {scheme}")
        try:
            parts = urlsplit(url.strip())
            host = parts.hostname
        except ValueError:
            raise AddressNotAllowed(f"{name}: not a URL") from None
        if not host:
            raise AddressNotAllowed(f"{name}: the URL names no host")
        if parts.username is not None or parts.password is not None:
            raise AddressNotAllowed(f"{name}: credentials do not belong into a URL")
        for address in await _addresses(host):
            try:
                allowed.demand(host, address)
            except AddressRefused as refused:
                raise AddressNotAllowed(f"{name}: {refused}") from refused


def _urls(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for place, text in leaves(config):
        name = ".".join(map(str, place))
        for part in text.split(",") if "://" in text else ():
            found = _SCHEME.match(part)
            if found and (found[1].lower() in {"http", "https"} or _CALLED.search(name)):
                yield name, part


async def _addresses(host: str) -> list[str]:
    """What a host resolves to; nothing for a name that nobody knows, which cannot be called either."""
    written = literal(host)
    if written is not None:
        return [written]
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # of which UnicodeError and TimeoutError are
        return []
    return sorted({str(each[4][0]) for each in found})


def guard_for(model: type[BaseModel] | None, *, allow_private: bool) -> Guard:
    """What a client of that type must obey: the hosts of the type's own defaults are not what anybody gave."""
    defaults = [field.default for field in model.model_fields.values()] if model is not None else []
    texts = [text for each in defaults for _, text in leaves(each) if "://" in text]
    hosts = (urlsplit(text).hostname for text in texts)
    return Guard(allow_private, frozenset(host for host in hosts if host))
