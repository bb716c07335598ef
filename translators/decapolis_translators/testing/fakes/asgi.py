"""A fake server as a plain ASGI application: routing on the raw path, counters, and faults on request.

It runs inside the process (`httpx.ASGITransport`) or on a loopback port (`Loopback`).
"""

from __future__ import annotations

import asyncio
import base64
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the fake saw it; `segments` are decoded one by one, `%2F` stays inside its segment."""

    method: str
    raw_path: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    pairs: tuple[tuple[str, str], ...] = ()
    """The query as it came, for APIs that repeat a name."""

    def flag(self, name: str) -> bool:
        """A boolean of the query, in any letter case."""
        return self.query.get(name, "").lower() == "true"


class Problem(Exception):
    """An answer other than success; the body is what the imitated product would send."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


Handler = Callable[[Request, Mapping[str, str]], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a template such as `/subjects/{subject}`, what answers it, and whether it changes a thing."""

    method: str
    template: str
    handler: Handler
    writes: bool = False

    def match(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The values of the template's names, None where the path is another one."""
        parts = tuple(self.template.strip("/").split("/")) if self.template != "/" else ()
        if len(parts) != len(segments):
            return None
        values: dict[str, str] = {}
        for part, segment in zip(parts, segments, strict=True):
            if part.startswith("{"):
                values[part[1:-1]] = segment
            elif part != segment:
                return None
        return values


@dataclass(slots=True)
class Fault:
    """What the next calls get instead of an answer."""

    kind: str
    times: int
    answer: Problem | None = None
    path: str | None = None
    method: str | None = None

    def meets(self, request: Request) -> bool:
        """Whether this request is one of those meant."""
        return self.method in {None, request.method} and request.raw_path.startswith(self.path or "")


@dataclass(slots=True)
class Door:
    """The credentials that a fake demands; without any, everybody may enter."""

    basic: tuple[str, str] | None = None
    bearer: str | None = None
    oauth: tuple[str, str] | None = None
    token_lifetime: float = 3600.0
    token_calls: int = 0
    tokens: set[str] = field(default_factory=set)

    def admits(self, authorization: str) -> bool:
        """Whether this header is one of those demanded."""
        if self.basic is not None:
            return authorization == _basic(*self.basic)
        if self.bearer is not None:
            return authorization == f"Bearer {self.bearer}"
        if self.oauth is not None:
            return authorization.removeprefix("Bearer ") in self.tokens
        return True

    def issue(self, request: Request) -> dict[str, Any]:
        """Answers the token endpoint of client credentials (RFC 6749, section 4.4)."""
        self.token_calls += 1
        form = dict(parse_qsl(request.body.decode()))
        if self.oauth is None or request.headers.get("authorization") != _basic(*self.oauth):
            raise Problem(401, {"error": "invalid_client"})
        if form.get("grant_type") != "client_credentials":
            raise Problem(400, {"error": "unsupported_grant_type"})
        token = f"token-{self.token_calls}"
        self.tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": self.token_lifetime}


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class FakeServer:
    """The part that every fake shares; a product adds its routes and its bodies for common refusals."""

    media_type = "application/json"

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.writes = 0
        self.requests: deque[Request] = deque(maxlen=2_000)
        self.latency = 0.0
        self.door = Door()
        self._faults: list[Fault] = []
        self._calmed = 0
        self._routes = self.routes()

    def routes(self) -> list[Route]:
        """The routes of the product, the first match wins."""
        raise NotImplementedError

    def no_such_route(self, other_verb: bool) -> Problem:
        """What the product says to an unknown path, or to a known one under another verb."""
        status = 405 if other_verb else 404
        return Problem(status, {"error_code": status, "message": f"HTTP {status}"})

    def unauthorized(self) -> Problem:
        """What the product says without the right credentials."""
        return Problem(401, {"error_code": 401, "message": "Unauthorized"})

    def fail_next(
        self,
        status: int,
        body: Any = None,
        times: int = 1,
        *,
        headers: Mapping[str, str] | None = None,
        path: str | None = None,
    ) -> None:
        """Lets the next calls (of that path, where given) get this answer; bytes and text go as they are."""
        self._faults.append(Fault("answer", times, Problem(status, body, headers), path))

    def hang(self, times: int = 1, *, path: str | None = None) -> None:
        """Lets the next calls wait until `calm()`."""
        self._faults.append(Fault("hang", times, path=path))

    def reset(self, times: int = 1, *, path: str | None = None) -> None:
        """Lets the next calls lose their connection before an answer, and before they have an effect."""
        self._faults.append(Fault("reset", times, path=path))

    def lose_answers(self, times: int = 1, *, path: str | None = None, method: str | None = None) -> None:
        """Lets the next calls (of that method, where given) take effect and then lose their connection."""
        self._faults.append(Fault("lose", times, path=path, method=method))

    def calm(self) -> None:
        """Ends all faults and lets go what hangs."""
        self._faults.clear()
        self._calmed += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            return
        request = await self._read(scope, receive)
        self.requests.append(request)
        status, body, headers = await self._respond(request)
        content = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else orjson.dumps(body)
        content = b"" if status == 204 else content
        lines = {"content-type": self.media_type, "content-length": str(len(content)), **headers}
        encoded = [(name.lower().encode(), value.encode()) for name, value in lines.items()]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        await send({"type": "http.response.body", "body": content})

    def decode_segment(self, segment: str) -> str:
        """How the product decodes a path segment."""
        return unquote(segment)

    async def _read(self, scope: Scope, receive: Receive) -> Request:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        raw = (scope.get("raw_path") or scope["path"].encode()).decode("ascii", "replace").split("?")[0]
        parts = [part for part in raw.strip("/").split("/") if part]
        pairs = parse_qsl(scope.get("query_string", b"").decode(), keep_blank_values=True)
        return Request(
            method=scope["method"],
            raw_path=raw,
            segments=tuple(self.decode_segment(part) for part in parts),
            query=dict(pairs),
            headers={name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
            pairs=tuple(pairs),
        )

    async def _respond(self, request: Request) -> tuple[int, Any, Mapping[str, str]]:
        if self.latency:
            await asyncio.sleep(self.latency)
        fault = self._next_fault(request)
        try:
            await self._suffer(fault)
            answer = self._dispatch(request)
            told: tuple[int, Any, Mapping[str, str]] = (204, b"", {}) if answer is None else (200, answer, {})
        except Problem as problem:
            told = problem.status, problem.body, problem.headers
        if fault is not None and fault.kind == "lose":
            raise ConnectionResetError("the fake dropped the connection after the effect")
        return told

    def _next_fault(self, request: Request) -> Fault | None:
        for fault in self._faults:
            if fault.meets(request):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                return fault
        return None

    async def _suffer(self, fault: Fault | None) -> None:
        if fault is None or fault.kind == "lose":
            return
        if fault.kind == "hang":
            await self._until_calm()
        elif fault.kind == "reset":
            raise ConnectionResetError("the fake dropped the connection")
        elif fault.answer is not None:
            raise fault.answer

    async def _until_calm(self) -> None:
        """Polls, because `calm()` may be called from a test's thread."""
        before = self._calmed
        while before == self._calmed:  # noqa: ASYNC110 - an Event belongs to one loop, tests run in another
            await asyncio.sleep(0.01)

    def _dispatch(self, request: Request) -> Any:
        if request.segments == ("oauth", "token"):
            return self.door.issue(request)
        other_verb = False
        for route in self._routes:
            values = route.match(request.segments)
            if values is None:
                continue
            if route.method != request.method:
                other_verb = True
                continue
            self.calls[f"{route.method} {route.template}"] += 1
            if not self.door.admits(request.headers.get("authorization", "")):
                raise self.unauthorized()
            answer = route.handler(request, values)
            self.writes += route.writes
            return answer
        self.calls[f"{request.method} (unknown)"] += 1
        raise self.no_such_route(other_verb)
