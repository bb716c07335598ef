"""What carries one request to a registry and its whole answer back: aiohttp itself, or a transport of httpx that was given.

Targets travel byte for byte, and failures are told by what they mean. httpx's own request and response around each exchange
would cost as much time again as the exchange.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import httpx
from yarl import URL

from decapolis_translators.errors import Garbled
from decapolis_translators.guard import AddressRefused, guard, literal

from .answer import Answer, LateHeaders
from .resolving import connector_options

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer, unpacked; more than any list of subjects needs."""
MAX_URL = 65_536

_CHUNK = 16 * 1024
_PLAIN_URL = re.compile(r"(?:[A-Za-z0-9/_~:!$&()*+,;=@?-]|\.(?![./])|%[0-9A-Fa-f]{2})*")
"""What no client has to encode or to shorten; everything else httpx spells as it always did."""


class NotConnectedError(Exception):
    """Nothing was sent: there was no connection."""


class LostError(Exception):
    """The connection went away, or no answer came, after the request may have been sent."""


class UnusableUrlError(Exception):
    """The URL is no URL, or longer than one may be."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to connect, and to wait for each piece of an answer."""

    connect: float
    read: float


class Wire(Protocol):
    """Exchanges a request for an answer; raises NotConnectedError, LostError, UnusableUrlError and Garbled only."""

    async def exchange(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer: ...
    async def aclose(self) -> None: ...


class AiohttpWire:
    """aiohttp's pool without re-quoted URLs, cookies, redirects, proxies, and without anything sent twice."""

    def __init__(self, context: ssl.SSLContext | None, timeouts: Timeouts, connections: int, keepalive: float) -> None:
        self._context = context
        self._connections = connections
        self._keepalive = keepalive
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=timeouts.read, sock_connect=timeouts.connect, sock_read=timeouts.read
        )
        self._guard = guard.get()
        self._session: aiohttp.ClientSession | None = None

    def _opened(self) -> aiohttp.ClientSession:
        """The session, made at first use because it belongs to the running loop."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections,
                keepalive_timeout=self._keepalive,
                ssl=self._context if self._context is not None else True,
                **connector_options(self._guard),
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=self._timeout,
            )
        return self._session

    async def exchange(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Sends one request; a semicolon that was encoded stays so, because it means something at Java servers."""
        target = URL(_spelled(url), encoded=True)
        self._demand_allowed(target.host or "")
        try:
            async with self._opened().request(
                method,
                target,
                headers=headers,
                data=content or None,
                allow_redirects=False,
                middlewares=() if method == "GET" else (_send_once,),
            ) as response:
                if "Content-Encoding" in response.headers:
                    body = await _unpacked(response)
                else:
                    body = await _whole(response.content)
                return Answer(response.status, LateHeaders(response.raw_headers), body)
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise NotConnectedError(str(error)) from error
        except aiohttp.InvalidURL as error:
            raise UnusableUrlError(str(error)) from error
        except aiohttp.ClientPayloadError as error:
            raise LostError(str(error) or type(error).__name__) from error
        except aiohttp.ClientResponseError as error:
            raise LostError("The answer is not HTTP") from error
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            raise LostError(str(error) or type(error).__name__) from error

    def _demand_allowed(self, host: str) -> None:
        """Addresses that are written out never come by a resolver."""
        address = literal(host) if self._guard is not None else None
        if self._guard is not None and address is not None:
            try:
                self._guard.demand(host, address)
            except AddressRefused as refused:
                raise NotConnectedError(str(refused)) from refused

    async def aclose(self) -> None:
        """Closes the pool."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


class HttpxWire:
    """A transport of httpx that somebody gave us: tests, and registries that live in this process."""

    def __init__(self, transport: httpx.AsyncBaseTransport, timeouts: Timeouts) -> None:
        self._transport = transport
        self._extensions = {"timeout": httpx.Timeout(timeouts.read, connect=timeouts.connect).as_dict()}

    async def exchange(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Sends one request."""
        try:
            request = httpx.Request(method, url, content=content, headers=headers, extensions=self._extensions)
            response = await self._transport.handle_async_request(request)
            try:
                return Answer(response.status_code, response.headers, await _bounded(response))
            finally:
                await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotConnectedError(str(error)) from error
        except httpx.InvalidURL as error:
            raise UnusableUrlError(str(error)) from error
        except (httpx.HTTPError, OSError, RuntimeError) as error:
            raise LostError(str(error) or type(error).__name__) from error

    async def aclose(self) -> None:
        """Closes the transport."""
        await self._transport.aclose()


def _spelled(url: str) -> str:
    """The URL as it goes over the wire."""
    if len(url) > MAX_URL:
        raise UnusableUrlError("The URL is too long")
    if _PLAIN_URL.fullmatch(url):
        return url
    try:
        return str(httpx.URL(url))
    except httpx.InvalidURL as error:
        raise UnusableUrlError(str(error)) from error


async def _whole(content: aiohttp.StreamReader) -> bytes:
    """Everything that comes, as it comes."""
    body = await content.readany()
    _check_size(body)
    if content.at_eof():
        return body
    pieces = bytearray(body)
    while piece := await content.readany():
        pieces += piece
        _check_size(pieces)
    return bytes(pieces)


def _check_size(body: bytes | bytearray) -> None:
    if len(body) > MAX_ANSWER:
        raise Garbled(f"The answer is larger than {MAX_ANSWER} bytes")


class _Pieces(httpx.AsyncByteStream):
    """The packed pieces of an answer."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._content.iter_chunked(_CHUNK):
            yield piece


async def _unpacked(response: aiohttp.ClientResponse) -> bytes:
    """An answer that came packed, unpacked piece by piece so that a small one cannot become an endless one."""
    return await _bounded(
        httpx.Response(response.status, headers=response.raw_headers, stream=_Pieces(response.content))
    )


async def _bounded(response: httpx.Response) -> bytes:
    content = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            content += chunk
            _check_size(content)
    except httpx.DecodingError:
        raise Garbled("The answer's compression does not hold") from None
    return bytes(content)


class _GoneError(aiohttp.ClientError):
    """The connection went away; of no kind that aiohttp would answer by sending again."""


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keeps aiohttp from repeating a DELETE or PUT when a pooled connection is lost after it was sent.

    A delete that is done twice answers that there was nothing to delete; reads may well be repeated, and do without this.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _GoneError(str(error)) from error
