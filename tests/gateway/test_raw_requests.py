"""Requests as bytes on the wire against the real server: whatever comes, the answer is the dialect's."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .command import serving

STRING = b'{"schema":"\\"string\\""}'
LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """One answer, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """A connection on which bytes go out and answers come in."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._unread = b""

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read(self, *, bodiless: bool = False) -> Answer:
        while b"\r\n\r\n" not in self._unread:
            self._more()
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = 0 if bodiless else int(headers.get("content-length", "0"))
        while len(self._unread) < length:
            self._more()
        body, self._unread = self._unread[:length], self._unread[length:]
        return Answer(int(first.split(" ")[1]), headers, body)

    def _more(self) -> None:
        data = self._socket.recv(65536)
        assert data, "the connection was closed without a whole answer"
        self._unread += data

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("raw")
    with serving("--port", "0", "--store", f"sqlite:///{folder}/store.db", folder=Path(folder)) as gateway:
        yield gateway.port


@pytest.fixture
def wire(port: int) -> Iterator[Wire]:
    made = Wire(port)
    yield made
    made.close()


def request(method: str, path: str | bytes, body: bytes | None = None, version: str = "1.1", **headers: str) -> bytes:
    raw_path = path.encode() if isinstance(path, str) else path
    fields = {"Host": "x", **({} if body is None else {"Content-Length": str(len(body))})}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode("latin-1")
    return b"%b %b HTTP/%b\r\n%b\r\n%b" % (method.encode(), raw_path, version.encode(), lines, body or b"")


def demand_refusal(answer: Answer, status: int, code: int | None = None) -> None:
    assert answer.status == status, answer
    assert set(answer.json) == {"error_code", "message"}
    assert answer.json["error_code"] == (status if code is None else code)
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
    assert answer.headers["x-request-id"]


UNREADABLE: dict[str, bytes] = {
    "raw UTF-8 in the path": request("GET", "/subjects/ü/versions"),
    "a byte that is no text": request("GET", b"/subjects/\xff"),
    "NUL in the path": request("GET", b"/subjects/\x00"),
    "a space in the path": b"GET /subjects/a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "no method of HTTP": request("FOO", "/"),
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost: x\r\nfoo bar\r\n\r\n",
    "a length that is no number": b"POST / HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456",
    "a path that is too long": request("GET", "/subjects/" + "a" * 200_000),
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_not_http_gets_a_400_in_the_dialects_shape(wire: Wire, data: bytes) -> None:
    wire.send(data)
    demand_refusal(wire.read(), 400)


@pytest.mark.parametrize("path", ["/", "/subjects", "/schemas/ids/1", "/config", "/health/live", "/metrics"])
@pytest.mark.parametrize("method", ["PATCH", "TRACE", "OPTIONS", "PROPFIND"])
def test_wrong_methods_are_405_everywhere_and_say_what_is_allowed(wire: Wire, method: str, path: str) -> None:
    wire.send(request(method, path))
    answer = wire.read()
    demand_refusal(answer, 405)
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/subjects", 200), ("/nope", 404), ("/contexts/.c", 405), ("/health/live", 200)]
)
def test_head_is_get_without_a_body(wire: Wire, path: str, status: int) -> None:
    wire.send(request("HEAD", path) + request("GET", "/"))
    answer = wire.read(bodiless=True)
    assert (answer.status, "json" in answer.headers["content-type"]) == (status, True)
    assert wire.read().json == {}


def test_a_body_that_is_announced_as_too_large_is_refused_before_it_comes(wire: Wire) -> None:
    wire.send(b"POST /subjects/s/versions HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
    demand_refusal(wire.read(), 413)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_bodies_in_pieces(wire: Wire, size: int) -> None:
    head = request("POST", "/subjects/pieces/versions", Content_Type="application/json", Transfer_Encoding="chunked")
    pieces = [STRING[at : at + size] for at in range(0, len(STRING), size)]
    wire.send(head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n")
    assert wire.read().json == {"id": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_json_in_every_encoding_that_json_has_had(wire: Wire, encoding: str) -> None:
    body = '{"schema": "\\"string\\"", "x": "ü"}'.encode(encoding)
    wire.send(request("POST", "/subjects/encodings/versions", body))
    assert wire.read().json == {"id": 1}


@pytest.mark.parametrize("body", [b"\x00", b"\x00{\x00", b'{"schema":"\xe9"}', b"[" * 100_000])
def test_bodies_that_are_no_json(wire: Wire, body: bytes) -> None:
    wire.send(request("POST", "/subjects/s/versions", body))
    demand_refusal(wire.read(), 400)


@pytest.mark.parametrize("body", [b"", b" \n", b"null", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_bodies_that_hold_nothing(wire: Wire, body: bytes) -> None:
    wire.send(request("POST", "/subjects/s/versions", body))
    demand_refusal(wire.read(), 422)


def test_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    wire.send(request("GET", "/") + request("GET", "/nope") + request("GET", "/mode"))
    assert [wire.read().status for _ in range(3)] == [200, 404, 200]


def test_http_1_0(wire: Wire) -> None:
    wire.send(request("POST", "/subjects/old/versions", STRING, version="1.0"))
    assert wire.read().json == {"id": 1}


def test_a_request_id_is_echoed_when_there_is_exactly_one(wire: Wire) -> None:
    wire.send(request("GET", "/subjects", X_Request_ID="mine"))
    assert wire.read().headers["x-request-id"] == "mine"
    two = request("GET", "/subjects", X_Request_ID="mine").replace(b"Host: x", b"Host: x\r\nX-Request-ID: other")
    for data in (two, request("GET", "/subjects", X_Request_ID=" "), request("GET", "/subjects")):
        wire.send(data)
        given = wire.read().headers["x-request-id"]
        assert given not in {"mine", "other", ""}
        assert len(given) == 36


@pytest.mark.parametrize(
    "path", ["/registries", "/registries/", "/registries//subjects", "/%00", "/%FF", "/subjects//versions"]
)
def test_paths_that_lead_nowhere(wire: Wire, path: str) -> None:
    wire.send(request("GET", path))
    demand_refusal(wire.read(), 404)
