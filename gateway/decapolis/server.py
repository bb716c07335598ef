"""Runs the application under uvicorn: banner, drain, TLS, JSON errors below HTTP."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from decapolis.app import Application, create_app
from decapolis.logs import configure
from decapolis.settings import Configuration

_BAD_REQUEST = b'{"error_code":400,"message":"HTTP 400 Bad Request: the request line or a header cannot be read"}'
DRAIN_SECONDS = 20


class JsonBadRequest(HttpToolsProtocol):
    """Answers requests that are not HTTP in the dialect's shape, because clients parse every body."""

    def send_400_response(self, msg: str) -> None:
        """What the parser refuses never reaches the application; the answer is JSON all the same."""
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/vnd.schemaregistry.v1+json\r\n"
            b"content-length: " + str(len(_BAD_REQUEST)).encode() + b"\r\nconnection: close\r\n\r\n" + _BAD_REQUEST
        )
        self.transport.close()


class Server(uvicorn.Server):
    """Says where it listens once it does, and stops being ready before it stops."""

    def __init__(self, config: uvicorn.Config, application: Application, configuration: Configuration) -> None:
        super().__init__(config)
        self._application = application
        self._configuration = configuration

    async def startup(self, sockets: Any = None) -> None:
        """Opens the application, then the port."""
        await super().startup(sockets)
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1] if self.servers else 0
            print(banner(self._configuration, port), flush=True)  # noqa: T201 - the first thing a user sees

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Readiness goes first, so that nobody sends new requests while the last ones are answered."""
        self._application.draining = True
        super().handle_exit(sig, frame)


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
    application = create_app(configuration)
    listen = configuration.gateway.listen
    tls: dict[str, Any] = {}
    if listen.tls is not None:
        tls = {"ssl_certfile": str(listen.tls.cert), "ssl_keyfile": str(listen.tls.key)}
        if listen.tls.client_ca is not None:
            import ssl

            tls |= {"ssl_ca_certs": str(listen.tls.client_ca), "ssl_cert_reqs": ssl.CERT_REQUIRED}
    config = uvicorn.Config(
        application,
        host=listen.host,
        port=listen.port,
        http=JsonBadRequest,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=75,
        **tls,
    )
    server = Server(config, application, configuration)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(server))
    if application.failure is not None:
        print(f"Error: {application.failure}", file=sys.stderr)  # noqa: T201 - a start that is refused says why
        return 1
    return 0 if server.started else 1


async def _serve(server: Server) -> None:
    # a start that fails is told by us, in one sentence instead of a stack of frames
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    await server.serve()
