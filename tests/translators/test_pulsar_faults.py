"""What goes wrong on the way to Pulsar, told in our errors; and what is left of a write that failed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from decapolis_formats import Format, Schema
from decapolis_translators import errors
from decapolis_translators.pulsar import PulsarRegistry
from decapolis_translators.testing.fakes.asgi import Fault, Problem, Request
from decapolis_translators.testing.fakes.pulsar import PulsarFake

from .conftest import ConnectingPulsar

HTML = "<html><head><title>Error 409 Error during schema compatibility check &quot;R&quot;</title></head></html>"
NO_PAGE = "<html><h1>Welcome</h1></html>"


def record(*fields: str) -> Schema:
    listed = [{"name": name, "type": "string", "default": ""} for name in fields]
    return Schema(Format.AVRO, json.dumps({"type": "record", "name": "R", "fields": listed}))


def said(status: int, words: str) -> httpx.Response:
    return httpx.Response(status, json={"reason": words})


def listing(*versions: Any) -> httpx.Response:
    return httpx.Response(200, json={"getSchemaResponses": list(versions)})


WHOLE = {"version": 0, "type": "AVRO", "timestamp": 1, "data": '"string"', "properties": {}}

FAULTS: list[tuple[Any, type[errors.RegistryError], str]] = [
    (said(401, "HTTP 401 Unauthorized"), errors.CredentialsRefused, "the rights of somebody who may produce"),
    (said(403, "Don't have permission"), errors.CredentialsRefused, "(403)"),
    (httpx.Response(401, text=NO_PAGE), errors.CredentialsRefused, "401"),
    (said(404, "Namespace does not exist"), errors.RegistryFault, "'public/default' does not exist"),
    (said(404, "Tenant public not found"), errors.RegistryFault, "'public/default' does not exist"),
    (said(404, "Schema not found"), errors.SubjectNotFound, "'s-value'"),
    (said(404, "Schema is deleted"), errors.SubjectNotFound, "'s-value'"),
    (httpx.Response(404, text=NO_PAGE), errors.Garbled, "404"),
    (said(405, "Topic level policies is disabled"), errors.Unsupported, "topicLevelPoliciesEnabled"),
    (said(405, "Method Not Allowed"), errors.NotPermitted, "Method"),
    (said(412, "Topic name is not valid"), errors.SubjectRefused, "not valid"),
    (said(412, "Cluster is not ready"), errors.RegistryFault, "412"),
    (said(418, "words"), errors.Refused, "words"),
    (httpx.Response(429, headers={"retry-after": "7"}), errors.Throttled, "fewer calls"),
    (said(500, "words"), errors.RegistryFault, "words"),
    (
        said(500, "--- An unexpected error ---\n\nMessage: words\n\nStacktrace:\n\na.b.C"),
        errors.RegistryFault,
        ": words",
    ),
    (httpx.Response(500, text=NO_PAGE), errors.RegistryFault, "no explanation"),
    (httpx.Response(502, text=NO_PAGE), errors.Unreachable, "502"),
    (said(503, "Namespace bundle is being unloaded"), errors.Unreachable, "unloaded"),
    (httpx.Response(504), errors.Unreachable, "504"),
    (httpx.Response(413, text=NO_PAGE), errors.TooLarge, "size"),
    (httpx.Response(200, text=NO_PAGE), errors.Garbled, "Expected JSON"),
    (httpx.Response(200, text='{"getSchemaResponses":['), errors.Garbled, "Expected JSON"),
    (httpx.Response(200, json=[]), errors.Garbled, "object"),
    (httpx.Response(200, json={}), errors.Garbled, "getSchemaResponses"),
    (httpx.Response(204), errors.Garbled, "Expected JSON"),
    (listing("s"), errors.Garbled, "object"),
    (listing({**WHOLE, "version": -1}), errors.Garbled, "-1 as a version"),
    (listing({**WHOLE, "version": True}), errors.Garbled, "as a version"),
    (listing({**WHOLE, "type": None}), errors.Garbled, "type"),
    (listing({**WHOLE, "timestamp": "now"}), errors.Garbled, "timestamp"),
    (listing({**WHOLE, "type": "KEY_VALUE", "data": "half"}), errors.Garbled, "two sides"),
    (httpx.Response(301, headers={"location": "http://elsewhere.test/"}), errors.Garbled, "301"),
    (httpx.Response(307, headers={"location": "http://x:port/admin/v2/a"}), errors.Garbled, "no URL"),
    (httpx.Response(307), errors.Garbled, "no address"),
    (httpx.ConnectError("refused"), errors.Unreachable, "Cannot connect"),
    (httpx.ReadTimeout("slow"), errors.Unreachable, "lost"),
    (httpx.ReadError("reset"), errors.Unreachable, "lost"),
]


@pytest.mark.parametrize(("fault", "error", "words"), FAULTS)
async def test_a_read_ends_in_one_of_our_errors(
    fault: Any, error: type[errors.RegistryError], words: str, connect_pulsar: ConnectingPulsar
) -> None:
    calls = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        if isinstance(fault, Exception):
            raise fault
        assert isinstance(fault, httpx.Response)
        return fault

    registry = await connect_pulsar(httpx.MockTransport(answer))
    with pytest.raises(error) as raised:
        await registry.versions("s-value")
    assert error in {type(raised.value), type(raised.value).__base__}
    assert words in str(raised.value)
    assert "html" not in str(raised.value)
    assert not getattr(raised.value, "sent", False), "a read writes nothing"
    assert calls == 1, "nothing is tried twice"


WRITE_FAULTS: list[tuple[int, Any, type[errors.RegistryError], str, bool | None]] = [
    (409, HTML, errors.Incompatible, 'check "R"', None),
    (409, {"servlet": "s", "message": "Incompatible schema", "status": "409"}, errors.Incompatible, "schema", None),
    (409, {"reason": "strategy ALWAYS_INCOMPATIBLE"}, errors.NotPermitted, "FROZEN", None),
    (422, HTML.replace("409", "422"), errors.SchemaRefused, "check", None),
    (422, NO_PAGE, errors.Garbled, "422", None),
    (504, b"", errors.Unreachable, "504", True),
    (503, {"reason": "words"}, errors.Unreachable, "words", True),
    (200, NO_PAGE, errors.Garbled, "Expected JSON", None),
    (200, {}, errors.Garbled, "no version", None),
    (200, {"version": {"version": "0"}}, errors.Garbled, "no version", None),
    (200, {"version": -1}, errors.RegistryFault, "without a version", None),
    (200, {"version": {"version": 40}}, errors.WriteConflict, "Version 41", None),
]


@pytest.mark.parametrize(("status", "body", "error", "words", "sent"), WRITE_FAULTS)
async def test_a_write_says_whether_it_may_have_landed(
    status: int,
    body: Any,
    error: type[errors.RegistryError],
    words: str,
    sent: bool | None,
    connect_pulsar: ConnectingPulsar,
) -> None:
    fake = PulsarFake()
    registry = await connect_pulsar(fake)
    await registry.register("s-value", record("a"))
    fake._faults.append(
        Fault("answer", 1, Problem(status, body), "/admin/v2/schemas/public/default/s/schema", method="POST")
    )
    with pytest.raises(error, match=words) as raised:
        await registry.register("s-value", record("a", "b"))
    assert type(raised.value) is error
    assert sent is None or getattr(raised.value, "sent", None) is sent


async def test_no_secret_is_ever_told(connect_pulsar: ConnectingPulsar) -> None:
    fake = PulsarFake()
    fake.door.bearer = "the-jwt"
    registry = await connect_pulsar(fake, auth={"type": "token", "token": "the-jwt"})
    told = [repr(registry.settings), str(registry.settings.model_dump())]
    for status in (401, 409, 422, 500, 503):
        fake.fail_next(status, {"reason": "token the-jwt is odd"}, times=2)
        with pytest.raises(errors.RegistryError) as raised:
            await registry.versions("s")
        told.append(str(raised.value))
        fake.calm()
    assert not any("the-jwt" in each for each in told)
    assert "***" in told[-1]


async def test_words_are_bounded_and_printable(connect_pulsar: ConnectingPulsar) -> None:
    fake = PulsarFake()
    fake.fail_next(500, {"reason": "line\nbreak\x1b[31m" + "x" * 100_000})
    with pytest.raises(errors.RegistryFault) as raised:
        await (await connect_pulsar(fake)).versions("s")
    assert len(str(raised.value)) < 2_200
    assert str(raised.value).isprintable()


async def test_a_listing_survives_one_topic_that_cannot_be_asked(connect_pulsar: ConnectingPulsar) -> None:
    fake = PulsarFake()
    fake.put("a", "AVRO", '"string"')
    fake.put("b", "AVRO", '"string"')
    fake.fail_next(503, {"reason": "unloading"}, path="/admin/v2/schemas/public/default/a/")
    assert await (await connect_pulsar(fake)).subjects() == ["a-value", "b-value"]


# --- a fault at every call of every write


class Breaking(PulsarFake):
    """Breaks one call of those that follow, in one of five ways."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None
        self.kind = ""

    def break_at(self, place: int, kind: str) -> None:
        self.left, self.kind = place, kind

    def _next_fault(self, request: Request) -> Fault | None:
        if self.left is None:
            return None
        self.left -= 1
        if self.left != -1:
            return None
        answer = Problem(500, {"reason": "words"})
        if self.kind == "throttle":
            answer = Problem(429, {"reason": "words"})
        return Fault(self.kind if self.kind in {"hang", "reset", "lose"} else "answer", 1, answer)


Doing = Callable[[PulsarRegistry], Awaitable[Any]]
BACKWARD = {"compatibilityLevel": "BACKWARD"}
JSON = Schema(Format.JSON_SCHEMA, '{"type":"object"}')
PROTO = Schema(Format.PROTOBUF, 'syntax = "proto3";\n\nmessage M {\n  int32 a = 1;\n}\n')
WORDS = Schema(Format.AVRO, record("a").text.replace('"name": "R"', '"name": "R", "doc": "words"'))

WRITES: dict[str, tuple[int, Doing]] = {
    "a new subject": (5, lambda registry: registry.register("new", record("a"))),
    "a json document": (5, lambda registry: registry.register_document("new", JSON, ())),
    "a protobuf document": (5, lambda registry: registry.register_document("new", PROTO, ())),
    "a new version": (3, lambda registry: registry.register("s", record("a", "b", "c"))),
    "a version that differs in words": (5, lambda registry: registry.register("s", WORDS)),
    "a deleted subject": (2, lambda registry: registry.delete("s", permanent=True)),
    "a level": (2, lambda registry: registry.set_config("s", BACKWARD)),
    "the global level": (2, lambda registry: registry.set_config(None, BACKWARD)),
    "a level cleared": (2, lambda registry: registry.clear_config("leveled")),
    "a note": (2, lambda registry: registry.note("s", 1, "new")),
    "the registry's note": (1, lambda registry: registry.set_own_note("new")),
}


async def prepared(connect_pulsar: ConnectingPulsar, fake: Breaking) -> PulsarRegistry:
    registry = await connect_pulsar(fake)
    for fields in (("a",), ("a", "b")):
        await registry.register("s", record(*fields))
    await registry.register("leveled", record("a"))
    await registry.set_config("leveled", BACKWARD)
    await registry.note("s", 1, "old")
    return registry


async def ids(registry: PulsarRegistry) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for subject in ("s", "leveled", "new"):
        with suppress(errors.SubjectNotFound):
            listed = await registry.listed(subject)
            found[subject] = {str(each.schema): each.native_id for each in listed}
            assert len(found[subject]) == len(listed), "nothing is there twice"
    return found


@pytest.mark.parametrize("kind", ["reset", "lose", "hang", "fault", "throttle"])
@pytest.mark.parametrize("write", WRITES)
async def test_a_broken_write_leaves_nothing_or_all_of_it(
    write: str, kind: str, connect_pulsar: ConnectingPulsar
) -> None:
    calls, doing = WRITES[write]
    for place in range(calls):
        fake = Breaking()
        registry = await prepared(connect_pulsar, fake)
        before = await ids(registry)
        fake.break_at(place, kind)
        with pytest.raises((errors.RegistryError, TimeoutError)):
            async with asyncio.timeout(0.2 if kind == "hang" else 20):
                await doing(registry)
        assert fake.left is not None
        assert fake.left < 0, "the call was reached"
        fake.left = None
        fake.calm()
        after = await ids(registry)
        for subject, held in after.items():
            kept = before.get(subject, {})
            assert all(held[text] == native_id for text, native_id in kept.items() if text in held)
        with suppress(errors.Absent):  # a delete that had landed
            stored = await doing(registry)
            if stored is not None and not isinstance(stored, list):
                landed = after.get(stored.subject, {}).get(str(stored.schema))
                assert landed in {None, stored.native_id}, "the same request ends in the same id"
                assert (await doing(registry)).native_id == stored.native_id
        await ids(registry)
        await demand_done(write, registry)


async def demand_done(write: str, registry: PulsarRegistry) -> None:
    """What the write was for holds."""
    if write == "a deleted subject":
        with pytest.raises(errors.SubjectNotFound):
            await registry.versions("s")
    elif write == "a level":
        assert await registry.config("s") == BACKWARD
    elif write == "the global level":
        assert await registry.config(None) == BACKWARD
    elif write == "a level cleared":
        assert await registry.config("leveled") is None
    elif write == "a note":
        assert await registry.notes("s") == {1: "new"}
    elif write == "the registry's note":
        assert await registry.own_note() == "new"
