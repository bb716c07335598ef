"""One registry's addresses behind one `call`. No retries, no caching."""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import httpx
import orjson

from decapolis_translators.errors import RegistryFault, SchemaRefused, TooLarge, Unreachable
from decapolis_translators.tracing import outbound_headers

from .answer import Answer
from .config import ReachConfig, TlsConfig
from .credentials import Credentials
from .transport import AiohttpWire, HttpxWire, LostError, NotConnectedError, Timeouts, UnusableUrlError, Wire

_CONNECT_SECONDS = 1.0
_OWN_HEADERS = {"User-Agent": "decapolis", "Accept-Encoding": "gzip, deflate"}
_GATEWAY_TROUBLE = frozenset({502, 503, 504})
_CONNECTIONS = 100
_KEEPALIVE_SECONDS = 4.5


@dataclass(frozen=True, slots=True)
class Call:
    """One call: `write` is true where the registry may change, so that it must not be sent twice.

    A body is JSON, or a text that goes as it is; `headers` replace the client's own.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | str | None = None
    write: bool = False
    timeout: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Path and query as they go over the wire; the path comes encoded."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote, safe='')}" if self.query else self.path

    def content(self) -> bytes | None:
        """The body as it is sent; SchemaRefused where a text is no Unicode (a lone surrogate)."""
        if self.body is None:
            return None
        try:
            return self.body.encode() if isinstance(self.body, str) else orjson.dumps(self.body)
        except (TypeError, UnicodeEncodeError):
            raise SchemaRefused("The schema holds characters that no encoding can carry") from None


class HttpClient(ABC):
    """One registry's URLs behind one `call`; the last URL that answered is asked first."""

    accept: ClassVar[str] = "application/json"
    content_type: ClassVar[str] = "application/json"

    def __init__(self, config: ReachConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._config = config
        self._injected = transport
        self._credentials = self.credentials()
        self._wire: Wire | None = None
        self._preferred = 0

    @abstractmethod
    def credentials(self) -> Credentials:
        """Who we are, by the configuration; asked for once."""

    def own_headers(self) -> Mapping[str, str]:
        """Headers that every call of this type carries."""
        return {}

    def needs_tls(self) -> bool:
        """Whether any address that may be called is a secure one."""
        return any(url.startswith("https:") for url in self._config.url)

    def open(self) -> None:
        """Prepares the pool; reads certificate files, and no network."""
        if self._wire is None:
            timeouts = Timeouts(self._connect_timeout(), self._config.timeout)
            if self._injected is not None:
                self._wire = HttpxWire(self._injected, timeouts)
            else:
                context = ssl_context(self._config.tls) if self.needs_tls() else None
                self._wire = AiohttpWire(context, timeouts, _CONNECTIONS, _KEEPALIVE_SECONDS)

    async def close(self) -> None:
        """Closes the pool; calls under way fail as Unreachable."""
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.aclose()

    async def call(self, call: Call) -> Answer:
        """Sends it within its deadline and gives any HTTP answer; logs in once more where that may help."""
        seconds = call.timeout or self._config.timeout
        try:
            async with asyncio.timeout(seconds):
                return await self._logged_in(call)
        except TimeoutError:
            raise Unreachable(f"No answer within {seconds:g} s", sent=call.write) from None

    def scrub(self, text: str) -> str:
        """The text without any secret of ours that a registry might echo."""
        headers = [value.get_secret_value() for value in self._config.headers.values()]
        for secret in (*self._credentials.secrets(), *headers):
            text = text.replace(secret, "***") if secret else text
        return text

    async def _logged_in(self, call: Call) -> Answer:
        identity = await self._credentials.headers()
        answer = await self._failing_over(call, identity)
        if answer.status == 401 and self._credentials.renew(identity):
            answer = await self._failing_over(call, await self._credentials.headers())
        return answer

    async def _failing_over(self, call: Call, identity: Mapping[str, str]) -> Answer:
        """Asks the URLs in turn; goes on only where the call cannot have had an effect."""
        urls = self._config.url
        content, headers = call.content(), self._headers(call, identity)
        for turn in range(len(urls)):
            index, last = (self._preferred + turn) % len(urls), turn == len(urls) - 1
            try:
                answer = await self._send(call.method, urls[index] + call.target, content, headers, call.write)
            except Unreachable as fault:
                if last or fault.sent:
                    raise
                continue
            if answer.status not in _GATEWAY_TROUBLE or call.write or last:
                self._preferred = index
                return answer
        raise AssertionError("a registry has at least one URL")

    def _headers(self, call: Call, identity: Mapping[str, str]) -> dict[str, str]:
        """Ours last, so that neither a configured nor a passed-on header can replace the credentials."""
        return {
            "Accept": self.accept,
            **({"Content-Type": self.content_type} if call.body is not None else {}),
            **outbound_headers.get(),
            **self.own_headers(),
            **call.headers,
            **{name: value.get_secret_value() for name, value in self._config.headers.items()},
            **identity,
        }

    async def send(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Sends something that changes nothing to an absolute URL, without our identity."""
        return await self._send(method, url, content, headers, False)

    async def _send(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str], write: bool
    ) -> Answer:
        if self._wire is None:
            raise Unreachable("The registry's client is not open")
        try:
            return await self._wire.exchange(method, url, content, {**_OWN_HEADERS, **headers})
        except NotConnectedError as error:
            raise Unreachable(self.scrub(f"Cannot connect: {error}")) from None
        except UnusableUrlError:
            raise TooLarge("The subject makes a URL that is too long") from None
        except LostError as error:
            raise Unreachable(self.scrub(f"Connection lost: {error}"), sent=write) from None

    def _connect_timeout(self) -> float:
        return min(_CONNECT_SECONDS, self._config.timeout / len(self._config.url))


def ssl_context(tls: TlsConfig) -> ssl.SSLContext:
    """The context that a configuration asks for; RegistryFault where a file cannot be used."""
    context = httpx.create_ssl_context() if tls.ca is None else ssl.create_default_context()
    try:
        if tls.ca is not None:
            context = ssl.create_default_context(cafile=tls.ca)
        if tls.cert is not None:
            context.load_cert_chain(tls.cert, tls.key)
    except OSError as error:  # ssl.SSLError is one
        raise RegistryFault(f"tls: cannot use the configured files: {error.strerror or error}") from None
    if not tls.verify_hostname:
        context.check_hostname = False
    return context
