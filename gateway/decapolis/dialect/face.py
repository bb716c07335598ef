"""The face itself: finds the handler, negotiates, and is the one place where answers and errors become bytes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from functools import partial
from types import coroutine
from typing import Any, TypeVar
from urllib.parse import quote

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from decapolis.gateway import Gateway, View
from decapolis.web import current_call, printable

from .ask import Answer, Ask
from .errors import DialectError, ErrorAnswer, answer_for
from .negotiation import V1, answer_type, is_consumed
from .paths import BadPath, Place, placed
from .routes import READING, Handler, Paths

T = TypeVar("T")
log = logging.getLogger(__name__)

NO_SUCH_PATH = "HTTP 404 Not Found"
NO_SUCH_METHOD = "HTTP 405 Method Not Allowed"


class DialectFace:
    """Answers every request of the dialect, at the front and at every door."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._paths = Paths()
        self._settings = gateway.configuration.gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, answered."""
        made = await self.made(scope, receive)
        await send({"type": "http.response.start", "status": made.status, "headers": made.headers})
        await send({"type": "http.response.body", "body": made.body})

    async def made(self, scope: Scope, receive: Receive, body: bytes | None = None) -> Made:
        """The answer to a request, whose body may have been read already.

        Finds the place that the raw path means, then who answers there, on its encoded spelling.
        """
        raw = scope.get("raw_path") or quote(scope["path"]).encode()
        headers = _headers_of(scope)
        try:
            place = placed(raw.decode("ascii", "replace"), scope["query_string"].decode("latin-1"))
        except BadPath as error:
            return self._refused(400, str(error), headers)
        found = self._paths.find(place.path)
        if found is None:
            return self._refused(404, NO_SUCH_PATH, headers)
        path, params = found
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        handler = path.handlers.get(method)
        if handler is None:
            return self._refused(405, NO_SUCH_METHOD, headers, (b"allow", path.allowed.encode()))
        current_call().route = path.template
        return await self._responded(_Asked(scope, receive, place, params, method, handler, headers, body))

    def _refused(self, status: int, sentence: str, headers: _Headers, *more: tuple[bytes, bytes]) -> Made:
        media_type = answer_type(headers.accept) or V1
        return _made_of_error(ErrorAnswer(status, status, sentence), media_type, *more)

    async def _responded(self, asked: _Asked) -> Made:
        """Negotiates, reads, calls the handler, prints."""
        media_type = answer_type(asked.headers.accept)
        if media_type is None:
            return _made_of_error(ErrorAnswer(406, 406, "HTTP 406 Not Acceptable"), V1)
        if asked.method in {"POST", "PUT"} and not is_consumed(asked.headers.content_type):
            return _made_of_error(ErrorAnswer(415, 415, "HTTP 415 Unsupported Media Type"), media_type)
        try:
            ask = await self._ask(asked)
            answer = await self._within_time(asked.handler, ask)
        except Exception as error:  # no client ever sees HTML or a bare 500: the table of errors has the last word
            return _made_of_error(self._explained(error, asked.method), media_type)
        self._offer_to_keep(asked.scope, ask)
        return _made(answer, media_type)

    async def _ask(self, asked: _Asked) -> Ask:
        view = View(self._gateway, asked.place.door)
        if view.door is not None:
            self._gateway.registries.at(view.door)
        body = asked.body
        if body is None:
            body = await _body(asked.receive) if asked.method in {"POST", "PUT"} else b""
        return Ask(view, asked.method, asked.params, asked.place.query, body, self._wants_extra(asked.headers.extra))

    def _wants_extra(self, said: str) -> bool:
        setting = self._settings.dialect.extra_fields
        if setting != "auto":
            return setting == "always"
        return said.strip().lower() == "true"

    async def _within_time(self, handler: Handler, ask: Ask) -> Answer:
        seconds = self._settings.limits.answer_seconds
        if ask.method == "GET" or handler in READING:
            return await _within(seconds, handler, ask)
        # a write that is under way is brought to its end: half of one would be worse than a late one
        work = asyncio.ensure_future(handler(ask))
        done, _ = await asyncio.wait({work}, timeout=seconds)
        if done:
            return work.result()
        work.add_done_callback(_log_late)
        raise _late(ask)

    def _offer_to_keep(self, scope: Scope, ask: Ask) -> None:
        """Tells the layer of ready answers that this one may be given again."""
        if ask.keep is not None and current_call().stale_since is None:
            scope["decapolis.keep"].append(ask.keep)

    def _explained(self, error: Exception, method: str) -> ErrorAnswer:
        code = self._settings.dialect.incompatible_code
        answer = answer_for(error, writing=method != "GET", incompatible_code=code)
        if answer is None:
            log.error("request failed", extra={"route": current_call().route}, exc_info=error)
            return ErrorAnswer(500, 500, "Internal Server Error")
        if answer.status >= 500:
            log.warning("request refused", extra={"route": current_call().route, "reason": answer.message})
        return answer


def _late(ask: Ask) -> DialectError:
    if ask.method == "GET":
        return DialectError(500, 50003, "The answer did not come in time; try again")
    return DialectError(500, 50002, "The operation did not end in time; repeating it is safe")


async def _within(seconds: float, handler: Handler, ask: Ask) -> Answer:
    """What a handler that changes nothing answers; it ends when its time is over.

    Most need not wait for anything, and those need no clock either: it begins to count for the others.
    """
    ends = asyncio.get_running_loop().time() + seconds
    work = handler(ask)
    try:
        waits_for = work.send(None)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
    bound = asyncio.timeout_at(ends)
    try:
        async with bound:
            return await _resumed(work, waits_for)
    except TimeoutError:
        if not bound.expired():
            raise
        raise _late(ask) from None


@coroutine
def _resumed(work: Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that was begun already and waits for something."""
    while True:
        try:
            told = yield waits_for
        except GeneratorExit:
            work.close()
            raise
        except BaseException as thrown:  # a cancellation above all: what it means is for the coroutine to say
            step = partial(work.throw, thrown)
        else:
            step = partial(work.send, told)
        try:
            waits_for = step()
        except StopIteration as done:
            result: T = done.value
            return result


def http_sentence(error: HTTPException) -> str:
    """The dialect's sentence for what the router refuses."""
    return {404: NO_SUCH_PATH, 405: NO_SUCH_METHOD}.get(error.status_code, error.detail)


def _log_late(work: asyncio.Task[Answer]) -> None:
    if not work.cancelled() and work.exception() is not None:
        log.warning("late write failed", extra={"reason": str(work.exception())})


@dataclass(slots=True)
class _Headers:
    """What the face reads of a request's headers; of several of one name the first counts."""

    accept: str | None = None
    content_type: str | None = None
    extra: str = ""


def _headers_of(scope: Scope) -> _Headers:
    found = _Headers()
    # the last to be read is the first that was sent
    for name, value in reversed(scope["headers"]):
        if name == b"accept":
            found.accept = value.decode("latin-1")
        elif name == b"content-type":
            found.content_type = value.decode("latin-1")
        elif name == b"confluent-accept-unknown-properties":
            found.extra = value.decode("latin-1")
    return found


@dataclass(slots=True)
class _Asked:
    """A request that found its handler."""

    scope: Scope
    receive: Receive
    place: Place
    params: dict[str, str]
    method: str
    handler: Handler
    headers: _Headers
    body: bytes | None
    """What was read of it already, all or nothing."""


@dataclass(slots=True)
class Made:
    """An answer as it goes over the wire."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


async def _body(receive: Receive) -> bytes:
    """All of a request's body."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        whole: bytes = message.get("body", b"")
        return whole
    body = bytearray()
    while message["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()
    raise ClientDisconnect


def _made(answer: Answer, media_type: str) -> Made:
    body = answer.raw if answer.raw is not None else orjson.dumps(answer.value)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    if answer.status != 204:
        headers += [(b"content-length", b"%d" % len(body)), (b"content-type", media_type.encode("latin-1"))]
    call = current_call()
    if call.stale_since is not None:
        headers.append((b"x-decapolis-stale", b"%d" % round(call.stale_since)))
    if call.projection is not None:
        headers.append((b"x-decapolis-projection", printable(call.projection).encode("latin-1")))
    return Made(answer.status, headers, body)


def _made_of_error(answer: ErrorAnswer, media_type: str, *more: tuple[bytes, bytes]) -> Made:
    response = error_response(answer, media_type)
    return Made(answer.status, [*response.raw_headers, *more], bytes(response.body))


def error_response(answer: ErrorAnswer, media_type: str) -> Response:
    """The dialect's error body."""
    response = Response(orjson.dumps(answer.body), status_code=answer.status)
    response.headers["content-type"] = media_type
    if answer.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(answer.retry_after)))
    return response
