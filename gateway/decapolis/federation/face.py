"""The face itself: finds the endpoint, reads what was said, and the one place where answers and problems become bytes."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from decapolis.web import current_call

from . import (
    advising,
    audit,
    bulk,
    comparing,
    compatibility,
    copying,
    declaring,
    ids,
    jobs,
    migration,
    modes,
    plugging,
    registries,
    routing,
    schemas,
    searching,
    subjects,
    transforming,
    types,
)
from .desk import Desk
from .endpoint import Asked, Endpoint, read_inputs
from .openapi import BASE, document
from .openapi_page import page
from .problems import Problem, Refused, problem_of, response

log = logging.getLogger(__name__)

ENDPOINTS: tuple[Endpoint, ...] = (
    *registries.ENDPOINTS,
    *plugging.ENDPOINTS,
    *types.ENDPOINTS,
    *audit.ENDPOINTS,
    *schemas.ENDPOINTS,
    *searching.ENDPOINTS,
    *comparing.ENDPOINTS,
    *transforming.ENDPOINTS,
    *compatibility.ENDPOINTS,
    *modes.ENDPOINTS,
    *bulk.ENDPOINTS,
    *migration.ENDPOINTS,
    *copying.ENDPOINTS,
    *jobs.ENDPOINTS,
    *declaring.ENDPOINTS,
    *subjects.ENDPOINTS,
    *routing.ENDPOINTS,
    *advising.ENDPOINTS,
    *ids.ENDPOINTS,
)

_PAGE_HEADERS = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}


class FederationFace:
    """Answers everything below `/api/v1`, and describes it at `/openapi.json` and `/docs`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._router = Router(routes=self._routes(), redirect_slashes=False, default=_unknown_path)

    def _routes(self) -> list[BaseRoute]:
        by_path: dict[str, dict[str, Endpoint]] = {}
        for each in ENDPOINTS:
            by_path.setdefault(BASE + each.path, {})[each.method] = each
        # a path that is written out comes before one that has a place for any word
        ordered = sorted(by_path.items(), key=lambda item: item[0].count("{"))
        served: list[BaseRoute] = [Route(path, _Served(self._desk, path, methods)) for path, methods in ordered]
        return [*served, Route("/openapi.json", self._document), Route("/docs", self._page)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Routes on the percent-encoded path, so that a subject may contain a slash."""
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        path = raw.decode("ascii", "replace").partition("?")[0]
        trimmed = path.rstrip("/") or "/"
        await self._router({**scope, "path": trimmed, "root_path": ""}, receive, send)

    @cached_property
    def described(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return document(ENDPOINTS)

    async def _document(self, _: Request) -> Response:
        current_call().route = "/openapi.json"
        return Response(orjson.dumps(self.described), media_type="application/json")

    async def _page(self, _: Request) -> Response:
        current_call().route = "/docs"
        return Response(page(self.described), media_type="text/html", headers=_PAGE_HEADERS)


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    current_call().route = BASE
    problem = problem_of(Refused(404, "unknown-path", "There is nothing at this path; /docs lists what there is"))
    await response(_certain(problem))(scope, receive, send)


def _certain(problem: Problem | None) -> Problem:
    if problem is None:
        raise AssertionError("a Refused is always a problem")
    return problem


class _Served:
    """One path: reads, calls the handler of the method, prints."""

    def __init__(self, desk: Desk, template: str, methods: dict[str, Endpoint]) -> None:
        self._desk = desk
        self._template = template
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        current_call().route = self._template
        request = Request(scope, receive)
        answer = await self._respond(request)
        await answer(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        endpoint = self._methods.get(method)
        if endpoint is None:
            allowed = ", ".join(sorted(self._methods))
            refused = Refused(405, "method-not-allowed", f"{request.method} is not possible here (possible: {allowed})")
            return response(_certain(problem_of(refused)), {"allow": allowed})
        try:
            answer = endpoint.printed(await endpoint.serve(await self._asked(request, endpoint)))
        except Exception as error:  # whatever happens, a caller gets a problem and never a bare 500
            return self._refused(error)
        stale = current_call().stale_since
        if stale is not None:
            answer.headers["x-decapolis-stale"] = str(round(stale))
        return answer

    async def _asked(self, request: Request, endpoint: Endpoint) -> Asked[Any]:
        body = await request.body() if request.method in {"POST", "PUT", "DELETE"} else b""
        given = read_inputs(request.scope["query_string"].decode("latin-1"), body)
        path = {name: _unquoted(value) for name, value in request.path_params.items()}
        return Asked(
            self._desk,
            path,
            endpoint.inputs.model_validate(given),
            request.headers,
            given,
            f"{endpoint.method} {endpoint.path}",
        )

    def _refused(self, error: Exception) -> Response:
        problem = problem_of(error)
        if problem is None:
            log.error("request failed", extra={"route": self._template}, exc_info=error)
            problem = _certain(
                problem_of(Refused(500, "internal-error", "Something went wrong here; it is in the log"))
            )
        headers = dict(error.headers) if isinstance(error, Refused) else {}
        retry = getattr(error, "retry_after", None)
        if retry is not None:
            headers["retry-after"] = str(max(1, round(retry)))
        return response(problem, headers)


def _unquoted(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise Refused(
            400, "invalid-path", f"The path segment '{segment}' is not UTF-8 after percent-decoding"
        ) from error
