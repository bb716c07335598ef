"""Who we are to a registry, which of its URLs we ask, and that secrets stay secret."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest
import respx
from pydantic import ValidationError

from decapolis_formats import Format, Schema
from decapolis_translators import errors
from decapolis_translators.confluent import ConfluentConfig, DialectConfig
from decapolis_translators.confluent.credentials import ClientCredentials
from decapolis_translators.testing.fakes import CONFLUENT_8, REDPANDA_24, DialectFake, Loopback
from decapolis_translators.tracing import outbound_headers

from .conftest import TYPES, Opening

OAUTH = {
    "token_url": "http://registry.test/oauth/token",
    "client_id": "gate",
    "client_secret": "h&sh: sécret",
}


@pytest.fixture
def fake() -> DialectFake:
    return DialectFake(CONFLUENT_8)


@pytest.mark.parametrize("kind", TYPES)
async def test_without_credentials_no_authorization_is_sent(kind: str, connect: Opening, fake: DialectFake) -> None:
    await (await connect(kind, fake)).subjects()
    assert "authorization" not in fake.requests[-1].headers


@pytest.mark.parametrize("kind", TYPES)
async def test_basic(kind: str, connect: Opening, fake: DialectFake) -> None:
    fake.door.basic = ("bob", "pa:ss wörd")
    assert await (await connect(kind, fake, username="bob", password="pa:ss wörd")).subjects() == []
    with pytest.raises(errors.CredentialsRefused):
        await (await connect(kind, fake, username="bob", password="wrong-password")).subjects()
    with pytest.raises(errors.CredentialsRefused):
        await (await connect(kind, fake)).ping()


@pytest.mark.parametrize("kind", TYPES)
async def test_bearer(kind: str, connect: Opening, fake: DialectFake) -> None:
    fake.door.bearer = "abc.def"
    assert await (await connect(kind, fake, token="abc.def")).subjects() == []
    with pytest.raises(errors.CredentialsRefused):
        await (await connect(kind, fake, token="abc.xyz")).subjects()


async def test_redpandas_own_code_for_missing_credentials(connect: Opening) -> None:
    fake = DialectFake(REDPANDA_24)
    fake.door.basic = ("bob", "s3cret")
    with pytest.raises(errors.CredentialsRefused):
        await (await connect("redpanda", fake)).subjects()


async def test_one_token_serves_a_hundred_calls(connect: Opening, fake: DialectFake) -> None:
    fake.door.oauth = ("gate", "h%26sh%3A+s%C3%A9cret")
    routing = {"logical_cluster": "lsrc-1", "identity_pool": "pool-1", "scope": "registry"}
    registry = await connect("confluent", fake, oauth=OAUTH | routing)
    await asyncio.gather(*(registry.subjects() for _ in range(100)))
    assert fake.door.token_calls == 1
    assert fake.requests[-1].headers["target-sr-cluster"] == "lsrc-1"
    assert fake.requests[-1].headers["confluent-identity-pool-id"] == "pool-1"
    assert b"scope=registry" in fake.requests[0].body


async def test_a_refused_token_is_renewed_once(connect: Opening, fake: DialectFake) -> None:
    fake.door.oauth = ("gate", "h%26sh%3A+s%C3%A9cret")
    registry = await connect("confluent", fake, oauth=OAUTH)
    await registry.subjects()
    fake.door.tokens.clear()
    await asyncio.gather(*(registry.subjects() for _ in range(20)))
    assert fake.door.token_calls == 2
    fake.fail_next(401, {"error_code": 401, "message": "no"}, times=2, path="/subjects")
    with pytest.raises(errors.CredentialsRefused):
        await registry.subjects()
    assert fake.door.token_calls == 3


async def test_a_spent_token_is_replaced_before_use(
    connect: Opening, fake: DialectFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.door.oauth = ("gate", "h%26sh%3A+s%C3%A9cret")
    fake.door.token_lifetime = 100
    registry = await connect("confluent", fake, oauth=OAUTH)
    await registry.subjects()
    now = time.monotonic()
    monkeypatch.setattr("decapolis_translators.http.credentials.time.monotonic", lambda: now + 95)
    await registry.subjects()
    assert fake.door.token_calls == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(401, json={"error": "invalid_client"}), errors.CredentialsRefused),
        (httpx.Response(503), errors.Unreachable),
        (httpx.Response(200, text="<html>"), errors.Garbled),
        (httpx.Response(200, json={"access_token": ""}), errors.Garbled),
        (httpx.Response(200, json={"access_token": 5}), errors.Garbled),
        (httpx.Response(200, json=["token"]), errors.Garbled),
        (httpx.Response(200, json={"access_token": "t", "expires_in": "soon"}), errors.Garbled),
        (httpx.ConnectError("refused"), errors.Unreachable),
    ],
)
async def test_a_token_endpoint_that_fails(answer: Any, error: type[errors.RegistryError], connect: Opening) -> None:
    router = respx.Router()
    router.post(path="/oauth/token").mock(
        **({"side_effect": answer} if isinstance(answer, Exception) else {"return_value": answer})
    )
    registry = await connect("confluent", httpx.MockTransport(router.async_handler), oauth=OAUTH)
    with pytest.raises(error) as raised:
        await registry.subjects()
    assert "sécret" not in str(raised.value)


async def test_trace_headers_travel_and_never_replace_ours(connect: Opening, fake: DialectFake) -> None:
    fake.door.bearer = "abc"
    registry = await connect("confluent", fake, token="abc", headers={"X-Tenant": "t1"})
    mark = outbound_headers.set({"X-Request-ID": "r-1", "traceparent": "00-1-2-01", "Authorization": "Bearer other"})
    try:
        await registry.subjects()
    finally:
        outbound_headers.reset(mark)
    sent = fake.requests[-1].headers
    assert (sent["x-request-id"], sent["traceparent"], sent["x-tenant"]) == ("r-1", "00-1-2-01", "t1")
    assert sent["authorization"] == "Bearer abc"
    assert sent["confluent-accept-unknown-properties"] == "true"


async def test_the_next_url_is_asked_when_one_is_dead(connect: Opening) -> None:
    router = respx.Router()
    dead = router.route(host="one.test").mock(side_effect=httpx.ConnectError("refused"))
    alive = router.route(host="two.test").mock(return_value=httpx.Response(200, json=[]))
    url = "http://one.test, http://two.test/"
    registry = await connect("confluent", httpx.MockTransport(router.async_handler), url=url)
    await registry.subjects()
    await registry.subjects()
    assert (dead.call_count, alive.call_count) == (1, 2), "the one that answered is asked first"


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateways_trouble_sends_reads_but_no_writes_elsewhere(status: int, connect: Opening) -> None:
    router = respx.Router()
    router.route(host="one.test").mock(return_value=httpx.Response(status))
    second = router.route(host="two.test").mock(return_value=httpx.Response(200, json=[1]))
    urls = ["http://one.test", "http://two.test"]
    registry = await connect("confluent", httpx.MockTransport(router.async_handler), url=urls)
    with pytest.raises(errors.Unreachable):
        await registry.delete("s")
    assert second.call_count == 0
    assert await registry.versions("s") == [1]


async def test_a_write_goes_elsewhere_only_when_it_cannot_have_been_sent(connect: Opening) -> None:
    router = respx.Router()
    first = router.route(host="one.test").mock(side_effect=httpx.ReadError("reset"))
    second = router.route(host="two.test").mock(return_value=httpx.Response(200, json=[1]))
    urls = ["http://one.test", "http://two.test"]
    registry = await connect("confluent", httpx.MockTransport(router.async_handler), url=urls)
    with pytest.raises(errors.Unreachable) as raised:
        await registry.delete("s")
    assert raised.value.sent
    assert second.call_count == 0
    first.mock(side_effect=httpx.ConnectError("refused"))
    assert await registry.delete("s") == [1]


async def test_all_urls_dead_is_unreachable(connect: Opening) -> None:
    router = respx.Router()
    router.route().mock(side_effect=httpx.ConnectError("refused"))
    urls = ["http://one.test", "http://two.test"]
    registry = await connect("confluent", httpx.MockTransport(router.async_handler), url=urls)
    with pytest.raises(errors.Unreachable):
        await registry.subjects()


async def test_failover_over_real_sockets() -> None:
    registry_type = TYPES["confluent"]
    fake = DialectFake()
    with Loopback(fake) as alive:
        config = registry_type.Config.model_validate({"url": ["http://127.0.0.1:9", alive.url]})
        registry = registry_type("two", config)
        await registry.open()
        assert await registry.subjects() == []
        await registry.register("s", Schema(Format.AVRO, '"string"'))
        fake.reset(times=2)
        with pytest.raises(errors.Unreachable):
            await registry.subjects()
        await registry.versions("s")
        fake.lose_answers()
        with pytest.raises(errors.Unreachable) as raised:
            await registry.delete("s")
        assert raised.value.sent
        assert fake.calls["DELETE /subjects/{subject}"] == 1
        with pytest.raises(errors.SubjectSoftDeleted):
            await registry.delete("s")
        await registry.close()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "url"),
        ({"url": "ftp://h"}, "http"),
        ({"url": "http://bob:s3cret@h"}, "credentials"),
        ({"url": "http://h?x=1"}, "query"),
        ({"url": "http://"}, "host"),
        ({"url": "http://h:port"}, "URL"),
        ({"url": 5}, "url"),
        ({"url": []}, "url"),
        ({"url": "http://h", "username": "bob"}, "belong together"),
        ({"url": "http://h", "username": "bob", "password": "s3cret", "token": "s3cret"}, "at most one"),
        ({"url": "http://h", "tls": {"key": "k.pem"}}, "tls.cert"),
        ({"url": "http://h", "timeout": 0}, "timeout"),
        ({"url": "http://h", "usrname": "s3cret"}, "usrname"),
    ],
)
def test_a_wrong_configuration_is_refused_without_its_secrets(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        DialectConfig.model_validate(config)
    assert "s3cret" not in str(refused.value)


def test_a_url_is_one_or_several() -> None:
    def urls(given: Any) -> tuple[str, ...]:
        return ConfluentConfig.model_validate({"url": given}).url

    assert urls("http://a/") == ("http://a",)
    assert urls("http://a/x/,https://b") == ("http://a/x", "https://b")
    assert urls(["http://a", "http://b"]) == ("http://a", "http://b")
    assert "anyOf" in ConfluentConfig.model_json_schema()["properties"]["url"]


async def test_secrets_never_print(connect: Opening) -> None:
    secrets = ["s3cret-password", "s3cret-client", "s3cret-header"]
    config = {"username": "bob", "password": secrets[0], "headers": {"X-Key": secrets[2]}}
    echo = httpx.Response(
        500, json={"error_code": 50001, "message": f"you sent {secrets} Ym9iOnMzY3JldC1wYXNzd29yZA=="}
    )
    registry = await connect("confluent", httpx.MockTransport(lambda request: echo), **config)
    with pytest.raises(errors.RegistryFault) as raised:
        await registry.subjects()
    assert "s3cret-password" not in str(raised.value)
    assert "s3cret-header" not in str(raised.value)
    assert "Ym9i" not in str(raised.value)
    told = [
        repr(registry),
        repr(registry.settings),
        registry.settings.model_dump_json(),
        repr(vars(registry)),
    ]
    assert not any(secret in text for secret in secrets for text in told)


async def test_a_newer_token_survives_the_refusal_of_an_older_one() -> None:
    config = DialectConfig.model_validate({"url": "http://h", "oauth": OAUTH}).oauth
    assert config is not None

    async def post(*_: Any) -> Any:
        raise AssertionError("not asked")

    credentials = ClientCredentials(config, post)
    credentials._token, credentials._spent_at = "newer", time.monotonic() + 99
    assert credentials.renew({"Authorization": "Bearer older"})
    assert (await credentials.headers())["Authorization"] == "Bearer newer"
