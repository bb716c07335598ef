"""The face itself: routes, negotiation, and the one place where answers and errors become bytes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from decapolis.gateway import Gateway, View
from decapolis.web import current_call, printable

from . import governance, root, schemas, subjects
from .ask import Answer, Ask
from .errors import DialectError, ErrorAnswer, answer_for
from .negotiation import V1, answer_type, is_consumed
from .paths import BadPath, placed

log = logging.getLogger(__name__)

Handler = Callable[[Ask], Awaitable[Answer]]

_S, _V = "/subjects/{subject}", "/subjects/{subject}/versions"
_C = "/compatibility/subjects/{subject}/versions"

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/schemas/ids/{id}", schemas.get_by_id),
    ("POST", _V, subjects.post_register),
    ("GET", _V + "/{version}", subjects.get_version),
    ("POST", _S, subjects.post_lookup),
    ("POST", _C + "/{version}", governance.post_check_version),
    ("POST", _C, governance.post_check_all),
    ("GET", "/subjects", subjects.get_subjects),
    ("GET", _V, subjects.get_versions),
    ("DELETE", _S, subjects.delete_all),
    ("DELETE", _V + "/{version}", subjects.delete_one),
    ("GET", _V + "/{version}/schema", subjects.get_version_schema),
    ("GET", _V + "/{version}/referencedby", subjects.get_referenced_by),
    ("POST", _V + "/{version}/tags", subjects.post_tags),
    ("GET", _S + "/metadata", subjects.get_latest_with_metadata),
    ("GET", "/schemas", schemas.get_schemas),
    ("GET", "/schemas/types", schemas.get_types),
    ("GET", "/schemas/ids/{id}/schema", schemas.get_text_by_id),
    ("GET", "/schemas/ids/{id}/subjects", schemas.get_subjects_by_id),
    ("GET", "/schemas/ids/{id}/versions", schemas.get_versions_by_id),
    ("GET", "/schemas/guids/{guid}", schemas.get_by_guid),
    ("GET", "/schemas/guids/{guid}/ids", schemas.get_ids_of_guid),
    ("GET", "/config", governance.get_config),
    ("PUT", "/config", governance.put_config),
    ("DELETE", "/config", governance.delete_config),
    ("GET", "/config/{subject}", governance.get_config),
    ("PUT", "/config/{subject}", governance.put_config),
    ("DELETE", "/config/{subject}", governance.delete_config),
    ("GET", "/mode", governance.get_mode),
    ("PUT", "/mode", governance.put_mode),
    ("DELETE", "/mode", governance.delete_mode),
    ("GET", "/mode/{subject}", governance.get_mode),
    ("PUT", "/mode/{subject}", governance.put_mode),
    ("DELETE", "/mode/{subject}", governance.delete_mode),
    ("GET", "/contexts", governance.get_contexts),
    ("DELETE", "/contexts/{context}", governance.delete_context),
    ("GET", "/", root.get_root),
    ("POST", "/", root.post_root),
    ("GET", "/v1/metadata/id", root.get_cluster_id),
    ("GET", "/v1/metadata/version", root.get_server_version),
    ("GET", "/v1/metadata/deployment", root.get_deployment),
    ("GET", "/exporters", root.get_nothing),
    ("GET", "/associations/subjects/{subject}", root.get_nothing),
    ("GET", "/associations/resources/{resource}", root.get_nothing),
    ("GET", "/associations/resources/{namespace}/{name}", root.get_nothing),
)


class DialectFace:
    """Answers every request of the dialect, at the front and at every door."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._router = Router(routes=self._routes(), redirect_slashes=False, default=_unknown_path)

    def _routes(self) -> list[BaseRoute]:
        by_path: dict[str, dict[str, Handler]] = {}
        for method, path, handler in ROUTES:
            by_path.setdefault(path, {})[method] = handler
        return [
            Route(path, _Endpoint(self._gateway, path, handlers), methods=list(handlers))
            for path, handlers in by_path.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Finds the place that the raw path means, then routes on its encoded spelling."""
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        try:
            place = placed(raw.decode("ascii", "replace"), scope["query_string"].decode("latin-1"))
        except BadPath as error:
            await self._refuse(DialectError(400, 400, str(error)), scope, receive, send)
            return
        inner = {**scope, "path": place.path, "root_path": "", "query_string": place.query.encode("latin-1")}
        inner["decapolis.door"] = place.door
        try:
            await self._router(inner, receive, send)
        except HTTPException as error:
            refused = DialectError(error.status_code, error.status_code, http_sentence(error))
            await self._refuse(refused, scope, receive, send, error.headers)

    async def _refuse(
        self,
        error: DialectError,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        accept = dict(scope["headers"]).get(b"accept", b"").decode("latin-1")
        response = error_response(error.answer, answer_type(accept) or V1)
        response.headers.update(headers or {})
        await response(scope, receive, send)


async def _unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    raise HTTPException(404)


class _Endpoint:
    """One path of the dialect: negotiates, reads, calls the handler, prints."""

    def __init__(self, gateway: Gateway, template: str, handlers: dict[str, Handler]) -> None:
        self._gateway = gateway
        self._template = template
        self._handlers = handlers
        self._settings = gateway.configuration.gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        call = current_call()
        call.route = self._template
        response = await self._respond(request)
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        media_type = answer_type(request.headers.get("accept"))
        if media_type is None:
            return error_response(ErrorAnswer(406, 406, "HTTP 406 Not Acceptable"), V1)
        method = "GET" if request.method == "HEAD" else request.method
        if method in {"POST", "PUT"} and not is_consumed(request.headers.get("content-type")):
            return error_response(ErrorAnswer(415, 415, "HTTP 415 Unsupported Media Type"), media_type)
        try:
            ask = await self._ask(request, method)
            answer = await self._within_time(self._handlers[method], ask)
        except Exception as error:  # no client ever sees HTML or a bare 500: the table of errors has the last word
            return error_response(self._explained(error, method), media_type)
        self._offer_to_keep(request.scope, ask)
        return _response(answer, media_type)

    async def _ask(self, request: Request, method: str) -> Ask:
        view = View(self._gateway, request.scope["decapolis.door"])
        if view.door is not None:
            self._gateway.registries.at(view.door)
        body = await request.body() if method in {"POST", "PUT"} else b""
        query = request.scope["query_string"].decode("latin-1")
        return Ask(view, method, request.path_params, query, body, self._wants_extra(request))

    def _wants_extra(self, request: Request) -> bool:
        setting = self._settings.dialect.extra_fields
        if setting != "auto":
            return setting == "always"
        return request.headers.get("confluent-accept-unknown-properties", "").strip().lower() == "true"

    async def _within_time(self, handler: Handler, ask: Ask) -> Answer:
        work = asyncio.ensure_future(handler(ask))
        done, _ = await asyncio.wait({work}, timeout=self._settings.limits.answer_seconds)
        if done:
            return work.result()
        if ask.method == "GET":
            work.cancel()
            raise DialectError(500, 50003, "The answer did not come in time; try again")
        # a write that is under way is brought to its end: half of one would be worse than a late one
        work.add_done_callback(_log_late)
        raise DialectError(500, 50002, "The operation did not end in time; repeating it is safe")

    def _offer_to_keep(self, scope: Scope, ask: Ask) -> None:
        """Tells the layer of ready answers that this one may be given again."""
        if ask.keep is not None and current_call().stale_since is None:
            scope["decapolis.keep"].append(ask.keep)

    def _explained(self, error: Exception, method: str) -> ErrorAnswer:
        code = self._settings.dialect.incompatible_code
        answer = answer_for(error, writing=method != "GET", incompatible_code=code)
        if answer is None:
            log.error("request failed", extra={"route": self._template}, exc_info=error)
            return ErrorAnswer(500, 500, "Internal Server Error")
        if answer.status >= 500:
            log.warning("request refused", extra={"route": self._template, "reason": answer.message})
        return answer


def http_sentence(error: HTTPException) -> str:
    """The dialect's sentence for what the router refuses."""
    return {404: "HTTP 404 Not Found", 405: "HTTP 405 Method Not Allowed"}.get(error.status_code, error.detail)


def _log_late(work: asyncio.Task[Answer]) -> None:
    if not work.cancelled() and work.exception() is not None:
        log.warning("late write failed", extra={"reason": str(work.exception())})


def _response(answer: Answer, media_type: str) -> Response:
    body = answer.raw if answer.raw is not None else orjson.dumps(answer.value)
    response = Response(body, status_code=answer.status, headers=answer.headers)
    if answer.status != 204:
        # set by hand: Starlette would add a charset, which the dialect does not have
        response.headers["content-type"] = media_type
    stale = current_call().stale_since
    if stale is not None:
        response.headers["X-Decapolis-Stale"] = str(round(stale))
    if current_call().projection is not None:
        response.headers["X-Decapolis-Projection"] = printable(current_call().projection or "")
    return response


def error_response(answer: ErrorAnswer, media_type: str) -> Response:
    """The dialect's error body."""
    response = Response(orjson.dumps(answer.body), status_code=answer.status)
    response.headers["content-type"] = media_type
    if answer.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(answer.retry_after)))
    return response
