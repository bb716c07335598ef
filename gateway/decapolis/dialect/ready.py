"""The outermost layer: answers that are ready as bytes leave before anything else runs.

It is the first ASGI callable that a request meets. Access rules, counting and request ids hold here too; whatever is not
known goes on inwards, and what comes back is kept when its handler said for how long it stays right.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from decapolis.cache import Headers, Ready, table_scope
from decapolis.compression import unpacked
from decapolis.gateway import Gateway
from decapolis.store import StoreUnavailable
from decapolis.web import call_for, enter_call

from .ask import Keep
from .face import DialectFace

MOST_BODY = 64 * 1024
"""Longer request bodies are not looked up: hashing them would cost more than it saves."""

SHARED_SECONDS = 60.0
"""How long other gateways may have an answer that changes would end anyway."""

_NEGOTIATED = frozenset(
    {b"accept", b"accept-encoding", b"confluent-accept-unknown-properties", b"content-type", b"authorization"}
)


class ReadyLayer:
    """Gives ready answers out and keeps new ones."""

    def __init__(self, app: ASGIApp, gateway: Gateway, face_for: Callable[[str], DialectFace | None]) -> None:
        self._app = app
        self._gateway = gateway
        self._face_for = face_for
        self._most_body = min(MOST_BODY, gateway.configuration.gateway.limits.body_bytes)
        self._answers = gateway.answers
        self._changes = gateway.changes
        self._requests = gateway.metrics.requests
        self._shared = gateway.shared_answers
        self._prefix = str(uuid.uuid4()).encode()[:24]
        self._number = secrets.randbits(40)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, from memory where possible."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        head = _read_headers(scope["headers"])
        body: bytes | None = b""
        if method == "POST":
            body, receive = await _short_body(head.length, receive)
        elif method != "GET":
            body = None
        if body is None:
            await self._make(scope, receive, send, head, None, None)
            return
        key = (scope["raw_path"], scope["query_string"], body, head.negotiated, method)
        found = self._answers.get(key)
        if found is not None and found.scopes and not self._still_stands(found):
            found = None
        if self._changes.shared or self._shared is not None:
            found = await self._known(key, method)
        if found is None:
            await self._make(scope, receive, send, head, key, body)
            return
        self._gateway.metrics.ready_hits += 1
        self._requests[(found.route, method, found.status)] += 1
        start: Message = {
            "type": "http.response.start",
            "status": found.status,
            "headers": [*found.headers, (b"x-request-id", head.request_id or self._new_id())],
        }
        await send(start)
        await send({"type": "http.response.body", "body": found.body})

    def _new_id(self) -> bytes:
        """A fresh request id in the shape of a random UUID: a prefix of this process and a number."""
        self._number = self._number + 1 & 0xFFFFFFFFFFFF
        return b"%b%012x" % (self._prefix, self._number)

    def _still_stands(self, answer: Ready) -> bool:
        """Whether nothing it hangs on changed in this process; written out, because every request comes by."""
        last = self._changes.last
        made = answer.made
        for scope in answer.scopes:  # noqa: SIM110 - all() with a generator costs a microsecond
            if last.get(scope, 0) > made:
                return False
        return True

    async def _known(self, key: Hashable, method: str) -> Ready | None:
        """An answer that still stands: out of this process's memory, or another gateway's."""
        found = self._answers.get(key)
        if found is None and self._shared is not None and method == "GET":
            found = await self._shared.get(key)
            if found is not None:
                self._answers.put(key, found)
        if found is None or not found.scopes:
            return found
        if self._changes.shared:
            try:
                return found if await self._changes.unchanged(found.scopes, found.made) else None
            except StoreUnavailable:
                return None  # whether it still stands cannot be known
        return found if self._still_stands(found) else None

    async def _make(
        self, scope: Scope, receive: Receive, send: Send, head: _Head, key: Hashable | None, body: bytes | None
    ) -> None:
        metrics = self._gateway.metrics
        metrics.ready_misses += 1
        request_id = head.request_id or self._new_id()
        call = call_for(request_id.decode("latin-1"), head.traceparent)
        enter_call(call)
        keeps: list[Keep] = []
        scope["decapolis.keep"] = keeps
        made = 0
        if key is not None:
            try:
                made = await self._changes.now()
            except StoreUnavailable:
                key = None
        recorder = _Recorder(send, request_id, keeps)
        began = time.perf_counter()
        try:
            short = body is not None and not head.packed and len(body) <= self._most_body
            face = self._face_for(scope["path"]) if short else None
            if face is None:
                await self._app(scope, receive, recorder.send)
            else:
                # what stands between has nothing to do for a short body and an answer that is sent as it is
                answer = await face.made(scope, receive, body)
                await recorder.whole(answer.status, unpacked(answer.headers, len(answer.body)), answer.body)
        finally:
            route = call.route or "unknown"
            metrics.count(route, scope["method"], recorder.status)
            metrics.took(route, time.perf_counter() - began)
        if key is not None and keeps and recorder.is_whole and recorder.status == 200:
            keep = keeps[-1]
            if keep.seldom and not self._answers.seen(key):
                return
            expires = 0.0 if keep.seconds is None else time.monotonic() + keep.seconds
            question = len(scope["raw_path"]) + len(body or b"")
            scopes = (*keep.scopes, table_scope()) if keep.scopes else ()
            ready = Ready(200, recorder.headers, bytes(recorder.body), route, scopes, made, expires, question)
            self._answers.put(key, ready)
            if self._shared is not None and keep.scopes and scope["method"] == "GET":
                await self._shared.put(key, ready, keep.seconds or SHARED_SECONDS)


@dataclass(slots=True)
class _Head:
    """What this layer reads of a request's headers."""

    request_id: bytes | None
    """The one that the client sent, if it is usable."""
    negotiated: tuple[tuple[bytes, bytes], ...]
    """Everything that an answer depends on."""
    length: bytes | None
    traceparent: str | None
    packed: bool
    """Whether the client takes packed answers."""


def _read_headers(headers: Headers) -> _Head:
    request_id = length = traceparent = None
    packed = False
    negotiated = []
    for pair in headers:
        name = pair[0]
        if name in _NEGOTIATED:
            negotiated.append(pair)
            if name == b"accept-encoding" and b"gzip" in pair[1]:
                packed = True
        elif name == b"content-length":
            length = pair[1] if length is None else length
        elif name == b"x-request-id":
            # of several nobody can say which one counts
            request_id = pair[1].strip() if request_id is None else b""
        elif name == b"traceparent" and traceparent is None:
            traceparent = pair[1].decode("latin-1")
    return _Head(request_id or None, tuple(negotiated), length, traceparent, packed)


async def _short_body(announced: bytes | None, receive: Receive) -> tuple[bytes | None, Receive]:
    """The whole body if it is short, in however many pieces it comes, else None; and a channel that still delivers it.

    One that is announced as long is not waited for: it may be refused before any of it has come.
    """
    if announced is not None and announced.isdigit() and int(announced) > MOST_BODY:
        return None, receive
    first = await receive()
    body = first.get("body", b"")
    pending = [first]

    async def replay() -> Message:
        return pending.pop(0) if pending else await receive()

    while pending[-1].get("more_body") and len(body) <= MOST_BODY:
        pending.append(await receive())
        body += pending[-1].get("body", b"")
    if len(body) > MOST_BODY or pending[-1]["type"] != "http.request":
        return None, replay
    return body, replay


class _Recorder:
    """Passes an answer on, and remembers it where it is to be kept; puts the request id on it."""

    def __init__(self, send: Send, request_id: bytes, keeps: list[Keep]) -> None:
        self._send = send
        self._keeps = keeps
        self._request_id = request_id
        self.status = 500
        self.headers: Headers = []
        self.body: bytes | bytearray = bytearray()
        self.is_whole = False

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """An answer that is there at once."""
        self.status, self.headers, self.body, self.is_whole = status, headers, body, True
        sent = [*headers, (b"x-request-id", self._request_id)]
        await self._send({"type": "http.response.start", "status": status, "headers": sent})
        await self._send({"type": "http.response.body", "body": body})

    async def send(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message["headers"])
            message = {**message, "headers": [*self.headers, (b"x-request-id", self._request_id)]}
        elif message["type"] == "http.response.body":
            if self._keeps:  # a stream of events may go on for hours, and nobody asks for it again
                self.body += message.get("body", b"")
            self.is_whole = not message.get("more_body", False)
        await self._send(message)
