"""What goes wrong on the way to an Apicurio Registry, told in our errors."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import httpx
import pytest
import respx

from decapolis_formats import Format, Schema
from decapolis_translators import errors
from decapolis_translators.testing.fakes.apicurio import ApicurioFake
from decapolis_translators.testing.samples import referring, sample
from tests.facades.apicurio import FakeApicurio

from .conftest import Connecting

SCHEMA = Schema(Format.AVRO, '"string"')
CORE = "/apis/registry/v3"
VERSIONS = f"{CORE}/groups/default/artifacts/s/versions"
KNOWN = {"api": "v3", "ids": "content"}
"""Spares the questions of a first contact."""


def told(status: int, name: str, title: str = "words", **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "name": name, "title": title, **more})


def version(**more: Any) -> dict[str, Any]:
    body = {"artifactId": "s", "version": "1", "artifactType": "AVRO", "globalId": 3, "contentId": 2}
    return {**body, "state": "ENABLED", "createdOn": "2026-11-22T04:26:59Z", **more}


FAULTS: list[tuple[Any, type[errors.RegistryError]]] = [
    (told(401, "UnauthorizedException"), errors.CredentialsRefused),
    (told(403, "ForbiddenException"), errors.CredentialsRefused),
    (httpx.Response(403, text="<html>forbidden</html>"), errors.CredentialsRefused),
    (told(429, "TooManyRequestsException"), errors.Throttled),
    (told(500, "IllegalArgumentException"), errors.RegistryFault),
    (told(408, "RequestTimeoutException"), errors.Unreachable),
    (httpx.Response(502, text="<html>bad gateway</html>"), errors.Unreachable),
    (httpx.Response(503, text=""), errors.Unreachable),
    (httpx.Response(504), errors.Unreachable),
    (httpx.Response(200, text="<html>welcome</html>"), errors.Garbled),
    (httpx.Response(200, text='{"versions": [{'), errors.Garbled),
    (httpx.Response(200, json=["not", "an", "object"]), errors.Garbled),
    (httpx.Response(200, json={"count": 1}), errors.Garbled),
    (httpx.Response(200, json={"versions": [{}]}), errors.Garbled),
    (httpx.Response(200, json={"versions": [version(contentId=0)]}), errors.Garbled),
    (httpx.Response(200, json={"versions": [version(globalId=True)]}), errors.Garbled),
    (httpx.Response(200, json={"versions": [version(labels={"a": 1})]}), errors.Garbled),
    (httpx.Response(200, content=b"\xff\xfe"), errors.Garbled),
    (httpx.Response(204), errors.Garbled),
    (httpx.Response(301, headers={"location": "http://elsewhere.test/"}), errors.Garbled),
    (httpx.Response(404, text="<html>no such page</html>"), errors.Garbled),
    (httpx.Response(404, json="Not Found"), errors.Garbled),
    (told(404, "NotFoundException"), errors.Garbled),
    (told(400, "BadRequestException"), errors.Refused),
    (told(404, "ArtifactNotFoundException"), errors.SubjectNotFound),
    (told(404, "GroupNotFoundException"), errors.SubjectNotFound),
    (httpx.Response(200, json={"versions": [], "count": 0}), errors.SubjectNotFound),
    (httpx.ConnectError("refused"), errors.Unreachable),
    (httpx.ReadTimeout("slow"), errors.Unreachable),
    (httpx.ReadError("reset"), errors.Unreachable),
    (httpx.RemoteProtocolError("not HTTP"), errors.Unreachable),
]


def answering(route: respx.Route, fault: Any) -> respx.Route:
    return route.mock(**({"side_effect": fault} if isinstance(fault, Exception) else {"return_value": fault}))


@pytest.mark.parametrize(("fault", "error"), FAULTS)
async def test_a_read_ends_in_one_of_our_errors(
    fault: Any, error: type[errors.RegistryError], connect_apicurio: Connecting
) -> None:
    router = respx.Router()
    answering(router.get(path=VERSIONS), fault)
    registry = await connect_apicurio(httpx.MockTransport(router.async_handler), **KNOWN)
    with pytest.raises(error) as raised:
        await registry.versions("s")
    assert type(raised.value) is error
    assert not getattr(raised.value, "sent", False), "a read writes nothing"
    assert router.calls.call_count == 1, "nothing is tried twice"


CAUSES = [{"description": "field b", "context": "/fields/1"}]
WRITE_FAULTS: list[tuple[Any, type[errors.RegistryError], bool | None]] = [
    (httpx.ConnectError("refused"), errors.Unreachable, False),
    (httpx.ReadTimeout("slow"), errors.Unreachable, True),
    (httpx.ReadError("reset"), errors.Unreachable, True),
    (httpx.Response(504), errors.Unreachable, True),
    (told(400, "RuleViolationException", "Incompatible artifact: s", causes=CAUSES), errors.Incompatible, None),
    (told(409, "RuleViolationException", "Incompatible artifact: s"), errors.Incompatible, None),
    (told(400, "RuleViolationException", "Syntax violation for Avro artifact."), errors.SchemaRefused, None),
    (told(400, "RuleViolationException", "Referenced artifact", causes=CAUSES), errors.SchemaRefused, None),
    (told(422, "UnprocessableSchemaException"), errors.SchemaRefused, None),
    (told(422, "SomethingNewException"), errors.SchemaRefused, None),
    (told(400, "InvalidArtifactIdException"), errors.SubjectRefused, None),
    (told(409, "VersionAlreadyExistsException"), errors.WriteConflict, None),
    (told(409, "ArtifactAlreadyExistsException"), errors.WriteConflict, None),
    (told(409, "LimitExceededException", "Maximum number of versions exceeded"), errors.NotPermitted, None),
    (told(409, "ReadOnlyStorageException"), errors.NotPermitted, None),
    (told(405, "NotAllowedException"), errors.NotPermitted, None),
    (told(413, "PayloadTooLarge"), errors.TooLarge, None),
    (httpx.Response(413, text="too large"), errors.TooLarge, None),
    (httpx.Response(200, json={}), errors.Garbled, None),
    (httpx.Response(200, json={"version": version(contentId=2**31)}), errors.Garbled, None),
    (httpx.Response(200, json={"version": {**version(), "version": 1}}), errors.Garbled, None),
]


def empty_server() -> respx.Router:
    router = respx.Router(assert_all_called=False)
    router.get(path=VERSIONS).mock(return_value=told(404, "ArtifactNotFoundException"))
    router.get(path=f"{CORE}/groups/default/artifacts/s").mock(return_value=told(404, "ArtifactNotFoundException"))
    router.post(path=f"{CORE}/search/versions").respond(json={"versions": [], "count": 0})
    return router


@pytest.mark.parametrize(("fault", "error", "sent"), WRITE_FAULTS)
async def test_a_write_says_whether_it_may_have_landed(
    fault: Any, error: type[errors.RegistryError], sent: bool | None, connect_apicurio: Connecting
) -> None:
    router = empty_server()
    answering(router.post(path=f"{CORE}/groups/default/artifacts"), fault)
    registry = await connect_apicurio(httpx.MockTransport(router.async_handler), **KNOWN)
    with pytest.raises(error) as raised:
        await registry.register("s", SCHEMA)
    assert type(raised.value) is error
    if sent is not None:
        assert isinstance(raised.value, errors.Unreachable)
        assert raised.value.sent is sent
    if isinstance(raised.value, errors.Incompatible) and "causes" in fault.text:
        assert raised.value.messages == ("field b at /fields/1",)


DELETE_FAULTS: list[tuple[Any, type[errors.RegistryError]]] = [
    (httpx.Response(404, json={"error_code": 40401, "message": "m"}), errors.SubjectNotFound),
    (httpx.Response(404, json={"error_code": 40404, "message": "m"}), errors.SubjectSoftDeleted),
    (httpx.Response(409, json={"error_code": 40405, "message": "m"}), errors.SubjectNotSoftDeleted),
    (httpx.Response(422, json={"error_code": 42206, "message": "m"}), errors.ReferenceExists),
    (httpx.Response(500, json={"error_code": 0, "message": "m"}), errors.RegistryFault),
    (httpx.Response(404, text="<html>", headers={"content-type": "text/html;charset=UTF-8"}), errors.Garbled),
    (httpx.Response(401, text=""), errors.CredentialsRefused),
    (httpx.Response(200, json={"odd": 1}), errors.Garbled),
    (httpx.ReadError("reset"), errors.Unreachable),
]


@pytest.mark.parametrize(("fault", "error"), DELETE_FAULTS)
async def test_a_delete_ends_in_one_of_our_errors(
    fault: Any, error: type[errors.RegistryError], connect_apicurio: Connecting
) -> None:
    router = respx.Router(assert_all_called=False)
    router.get(path=VERSIONS).respond(json={"versions": [version()], "count": 1})
    router.get(path=f"{VERSIONS}/1/references").respond(json=[])
    answering(router.delete(path="/apis/ccompat/v7/subjects/s"), fault)
    registry = await connect_apicurio(httpx.MockTransport(router.async_handler), **KNOWN)
    with pytest.raises(error) as raised:
        await registry.delete("s")
    assert type(raised.value) is error
    assert getattr(raised.value, "sent", True)


async def test_retry_after_is_passed_on(connect_apicurio: Connecting) -> None:
    answer = httpx.Response(429, headers={"Retry-After": "7"}, json={"name": "TooMany", "title": "slow"})
    registry = await connect_apicurio(httpx.MockTransport(lambda request: answer), **KNOWN)
    with pytest.raises(errors.Throttled) as raised:
        await registry.subjects()
    assert raised.value.retry_after == 7


async def test_a_first_contact_tells_its_trouble(connect_apicurio: Connecting) -> None:
    for status, error in ((401, errors.CredentialsRefused), (503, errors.Unreachable), (301, errors.Garbled)):
        answer = httpx.Response(status)
        registry = await connect_apicurio(httpx.MockTransport(lambda request, answer=answer: answer))
        with pytest.raises(error):
            await registry.subjects()


async def test_the_two_faces_must_agree_on_numbers(connect_apicurio: Connecting) -> None:
    router = respx.Router()
    named = [version(version="one"), version(version="two", globalId=4)]
    router.get(path=VERSIONS).respond(json={"versions": named, "count": 2})
    face = router.get(path="/apis/ccompat/v7/subjects/s/versions").respond(json=[1])
    registry = await connect_apicurio(httpx.MockTransport(router.async_handler), **KNOWN)
    with pytest.raises(errors.Garbled, match="disagree"):
        await registry.versions("s")
    face.respond(json=[5, 3])
    assert await registry.versions("s") == [3, 5]
    face.respond(404, json={"error_code": 40401, "message": "none"})
    with pytest.raises(errors.Garbled):
        await registry.versions("s")


async def test_numbers_in_names_do_where_the_face_is_silent(connect_apicurio: Connecting) -> None:
    router = respx.Router()
    kept = [version(), version(version="4", globalId=4)]
    router.get(path=VERSIONS).respond(json={"versions": kept, "count": 2})
    router.get(path="/apis/ccompat/v7/subjects/s/versions").respond(404, json={"error_code": 40401, "message": "none"})
    registry = await connect_apicurio(httpx.MockTransport(router.async_handler), **KNOWN)
    assert await registry.versions("s") == [1, 4]


async def test_words_are_bounded_printable_and_without_secrets(connect_apicurio: Connecting) -> None:
    answer = told(500, "E", "line\nbreak\x1b[31m s3cret " + "x" * 10_000)
    auth = {"type": "bearer", "token": "s3cret"}
    registry = await connect_apicurio(httpx.MockTransport(lambda request: answer), auth=auth, **KNOWN)
    with pytest.raises(errors.RegistryFault) as raised:
        await registry.versions("s")
    assert len(str(raised.value)) < 2_200
    assert str(raised.value).isprintable()
    assert "s3cret" not in str(raised.value)


async def test_a_hanging_registry_ends_with_the_timeout(connect_apicurio: Connecting) -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError("not reached")

    registry = await connect_apicurio(httpx.MockTransport(hang), timeout=0.05, **KNOWN)
    with pytest.raises(errors.Unreachable, match=r"0\.05 s"):
        await registry.versions("s")


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("turn", range(1, 6))
@pytest.mark.parametrize("known", [0, 1])
async def test_a_registration_that_breaks_at_any_call_leaves_nothing_or_a_whole_version(
    known: int, turn: int, effect: bool, connect_apicurio: Connecting
) -> None:
    """The connection is lost before or after the effect of one call; the same request again ends in one version."""
    fake, asked = ApicurioFake(), -1_000
    inside = httpx.ASGITransport(app=fake)

    async def breaking(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        if asked != turn:
            return await inside.handle_async_request(request)
        if effect:
            await inside.handle_async_request(request)
        raise httpx.ReadError("reset")

    registry = await connect_apicurio(httpx.MockTransport(breaking), **KNOWN)
    await registry.register("base", sample(Format.AVRO))
    for variant in range(known):
        await registry.register("s", sample(Format.AVRO, variant))
    candidate = referring(Format.AVRO, "base", 1)
    asked = 0
    with suppress(errors.Unreachable):  # a question that was not needed may break unseen
        await registry.register("s", candidate)
    asked = 1_000
    stored = await registry.register("s", candidate)
    assert (stored.version, await registry.versions("s")) == (known + 1, list(range(1, known + 2)))
    assert (await registry.fetch("s")).schema == candidate


@pytest.mark.parametrize("permanent", [False, True])
@pytest.mark.parametrize("effect", [True, False])
async def test_a_delete_whose_answer_is_lost_is_whole_or_nothing(
    effect: bool, permanent: bool, connect_apicurio: Connecting
) -> None:
    fake = ApicurioFake()
    inside, broken = httpx.ASGITransport(app=fake), False

    async def breaking(request: httpx.Request) -> httpx.Response:
        if not broken or request.method != "DELETE":
            return await inside.handle_async_request(request)
        if effect:
            await inside.handle_async_request(request)
        raise httpx.ReadError("reset")

    registry = await connect_apicurio(httpx.MockTransport(breaking), **KNOWN)
    for variant in range(3):
        await registry.register("s", sample(Format.AVRO, variant))
    if permanent:
        await registry.delete("s")
    broken = True
    with pytest.raises(errors.Unreachable) as raised:
        await registry.delete("s", permanent=permanent)
    assert raised.value.sent
    left = [each.state for each in fake.state.all_versions()]
    undone = ["DISABLED" if permanent else "ENABLED"] * 3
    done = [] if permanent else ["DISABLED"] * 3
    assert left == (done if effect else undone)


async def test_over_real_sockets() -> None:
    facade = FakeApicurio()
    facade.start()
    registry = facade.translator()
    await registry.open()
    try:
        await registry.ping()
        facade.fake.lose_answers(method="POST", path=f"{CORE}/groups")
        with pytest.raises(errors.Unreachable) as raised:
            await registry.register("s", SCHEMA)
        assert raised.value.sent
        assert (await registry.register("s", SCHEMA)).version == 1
        assert facade.fake.calls[f"POST {CORE}/groups/{{group}}/artifacts"] == 1
    finally:
        await registry.close()
        facade.stop()
