"""What goes wrong on the wire, told in our errors: one table for every type."""

from __future__ import annotations

import asyncio
import email.utils
import time
from typing import Any

import httpx
import pytest
import respx

from decapolis_formats import Format, Reference, Schema
from decapolis_translators import errors
from decapolis_translators.testing.fakes import DialectFake

from .conftest import TYPES, Opening

SCHEMA = Schema(Format.AVRO, '"string"')
JSON = {"content-type": "application/vnd.schemaregistry.v1+json"}

pytestmark = pytest.mark.parametrize("kind", TYPES)


def told(status: int, code: int, message: str = "words") -> httpx.Response:
    return httpx.Response(status, json={"error_code": code, "message": message})


FAULTS: list[tuple[Any, type[errors.RegistryError]]] = [
    (told(401, 401), errors.CredentialsRefused),
    (told(403, 40301), errors.CredentialsRefused),
    (httpx.Response(403, text="<html>forbidden</html>"), errors.CredentialsRefused),
    (told(429, 429), errors.Throttled),
    (told(500, 50001), errors.RegistryFault),
    (told(500, 50002), errors.Unreachable),
    (told(500, 50003), errors.Unreachable),
    (told(408, 408), errors.Unreachable),
    (httpx.Response(502, text="<html>bad gateway</html>"), errors.Unreachable),
    (httpx.Response(503, text=""), errors.Unreachable),
    (httpx.Response(200, text="<html>welcome</html>", headers={"content-type": "text/html"}), errors.Garbled),
    (httpx.Response(200, text='[1, "trunc'), errors.Garbled),
    (httpx.Response(200, json={"not": "a list"}), errors.Garbled),
    (httpx.Response(200, json=[1, "two"]), errors.Garbled),
    (httpx.Response(200, json=[True]), errors.Garbled),
    (httpx.Response(200, json=[-3]), errors.Garbled),
    (httpx.Response(200, content=b"\xff\xfe"), errors.Garbled),
    (httpx.Response(204), errors.Garbled),
    (httpx.Response(301, headers={"location": "http://elsewhere.test/"}), errors.Garbled),
    (httpx.Response(307, headers={"location": "http://elsewhere.test/"}), errors.Garbled),
    (httpx.Response(404, text="<html>no such page</html>"), errors.Garbled),
    (httpx.Response(404, json="Not Found"), errors.Garbled),
    (told(404, 404), errors.Garbled),
    (told(405, 405), errors.Garbled),
    (told(400, 400), errors.Refused),
    (told(404, 40401), errors.SubjectNotFound),
    (told(422, 42202), errors.VersionNotFound),
    (httpx.ConnectError("refused"), errors.Unreachable),
    (httpx.ConnectTimeout("slow"), errors.Unreachable),
    (httpx.ReadTimeout("slow"), errors.Unreachable),
    (httpx.ReadError("reset"), errors.Unreachable),
    (httpx.RemoteProtocolError("not HTTP"), errors.Unreachable),
    (RuntimeError("Session is closed"), errors.Unreachable),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
async def test_a_read_ends_in_one_of_our_errors(
    kind: str, fault: Any, error: type[errors.RegistryError], connect: Opening
) -> None:
    router = respx.Router()
    router.get(path="/subjects/s/versions").mock(
        **({"side_effect": fault} if isinstance(fault, Exception) else {"return_value": fault})
    )
    registry = await connect(kind, httpx.MockTransport(router.async_handler))
    with pytest.raises(error) as raised:
        await registry.versions("s")
    assert type(raised.value) is error
    assert not getattr(raised.value, "sent", False), "a read writes nothing"
    assert router.calls.call_count == 1, "nothing is tried twice"


WRITE_FAULTS: list[tuple[Any, type[errors.RegistryError], bool | None]] = [
    (httpx.ConnectError("refused"), errors.Unreachable, False),
    (httpx.ReadTimeout("slow"), errors.Unreachable, True),
    (httpx.ReadError("reset"), errors.Unreachable, True),
    (httpx.Response(504), errors.Unreachable, True),
    (told(500, 50002), errors.Unreachable, True),
    (told(409, 409, "incompatible, details: [because]"), errors.Incompatible, None),
    (told(409, 40901, "incompatible"), errors.Incompatible, None),
    (told(409, 40904), errors.NotPermitted, None),
    (told(422, 42201), errors.SchemaRefused, None),
    (told(422, 422), errors.SchemaRefused, None),
    (told(422, 42205), errors.NotPermitted, None),
    (told(422, 42208), errors.SubjectRefused, None),
    (told(422, 42209), errors.TooLarge, None),
    (told(422, 42210), errors.SchemaRefused, None),
    (httpx.Response(413, text="too large"), errors.TooLarge, None),
    (told(503, 50301), errors.WriteConflict, None),
    (
        httpx.Response(422, json={"error_code": 422, "message": [{"msg": "field required"}]}),
        errors.SchemaRefused,
        None,
    ),
    (httpx.Response(200, json={}), errors.Garbled, None),
    (httpx.Response(200, json={"id": 0}), errors.Garbled, None),
    (
        httpx.Response(200, json={"id": 1, "version": 1, "schema": '""', "schemaType": "THRIFT"}),
        errors.Garbled,
        None,
    ),
]


@pytest.mark.parametrize(("fault", "error", "sent"), WRITE_FAULTS)
async def test_a_write_says_whether_it_may_have_landed(
    kind: str, fault: Any, error: type[errors.RegistryError], sent: bool | None, connect: Opening
) -> None:
    router = respx.Router()
    router.post(path="/subjects/s/versions").mock(
        **({"side_effect": fault} if isinstance(fault, Exception) else {"return_value": fault})
    )
    registry = await connect(kind, httpx.MockTransport(router.async_handler))
    with pytest.raises(error) as raised:
        await registry.register("s", SCHEMA)
    assert type(raised.value) is error
    if sent is not None:
        assert isinstance(raised.value, errors.Unreachable)
        assert raised.value.sent is sent


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("soon", None),
        (None, None),
        ("in a minute", 60.0),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0),
    ],
)
async def test_retry_after_is_passed_on(kind: str, header: str | None, seconds: float | None, connect: Opening) -> None:
    router = respx.Router()
    if header == "in a minute":
        header = email.utils.formatdate(time.time() + 60, usegmt=True)
    headers = {} if header is None else {"Retry-After": header}
    router.get(path="/subjects/s/versions").respond(429, headers=headers, json={"error_code": 429, "message": "slow"})
    registry = await connect(kind, httpx.MockTransport(router.async_handler))
    with pytest.raises(errors.Throttled) as raised:
        await registry.versions("s")
    assert raised.value.retry_after == (seconds if seconds is None else pytest.approx(seconds, abs=3))


async def test_a_hanging_registry_ends_with_the_timeout(kind: str, connect: Opening) -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError("not reached")

    registry = await connect(kind, httpx.MockTransport(hang), timeout=0.05)
    with pytest.raises(errors.Unreachable, match=r"0\.05 s"):
        await registry.versions("s")
    with pytest.raises(errors.Unreachable) as raised:
        await registry.register("s", SCHEMA)
    assert raised.value.sent


async def test_an_endless_answer_is_cut_off(kind: str, connect: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("decapolis_translators.http.transport.MAX_ANSWER", 10)
    registry = await connect(kind, httpx.MockTransport(lambda request: httpx.Response(200, json=list(range(100)))))
    with pytest.raises(errors.Garbled, match="larger"):
        await registry.versions("s")


async def test_a_compression_that_does_not_hold_is_garbled(kind: str, connect: Opening) -> None:
    fake = DialectFake()
    fake.fail_next(200, b"no gzip", headers={"content-encoding": "gzip"})
    with pytest.raises(errors.Garbled, match="compression"):
        await (await connect(kind, fake)).versions("s")


async def test_a_closed_client_is_unreachable(kind: str, connect: Opening) -> None:
    registry = await connect(kind, httpx.MockTransport(lambda request: httpx.Response(200, json=[1])))
    await registry.close()
    with pytest.raises(errors.Unreachable):
        await registry.versions("s")


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, 40404, errors.SubjectSoftDeleted),
        (404, 40405, errors.SubjectNotSoftDeleted),
        (404, 40406, errors.VersionSoftDeleted),
        (404, 40407, errors.VersionNotSoftDeleted),
        (409, 40405, errors.SubjectNotSoftDeleted),
        (422, 42206, errors.ReferenceExists),
        (422, 42205, errors.NotPermitted),
        (403, 40301, errors.CredentialsRefused),
    ],
)
async def test_a_delete_is_refused_in_our_words(
    kind: str, status: int, code: int, error: type[errors.RegistryError], connect: Opening
) -> None:
    router = respx.Router()
    router.delete(path="/subjects/s").mock(return_value=told(status, code, "{subject=s,version=4}"))
    router.delete(path="/subjects/s/versions/2").mock(return_value=told(status, code, "{subject=s,version=2}"))
    registry = await connect(kind, httpx.MockTransport(router.async_handler))
    with pytest.raises(error) as whole:
        await registry.delete("s")
    with pytest.raises(error) as one:
        await registry.delete("s", 2, permanent=True)
    if error is errors.ReferenceExists:
        assert isinstance(whole.value, errors.ReferenceExists)
        assert isinstance(one.value, errors.ReferenceExists)
        assert (whole.value.version, one.value.version) == (4, 2)


async def test_an_answer_for_another_version_is_not_believed(kind: str, connect: Opening) -> None:
    body = {"subject": "s", "version": 3, "id": 1, "schema": '"string"'}
    registry = await connect(kind, httpx.MockTransport(lambda request: httpx.Response(200, json=body)))
    with pytest.raises(errors.Garbled):
        await registry.fetch("s", 2)


async def test_words_of_the_registry_are_bounded_and_printable(kind: str, connect: Opening) -> None:
    answer = told(500, 50001, "line\nbreak\x1b[31m" + "x" * 10_000)
    registry = await connect(kind, httpx.MockTransport(lambda request: answer))
    with pytest.raises(errors.RegistryFault) as raised:
        await registry.versions("s")
    assert len(str(raised.value)) < 2_200
    assert str(raised.value).isprintable()


async def test_what_cannot_be_encoded_is_refused_before_anything_is_sent(kind: str, connect: Opening) -> None:
    router = respx.Router()
    registry = await connect(kind, httpx.MockTransport(router.async_handler))
    with pytest.raises(errors.SchemaRefused):
        await registry.register("s", Schema(Format.AVRO, '"\ud800"'))
    with pytest.raises(errors.SubjectRefused):
        await registry.register("bad\x00name", SCHEMA)
    with pytest.raises(errors.SubjectRefused):
        await registry.register("__EMPTY", SCHEMA)
    with pytest.raises(errors.SubjectRefused):
        await registry.versions("x" * 20_000)
    with pytest.raises(errors.Unsupported, match="iceberg"):
        await registry.register("s", Schema(Format.ICEBERG, "{}"))
    with pytest.raises(errors.SchemaNotFound):
        await registry.fetch_by_id("a-uuid")
    with pytest.raises(errors.VersionNotFound):
        await registry.delete("s", 0)
    assert router.calls.call_count == 0


async def test_a_schema_with_everything_is_read_strictly(kind: str, connect: Opening) -> None:
    odd = [
        {"schema": 5},
        {"schema": "x", "schemaType": 5},
        {"schema": "x", "references": {"a": 1}},
        {"schema": "x", "references": [{"name": "n"}]},
        {"schema": "x", "metadata": {"tags": {"a": "b"}}},
        {"schema": "x", "metadata": {"properties": {"a": 1}}},
        {"schema": "x", "ruleSet": {"domainRules": "many"}},
        ["x"],
    ]
    for body in odd:
        answer = httpx.Response(200, json=body)
        registry = await connect(kind, httpx.MockTransport(lambda request, answer=answer: answer))
        with pytest.raises(errors.Garbled):
            await registry.fetch_by_id(1)


async def test_null_references_are_none(kind: str, connect: Opening) -> None:
    body = {"schema": '"string"', "references": None, "schemaType": None}
    registry = await connect(kind, httpx.MockTransport(lambda request: httpx.Response(200, json=body)))
    assert await registry.fetch_by_id(1) == SCHEMA


async def test_references_are_sent_as_they_are(kind: str, connect: Opening) -> None:
    router = respx.Router()
    route = router.post(path="/subjects/s/versions").mock(return_value=told(422, 42201))
    registry = await connect(kind, httpx.MockTransport(router.async_handler))
    with pytest.raises(errors.SchemaRefused):
        await registry.register("s", Schema(Format.AVRO, '"a.B"', (Reference("a.B", "b", 1),)))
    sent = route.calls.last.request
    assert b'"references":[{"name":"a.B","subject":"b","version":1}]' in sent.content
    assert b"null" not in sent.content
