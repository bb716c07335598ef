"""Who we are to an Apicurio Registry: basic, a token, and tokens of an identity provider that it names itself."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from decapolis_formats import Format
from decapolis_translators import errors
from decapolis_translators.apicurio import ApicurioConfig, ApicurioRegistry
from decapolis_translators.testing.fakes.apicurio import ApicurioFake
from decapolis_translators.testing.samples import sample
from tests.real_servers import real_server

from .conftest import Connecting

OIDC = {"type": "oidc", "client_id": "gateway", "client_secret": "s3cret"}
ISSUER = "http://idp.test/realms/registry"


class Network(httpx.AsyncBaseTransport):
    """The registry and, under another name, the identity provider in front of the same fake's token endpoint."""

    def __init__(self, fake: ApicurioFake, discovery: Any = None, status: int = 200) -> None:
        self._registry = httpx.ASGITransport(app=fake)
        self._discovery = discovery or {"token_endpoint": "http://registry.test/oauth/token"}
        self._status = status
        self.discovered = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "idp.test":
            return await self._registry.handle_async_request(request)
        assert request.url.path == "/realms/registry/.well-known/openid-configuration"
        assert "authorization" not in request.headers
        self.discovered += 1
        return httpx.Response(self._status, json=self._discovery)


@pytest.fixture
def fake() -> ApicurioFake:
    fake = ApicurioFake()
    fake.door.oauth = ("gateway", "s3cret")
    fake.identity = {"type": "oidc", "options": {"url": ISSUER, "clientId": "ui"}}
    return fake


async def test_basic_and_bearer(connect_apicurio: Connecting) -> None:
    fake = ApicurioFake()
    fake.door.basic = ("bob", "pa:ss")
    auth = {"type": "basic", "username": "bob", "password": "pa:ss"}
    assert await (await connect_apicurio(fake, auth=auth)).subjects() == []
    with pytest.raises(errors.CredentialsRefused):
        await (await connect_apicurio(fake)).ping()
    fake.door.basic, fake.door.bearer = None, "abc"
    assert await (await connect_apicurio(fake, auth={"type": "bearer", "token": "abc"})).subjects() == []


async def test_the_registry_names_its_identity_provider(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    network = Network(fake)
    registry = await connect_apicurio(network, auth=OIDC)
    await asyncio.gather(*(registry.subjects() for _ in range(20)))
    assert (fake.door.token_calls, network.discovered, fake.calls["GET uiConfig"]) == (1, 1, 1)


async def test_an_older_registry_does_too(connect_apicurio: Connecting) -> None:
    fake = ApicurioFake(older=True)
    fake.door.oauth = ("gateway", "s3cret")
    fake.identity = {"type": "oidc", "options": {"url": ISSUER}}
    assert (await (await connect_apicurio(Network(fake), auth=OIDC)).ping()).facts["api"] == "v2"


async def test_what_is_configured_is_not_asked_for(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    network = Network(fake)
    given = await connect_apicurio(network, auth={**OIDC, "token_url": "http://registry.test/oauth/token"})
    await given.subjects()
    assert network.discovered == 0
    issued = await connect_apicurio(network, auth={**OIDC, "issuer": ISSUER, "scope": "registry"})
    await issued.subjects()
    assert (network.discovered, fake.calls["GET uiConfig"]) == (1, 0)


async def test_a_refused_token_is_renewed_once(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(Network(fake), auth=OIDC)
    await registry.ping()
    fake.door.tokens.clear()
    await registry.subjects()
    assert fake.door.token_calls == 2
    fake.fail_next(401, times=2, path="/apis/registry/v3/search")
    with pytest.raises(errors.CredentialsRefused):
        await registry.subjects()
    assert fake.door.token_calls == 3


@pytest.mark.parametrize(
    "identity",
    [{"type": "none"}, {"type": "oidc"}, {"type": "oidc", "options": {"url": "ftp://x"}}, "oidc", None],
)
async def test_an_untold_identity_provider_is_asked_for_by_its_key(
    connect_apicurio: Connecting, fake: ApicurioFake, identity: Any
) -> None:
    fake.identity = identity
    registry = await connect_apicurio(Network(fake), auth=OIDC)
    with pytest.raises(errors.CredentialsRefused, match=r"auth\.token_url .* or auth\.issuer"):
        await registry.ping()


async def test_a_discovery_that_fails(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    with pytest.raises(errors.Unreachable, match="503"):
        await (await connect_apicurio(Network(fake, status=503), auth=OIDC)).ping()
    with pytest.raises(errors.CredentialsRefused, match="token_url"):
        await (await connect_apicurio(Network(fake, status=404), auth=OIDC)).ping()
    with pytest.raises(errors.CredentialsRefused, match="token_url"):
        await (await connect_apicurio(Network(fake, ["odd"]), auth=OIDC)).ping()
    fake.door.oauth = ("gateway", "another")
    with pytest.raises(errors.CredentialsRefused) as refused:
        await (await connect_apicurio(Network(fake), auth=OIDC)).ping()
    assert "s3cret" not in str(refused.value)


async def test_a_secret_does_not_leave_the_secure_part(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    registry = await connect_apicurio(Network(fake), url="https://registry.test", auth=OIDC)
    with pytest.raises(errors.CredentialsRefused, match="not secure"):
        await registry.ping()
    assert fake.door.token_calls == 0


async def test_the_next_address_is_asked_for_the_provider_too(connect_apicurio: Connecting, fake: ApicurioFake) -> None:
    network = Network(fake)

    async def one_dead(request: httpx.Request) -> httpx.Response:
        if request.url.host == "dead.test":
            raise httpx.ConnectError("refused")
        return await network.handle_async_request(request)

    url = "http://dead.test,http://registry.test"
    assert await (await connect_apicurio(httpx.MockTransport(one_dead), url=url, auth=OIDC)).subjects() == []


async def test_a_real_registry_behind_a_real_provider() -> None:
    """The blueprint's entry as it is written: the registry says where to log in, a spoilt token is renewed once."""
    issuer, reason = real_server("oidc", "DECAPOLIS_LIVE_OIDC")
    if reason is None:
        options = f"-Dquarkus.oidc.tenant-enabled=true -Dquarkus.oidc.auth-server-url={issuer}"
        url, reason = real_server("apicurio", "", (("APICURIO_OPTS", options),))
    if reason is not None:
        pytest.skip(reason)
    config = ApicurioConfig.model_validate({"url": url, "auth": OIDC, "timeout": 20})
    stranger = ApicurioRegistry("stranger", ApicurioConfig.model_validate({"url": url, "timeout": 20}))
    registry = ApicurioRegistry("oidc", config)
    await registry.open()
    await stranger.open()
    try:
        with pytest.raises(errors.CredentialsRefused):
            await stranger.ping()
        assert (await registry.ping()).facts["api"] == "v3"
        await registry.register("oidc-subject", sample(Format.AVRO))
        tokens: Any = registry._client._credentials
        tokens._token = f"{tokens._token}spoilt"
        assert "oidc-subject" in await registry.subjects()
        assert "spoilt" not in tokens._token
    finally:
        await registry.close()
        await stranger.close()
