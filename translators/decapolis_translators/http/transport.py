"""The aiohttp transport under httpx: targets travel byte for byte, failures are told by what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream
from yarl import URL

from decapolis_translators.guard import AddressRefused, guard, literal

from .resolving import connector_options


class ExactTransport(AiohttpTransport):
    """Like its parent, but without re-quoted URLs, cookies and misread resets.

    The parent decodes `%3B` and its like, and a semicolon starts a matrix parameter at Java servers. It obeys the guard that
    holds where it is made.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._guard = guard.get()

    def get_client(self) -> aiohttp.ClientSession:
        """The session, made at first use because it belongs to the running loop."""
        if not isinstance(self.client, aiohttp.ClientSession):
            connector = aiohttp.TCPConnector(
                limit=self.limits.max_connections or 0,
                keepalive_timeout=self.limits.keepalive_expiry,
                ssl=self.ssl_context,
                **connector_options(self._guard),
            )
            self.client = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_send_once,)
            )
        return self.client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request; errors are httpx's, connect failures told apart from those after sending."""
        timeout = request.extensions.get("timeout", {})
        self._demand_allowed(request.url.host)
        with _told_as_httpx():
            response = await self.get_client().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    sock_connect=timeout.get("connect"),
                    sock_read=timeout.get("read"),
                    connect=timeout.get("pool"),
                ),
            )
        return httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=AiohttpResponseStream(response),
            request=request,
        )

    def _demand_allowed(self, host: str) -> None:
        """Addresses that are written out never come by a resolver."""
        address = literal(host) if self._guard is not None else None
        if self._guard is not None and address is not None:
            try:
                self._guard.demand(host, address)
            except AddressRefused as refused:
                raise httpx.ConnectError(str(refused)) from refused


class _LostError(aiohttp.ClientError):
    """The connection went away; of no kind that aiohttp would answer by sending again."""


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keeps aiohttp from repeating a DELETE or PUT when a pooled connection is lost after it was sent.

    A delete that is done twice answers that there was nothing to delete; reads may well be repeated.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise _LostError(str(error)) from error


@contextmanager
def _told_as_httpx() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ConnectionTimeoutError, TimeoutError) as error:
        kind = httpx.ConnectTimeout if isinstance(error, aiohttp.ConnectionTimeoutError) else httpx.ReadTimeout
        raise kind(str(error)) from error
    except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
        raise httpx.ConnectError(str(error)) from error
    except aiohttp.ClientResponseError as error:
        raise httpx.RemoteProtocolError("The answer is not HTTP") from error
    except (aiohttp.ClientError, OSError) as error:
        raise httpx.ReadError(str(error) or type(error).__name__) from error
