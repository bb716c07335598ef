"""What answers sooner says and bounds the same: bodies at a glance, handlers without a clock, settings worked out once."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from decapolis.dialect.ask import Answer, Ask
from decapolis.dialect.bodies import json_object
from decapolis.dialect.errors import DialectError
from decapolis.dialect.face import _within
from decapolis.metrics import Metrics

from .conftest import Client, code, record

ANSWER = Answer("done")
ASK = cast("Ask", type("Get", (), {"method": "GET"}))


@pytest.mark.parametrize(
    "body",
    [
        b'{"schema":"a","schema":"b"}',
        b'{"schema": "a", "schema": "a"}',
        b'{"schema":"a","sch\\u0065ma":"b"}',
        b'{"schema":"a\\\\","schema":"b"}',
        b'{"a\\/b":"1","a/b":"2"}',
        b'{"schema" : 1 , "id" : 2 , "schema" : null}',
        b'{"references":[{"name":"a","name":"b"}]}',
        b'{"metadata":{"owner":"a","owner":"b"},"schema":"a"}',
        '{"é":1,"é":2}'.encode(),
        b'{"schema":"a","id":1,"":2,"":3}',
    ],
)
def test_a_key_that_stands_there_twice_is_refused(body: bytes) -> None:
    with pytest.raises(DialectError, match="stands there twice") as refused:
        json_object(body)
    assert (refused.value.answer.status, refused.value.answer.code) == (400, 400)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"schema": '{"type":"record","name":"schema","fields":[]}'},
        {"schema": "schema", "schemaType": "schema"},
        {"schema": '"', "id": 1, "version": None, "propagateSchemaTags": True},
        {"schema": '","schema":"', "schemaType": "AVRO"},
        {"schema": "\\", "sch\\ema": "\\u0041", "é": "ü\u2028"},
        {"references": [{"name": "a"}, {"name": "a"}], "metadata": {"properties": {"a": "b"}}},
    ],
)
@pytest.mark.parametrize("style", [{}, {"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False}], ids=str)
def test_every_other_spelling_is_read(value: dict[str, Any], style: dict[str, Any]) -> None:
    assert json_object(json.dumps(value, **style).encode()) == value


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(DialectError) as refused:
        json_object(b'{"schema":"\xff"}')
    assert (refused.value.answer.status, refused.value.answer.code) == (400, 400)


def handling(work: Callable[[], Awaitable[Any]]) -> Callable[[Ask], Any]:
    async def handler(_: Ask) -> Answer:
        await work()
        return ANSWER

    return handler


async def nothing() -> None:
    """A handler that need not wait for anything."""


async def in_turns() -> None:
    for _ in range(3):
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)


async def a_bound_of_its_own() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)
    await asyncio.gather(asyncio.sleep(0.01), asyncio.sleep(0))


@pytest.mark.parametrize("work", [nothing, in_turns, a_bound_of_its_own])
async def test_a_handler_may_wait_or_not(work: Callable[[], Awaitable[Any]]) -> None:
    assert await _within(2.0, handling(work), ASK) is ANSWER


async def test_a_handler_that_waits_too_long_is_ended_and_told() -> None:
    ended = []

    async def forever() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(time.monotonic())
            raise

    began = time.monotonic()
    with pytest.raises(DialectError) as late:
        await _within(0.05, handling(forever), ASK)
    assert (late.value.answer.status, late.value.answer.code) == (500, 50003)
    assert len(ended) == 1
    assert 0.04 < ended[0] - began < 2


async def test_what_it_did_before_it_waited_counts_too() -> None:
    async def slow_at_first() -> None:
        time.sleep(0.1)  # noqa: ASYNC251 - work of the processor, which nothing interrupts
        await asyncio.sleep(60)

    began = time.monotonic()
    with pytest.raises(DialectError):
        await _within(0.05, handling(slow_at_first), ASK)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("first", [True, False])
async def test_its_own_faults_come_through(first: bool) -> None:
    async def failing() -> None:
        if not first:
            await asyncio.sleep(0)
        raise TimeoutError("a registry's, not the answer's")

    with pytest.raises(TimeoutError, match="a registry's"):
        await _within(2.0, handling(failing), ASK)


async def test_a_client_that_leaves_ends_it() -> None:
    ended = []

    async def forever() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    task = asyncio.create_task(_within(5.0, handling(forever), ASK))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


CHECK = "/compatibility/subjects/s/versions/latest"


async def checked(client: Client, *fields: str) -> tuple[bool, int]:
    """The verdict, and how many answers were ready."""
    answer = await client.post(CHECK, json={"schema": json.dumps(record(*fields))})
    assert answer.status_code == 200, answer.text
    assert client.application.gateway is not None
    return answer.json()["is_compatible"], client.application.gateway.metrics.ready_hits


async def test_a_verdict_is_ready_once_it_was_asked_for_again(client: Client) -> None:
    await client.registered("s", record("a"))
    gateway = client.application.gateway
    assert gateway is not None
    kept = len(gateway.answers)
    assert [await checked(client, "a", f"b{number}=0") for number in range(5)] == [(True, 0)] * 5
    assert len(gateway.answers) == kept
    assert [await checked(client, "a", "b0=0") for _ in range(3)] == [(True, 0), (True, 1), (True, 2)]
    await client.registered("s", record("c=0"))
    assert await checked(client, "a", "b0=0") == (False, 2)


async def test_a_verdict_follows_every_setting_at_once(client: Client) -> None:
    await client.registered("s", record("a"))
    seen = []
    for change in (
        client.put("/config", json={"compatibility": "NONE"}),
        client.put("/config/s", json={"compatibility": "BACKWARD"}),
        client.put("/config/s", json={"compatibility": "FORWARD"}),
        client.delete("/config/s"),
        client.put("/config", json={"compatibility": "FULL"}),
        client.put("/config/s", json={"alias": "unknown"}),
        client.delete("/config/s"),
    ):
        seen.append(await checked(client, "a", "b"))
        assert (await change).status_code == 200
    seen.append(await checked(client, "a", "b"))
    assert [allowed for allowed, _ in seen] == [False, True, False, True, True, False, True, False]


async def test_long_answers_are_packed_for_whom_asks_and_others_are_told(client: Client) -> None:
    await client.registered("s", record(*(f"field_{number}=0" for number in range(60))))
    plain = await client.get("/schemas/ids/1", headers={"accept-encoding": "identity"})
    packed = await client.get("/schemas/ids/1", headers={"accept-encoding": "gzip"})
    assert [plain.headers.get(name) for name in ("vary", "content-encoding")] == ["Accept-Encoding", None]
    assert [packed.headers.get(name) for name in ("vary", "content-encoding")] == ["Accept-Encoding", "gzip"]
    assert plain.json() == packed.json()
    assert len(gzip.compress(plain.content)) < int(packed.headers["content-length"]) * 2 < len(plain.content)
    short = await client.get("/subjects", headers={"accept-encoding": "identity"})
    assert "vary" not in short.headers


async def test_a_body_above_the_limit_is_refused_however_short_it_is(gateways: Any) -> None:
    client: Client = await gateways(limits={"body_bytes": 2048})
    wide = await client.post("/subjects/s/versions", json={"schema": "x" * 3000})
    assert code(wide) == (413, 413)


async def test_how_long_answers_took_is_a_histogram(client: Client) -> None:
    for _ in range(3):
        await client.get("/subjects/none/versions")
    page = (await client.get("/metrics")).text
    route = 'route="/subjects/{subject}/versions"'
    counts = [
        float(each) for each in re.findall(rf"request_seconds_bucket\{{le=\"[^\"]+\",{re.escape(route)}\}} (\S+)", page)
    ]
    assert len(counts) == 13
    assert counts == sorted(counts)
    assert counts[-1] == 3
    assert f"decapolis_request_seconds_count{{{route}}} 3.0" in page
    assert re.search(rf"request_seconds_sum\{{{re.escape(route)}\}} 0\.\d", page)


def test_a_duration_on_a_bound_counts_below_it() -> None:
    metrics = Metrics()
    for seconds in (0.0005, 0.001, 0.0011, 7.0):
        metrics.took("r", seconds)
    buckets = dict(metrics.seconds["r"].buckets())
    assert (buckets["0.001"], buckets["0.0025"], buckets["5.0"], buckets["+Inf"]) == (2, 3, 3, 4)
