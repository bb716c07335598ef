"""Runs the application under uvicorn: banner, drain, certificates, JSON errors below HTTP."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
import time
import uuid
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from decapolis.app import Application, create_app
from decapolis.certificates import Certificates, UnusableCertificate
from decapolis.draining import accept_the_rest, hear_newcomers
from decapolis.listening import CannotListen, bound
from decapolis.logs import configure
from decapolis.settings import Configuration
from decapolis.store import StoreUnavailable

_BAD_REQUEST = b'{"error_code":400,"message":"HTTP 400 Bad Request: the request line or a header cannot be read"}'
DRAIN_SECONDS = 20
TICKS_BETWEEN_LOOKS = 20
"""How often, in tenths of a second, the certificates' files are looked at."""


class JsonBadRequest(HttpToolsProtocol):
    """Answers requests that are not HTTP in the dialect's shape, because clients parse every body."""

    def send_400_response(self, msg: str) -> None:
        """What the parser refuses never reaches the application; the answer is JSON all the same."""
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/vnd.schemaregistry.v1+json\r\n"
            b"content-length: %d\r\nx-request-id: %s\r\nconnection: close\r\n\r\n%s"
            % (len(_BAD_REQUEST), str(uuid.uuid4()).encode(), _BAD_REQUEST)
        )
        self.transport.close()


class Server(uvicorn.Server):
    """Says where it listens once it does, and stops being ready before it stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        application: Application,
        configuration: Configuration,
        certificates: Certificates | None = None,
    ) -> None:
        super().__init__(config)
        self._application = application
        self._configuration = configuration
        self._certificates = certificates
        self._leave_at: float | None = None

    async def startup(self, sockets: Any = None) -> None:
        """Opens the application, then the port."""
        await super().startup(sockets)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        if self.started:
            _settle_memory()
            port = self.servers[0].sockets[0].getsockname()[1] if self.servers else 0
            print(banner(self._configuration, port), flush=True)  # noqa: T201 - the first thing a user sees

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to stop, and now and then a look at the certificates."""
        if self._certificates is not None and counter % TICKS_BETWEEN_LOOKS == 0:
            self._certificates.refresh()
        if self._leave_at is not None and time.monotonic() >= self._leave_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes the port so that nobody who got through it is cut off, then ends."""
        spare = [each.dup() for each in sockets or []]
        for server in self.servers:
            server.close()
        for each in sockets or []:
            each.close()
        await accept_the_rest(spare, self._protocol, self.config.ssl)
        await hear_newcomers(self._has_newcomers)
        await super().shutdown([])

    def _protocol(self) -> JsonBadRequest:
        return JsonBadRequest(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=None
        )

    def _has_newcomers(self) -> bool:
        """Whether any connection has not asked anything yet."""
        return any(isinstance(each, JsonBadRequest) and each.cycle is None for each in self.server_state.connections)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Readiness goes first, so that nobody sends new requests while the last ones are answered.

        Whoever sends SIGTERM has a load balancer to tell, so new requests are taken for a moment more; a second signal,
        or Ctrl-C, stops at once. The process ends with exit code 0, not with the signal that it obeyed.
        """
        again = self._application.draining
        self._application.draining = True
        if self.started and sig == signal.SIGTERM and not again:
            self._leave_at = time.monotonic() + self._configuration.gateway.listen.notice_seconds
            # every answer from now on asks its client not to come back on this connection
            self.config.encoded_headers = [*self.config.encoded_headers, (b"connection", b"close")]
            self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
            return
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _settle_memory() -> None:
    """What is loaded by now stays for good: the collector need not look at it again, and may come by less often."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 50)


def banner(configuration: Configuration, port: int) -> str:
    """Where the gateway is, what it fronts, and one line to try."""
    listen = configuration.gateway.listen
    scheme = "https" if listen.tls else "http"
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    url = f"{scheme}://{host}:{port}"
    fronted = ", ".join(
        f"{entry.id} ({entry.type}{', home' if entry.id == configuration.home else ''})"
        for entry in configuration.registries
        if entry.enabled
    )
    access = "no authentication: loopback only" if configuration.gateway.access is None else "no authentication: open"
    return (
        f"Decapolis listens on {url}  ({access})\n"
        f"  in front of {fronted}, store {_shown(configuration.gateway.store)}\n"
        f"  try: curl -X POST {url}/subjects/greetings-value/versions -H 'Content-Type: application/json' "
        '-d \'{"schema": "\\"string\\""}\''
    )


def _shown(store: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(store).render_as_string(hide_password=True)


def run(configuration: Configuration) -> int:
    """Serves until a signal says stop; the exit code of the process."""
    configure(configuration.gateway.log_level)
    # a start that fails is told by us, in one sentence instead of a stack of frames
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    listen = configuration.gateway.listen
    try:
        certificates = Certificates(listen.tls) if listen.tls is not None else None
        sockets = bound(listen.host, listen.port)
    except (CannotListen, UnusableCertificate) as refused:
        return _refused(refused)
    application = create_app(configuration)
    config = _config(application, certificates)
    server = Server(config, application, configuration, certificates)
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(server.serve(sockets))
    except SystemExit:  # how the server reports a start that failed
        return _refused(application.failure)
    return 0 if server.started else _refused(application.failure)


def _config(application: Application, certificates: Certificates | None) -> uvicorn.Config:
    config = uvicorn.Config(
        application,
        http=JsonBadRequest,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        # nobody here asks who the client is behind a proxy, and every request would pay for the answer
        proxy_headers=False,
        date_header=True,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=75,
    )
    config.load()
    if certificates is not None:
        config.ssl = certificates.context
    return config


def _refused(failure: Exception | None) -> int:
    failure = failure or RuntimeError("the start was interrupted")
    text = " ".join(str(failure).split()) or type(failure).__name__
    known = isinstance(failure, (ValueError, LookupError, OSError, RuntimeError, StoreUnavailable))
    logging.getLogger(__name__).debug("start refused", exc_info=failure)
    print(f"Error: {text if known else f'{type(failure).__name__}: {text}'}", file=sys.stderr)  # noqa: T201 - the start says why
    return 1
