"""The application: what a request passes, in order, and what begins and ends with the process.

ready answers        known bytes leave here; request id, trace, counting; short bodies go to the dialect at once
body limit           413 above it
compression          when the client asks
health, metrics      no registry is asked
the federation face  /api/v1, /openapi.json, /docs
the dialect          everything else: front and doors
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from decapolis.assembly import jobs_of, running
from decapolis.compression import Compression
from decapolis.dialect.errors import ErrorAnswer
from decapolis.dialect.face import DialectFace, error_response, http_sentence
from decapolis.dialect.negotiation import V1
from decapolis.dialect.ready import ReadyLayer
from decapolis.federation.desk import Desk
from decapolis.gateway import Gateway
from decapolis.jobs import Jobs
from decapolis.operations.plugging import Plugging
from decapolis.settings import Configuration
from decapolis.store import Store, StoreUnavailable
from decapolis.store.schemas import counts_by_registry
from decapolis.web import BodyTooLarge, current_call

OWN_PATHS = frozenset({"/health/live", "/health/ready", "/health/startup", "/metrics"})
STORE_SECONDS = 1.0
"""How long a health check waits for the store; less than whoever asks waits for it."""


class Application:
    """The ASGI application of one gateway: opens it with the process, closes it after the last request."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._late = _Late()
        self.gateway: Gateway | None = None
        self.jobs: Jobs | None = None
        self.plugging: Plugging | None = None
        self.draining = False
        self.failure: Exception | None = None
        """Why the start was refused."""
        inner = Starlette(
            routes=[
                Route("/health/live", self._live),
                Route("/health/ready", self._ready),
                Route("/health/startup", self._startup),
                Route("/metrics", self._metrics),
            ],
            lifespan=self._lifespan,
            exception_handlers={HTTPException: _refused},
        )
        inner.router.redirect_slashes = False
        inner.router.default = self._late
        self._own: ASGIApp = inner
        self._inner: ASGIApp = BodyLimit(Compression(self._shared_out), configuration.gateway.limits.body_bytes)
        self._outer: ASGIApp = self._inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Every request of the process."""
        if scope["type"] == "lifespan":
            await self._own(scope, receive, send)
            return
        await self._outer(scope, receive, send)

    async def _shared_out(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The dialect finds its own way along the raw path; everything else is Starlette's."""
        await (self._dialect_for(scope["path"]) or self._own)(scope, receive, send)

    def _dialect_for(self, path: str) -> DialectFace | None:
        """The dialect's face, where it is the one that answers a path."""
        return None if path in OWN_PATHS or _is_federated(path) else self._late.dialect

    def opened(self) -> AbstractAsyncContextManager[None]:
        """The life span as a context, for whoever runs the application without a server."""
        return self._lifespan(None)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette | None) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                gateway, plugging = await stack.enter_async_context(running(self._configuration))
            except Exception as refused:  # kept for whoever started it, and raised on
                self.failure = refused
                raise
            self.gateway, self.plugging = gateway, plugging
            self._late.dialect = DialectFace(gateway)
            jobs = await stack.enter_async_context(jobs_of(gateway, plugging))
            self.jobs = jobs
            self._late.desk = Desk(gateway, jobs, plugging)
            self._outer = ReadyLayer(self._inner, gateway, self._dialect_for)
            yield

    async def _live(self, _: Request) -> Response:
        current_call().route = "/health/live"
        return JSONResponse({"status": "live"})

    async def _startup(self, _: Request) -> Response:
        current_call().route = "/health/startup"
        return JSONResponse({"status": "started"}, 200 if self.gateway is not None else 503)

    async def _ready(self, _: Request) -> Response:
        """Ready depends on this process: a registry or a store that is away only degrades what it can answer.

        Taking every replica out of service because their database restarts would take the reads away that go on without it.
        """
        current_call().route = "/health/ready"
        gateway = self.gateway
        if gateway is None or self.draining:
            return JSONResponse({"status": "draining" if self.draining else "starting"}, 503)
        registries = {
            registry.id: dict(registry.health) for registry in gateway.registries.all if registry.entry.enabled
        }
        has_store = await _answers(gateway.store)
        degraded = not has_store or any(each["up"] is False for each in registries.values())
        status = "degraded" if degraded else "ready"
        return JSONResponse({"status": status, "registries": registries, "store": {"up": has_store}})

    async def _metrics(self, _: Request) -> Response:
        current_call().route = "/metrics"
        if self.gateway is None:
            return Response(status_code=503)
        metrics = self.gateway.metrics
        try:
            held = await self.gateway.store.read(counts_by_registry)
        except StoreUnavailable:
            held = {}
        metrics.registered = sum(count for count, _ in held.values())
        for registry_id, (_live, highest) in held.items():
            share = self.gateway.ledger.share_used(registry_id, highest)
            if share is not None:
                metrics.range_used.labels(registry_id).set(share)
        metrics.up.clear()  # registries come and go
        metrics.breaker_open.clear()
        for registry in self.gateway.registries.all:
            metrics.up.labels(registry.id).set(registry.up is not False and registry.entry.enabled)
            metrics.breaker_open.labels(registry.id).set(registry.caller.breaker.state != "closed")
        return Response(metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")


async def _answers(store: Store) -> bool:
    """Whether the store does, soon."""
    try:
        async with asyncio.timeout(STORE_SECONDS):
            await store.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())
    except (StoreUnavailable, TimeoutError):
        return False
    return True


async def _refused(_: Request, error: Exception) -> Response:
    """What the router refuses outside of the dialect, in the dialect's shape all the same."""
    refused = error if isinstance(error, HTTPException) else HTTPException(500)
    response = error_response(ErrorAnswer(refused.status_code, refused.status_code, http_sentence(refused)), V1)
    response.headers.update(refused.headers or {})
    return response


class _Late:
    """A place for the faces, which exist only once the gateway is open."""

    dialect: DialectFace | None = None
    desk: Desk | None = None
    _federation: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        face: ASGIApp | None = await self._federated() if _is_federated(scope["path"]) else self.dialect
        if face is None:
            await Response(status_code=503)(scope, receive, send)
            return
        await face(scope, receive, send)

    async def _federated(self) -> ASGIApp | None:
        """The federation face, loaded in a thread at its first use: a gateway that only serves clients starts without it."""
        if self._federation is None and self.desk is not None:
            self._federation = await asyncio.to_thread(_federation_face, self.desk)
        return self._federation


def _is_federated(path: str) -> bool:
    return path.startswith("/api/v1/") or path in {"/api/v1", "/openapi.json", "/docs"}


def _federation_face(desk: Desk) -> ASGIApp:
    from decapolis.federation.face import FederationFace

    return FederationFace(desk)


class BodyLimit:
    """Refuses bodies above a size, announced or counted, before anything reads them whole."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts what comes in."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "DELETE"}:
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._most:
            await self._refuse(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._most:
                raise BodyTooLarge(self._most)
            return message

        await self._app(scope, counted, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await error_response(ErrorAnswer(413, 413, str(BodyTooLarge(self._most))), V1)(scope, receive, send)


def create_app(configuration: Configuration) -> Application:
    """The application for a configuration; nothing is opened before its life span begins."""
    return Application(configuration)
