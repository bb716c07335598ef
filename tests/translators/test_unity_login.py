"""Who the type `unity_catalog` is: a token, a file with one, a service principal, an exchanged token."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from decapolis_translators import errors
from decapolis_translators.testing.fakes.unity_databricks import DatabricksFake
from decapolis_translators.testing.fakes.unity_oss import UnityOssFake

from .conftest import ConnectingUnity

MACHINE = {"dialect": "databricks", "warehouse_id": "wh-1", "client_id": "app", "client_secret": "h&sh: sécret"}
BASIC = ("app", "h%26sh%3A+s%C3%A9cret")


@pytest.fixture
def fake() -> UnityOssFake:
    return UnityOssFake()


@pytest.fixture
def bricks() -> DatabricksFake:
    return DatabricksFake()


async def test_without_credentials_no_authorization_is_sent(connect_unity: ConnectingUnity, fake: UnityOssFake) -> None:
    await (await connect_unity(fake)).ping()
    assert "authorization" not in fake.requests[-1].headers


@pytest.mark.parametrize("kind", ["oss", "databricks"])
async def test_a_token(kind: str, connect_unity: ConnectingUnity, fake: UnityOssFake, bricks: DatabricksFake) -> None:
    server: Any = fake if kind == "oss" else bricks
    server.door.bearer = "dapi-right"
    config = {"dialect": kind, **({"warehouse_id": "wh-1"} if kind == "databricks" else {})}
    await (await connect_unity(server, token="dapi-right", **config)).ping()
    assert server.requests[-1].headers["authorization"] == "Bearer dapi-right"
    before = len(server.requests)
    with pytest.raises(errors.CredentialsRefused, match="does not know our credentials"):
        await (await connect_unity(server, token="dapi-wrong", **config)).ping()
    assert len(server.requests) == before + 1, "a configured token does not change: it is not tried again"


async def test_a_token_in_a_file_is_read_again_when_it_is_refused(
    connect_unity: ConnectingUnity, fake: UnityOssFake, tmp_path: Path
) -> None:
    path = tmp_path / "token.txt"
    path.write_text("first\n")
    fake.door.bearer = "first"
    catalog = await connect_unity(fake, token_file=str(path))
    await catalog.ping()
    fake.door.bearer = "second"
    with pytest.raises(errors.CredentialsRefused):
        await catalog.ping()
    path.write_text("second\n")
    await catalog.ping()
    for content in ("", None):
        path.unlink() if content is None else path.write_text(content)
        with pytest.raises(errors.CredentialsRefused, match="token_file: "):
            await (await connect_unity(fake, token_file=str(path))).ping()


async def test_one_token_serves_a_hundred_calls(connect_unity: ConnectingUnity, bricks: DatabricksFake) -> None:
    bricks.door.oauth = BASIC
    catalog = await connect_unity(bricks, **MACHINE)
    await asyncio.gather(*(catalog.table("main.default.x") for _ in range(100)))
    assert bricks.door.token_calls == 1
    asked = next(each for each in bricks.requests if each.raw_path == "/oidc/v1/token")
    assert asked.body == b"grant_type=client_credentials&scope=all-apis"


async def test_a_refused_token_is_renewed_once(connect_unity: ConnectingUnity, bricks: DatabricksFake) -> None:
    bricks.door.oauth = BASIC
    catalog = await connect_unity(bricks, **MACHINE)
    await catalog.ping()
    bricks.door.tokens.clear()
    await asyncio.gather(*(catalog.table("main.default.x") for _ in range(20)))
    assert bricks.door.token_calls == 2


async def test_a_token_that_ends_while_a_list_is_read(
    connect_unity: ConnectingUnity, fake: UnityOssFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.subject_token = "id-token"
    fake.door.oauth = ("", "")
    for number in range(5):
        fake.state.make_schema("main", f"s{number}")
    catalog = await connect_unity(fake, subject_token="id-token")
    await catalog.ping()
    original = fake._dispatch

    def dispatching(request: Any) -> Any:
        if request.query.get("schema_name") == "s2" and fake.door.token_calls == 1:
            fake.door.tokens.clear()
        return original(request)

    monkeypatch.setattr(fake, "_dispatch", dispatching)
    assert await catalog.tables() == []
    assert fake.door.token_calls == 2


async def test_a_secret_in_a_file_may_be_rotated(
    connect_unity: ConnectingUnity, bricks: DatabricksFake, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    path.write_text("one")
    bricks.door.oauth = ("app", "one")
    config = {key: value for key, value in MACHINE.items() if key != "client_secret"}
    catalog = await connect_unity(bricks, **config, client_secret_file=str(path))
    await catalog.ping()
    path.write_text("two")
    bricks.door.oauth = ("app", "two")
    bricks.door.tokens.clear()
    await catalog.ping()
    assert bricks.door.token_calls == 2


async def test_the_exchange_of_the_open_source_server(
    connect_unity: ConnectingUnity, fake: UnityOssFake, tmp_path: Path
) -> None:
    path = tmp_path / "id-token"
    path.write_text("id-token")
    fake.subject_token = "id-token"
    fake.door.oauth = ("", "")
    for config in ({"subject_token": "id-token"}, {"subject_token_file": str(path)}):
        await (await connect_unity(fake, **config)).ping()
    assert fake.door.token_calls == 2
    assert "authorization" not in next(each for each in fake.requests if "tokens" in each.raw_path).headers
    with pytest.raises(errors.CredentialsRefused, match="token endpoint answered 401"):
        await (await connect_unity(fake, subject_token="another")).ping()
    fake.subject_token = None
    with pytest.raises(errors.CredentialsRefused, match="token endpoint answered 400"):
        await (await connect_unity(fake, subject_token="id-token")).ping()


async def test_another_identity_provider(connect_unity: ConnectingUnity, bricks: DatabricksFake) -> None:
    bricks.door.oauth = BASIC
    config = {**MACHINE, "token_url": "http://unity.test/oauth/token", "scope": "2ff814a6/.default"}
    await (await connect_unity(bricks, **config)).ping()
    assert bricks.requests[0].body == b"grant_type=client_credentials&scope=2ff814a6%2F.default"


@pytest.mark.parametrize("kind", ["token", "machine", "exchange"])
async def test_no_secret_is_ever_told(
    kind: str,
    connect_unity: ConnectingUnity,
    fake: UnityOssFake,
    bricks: DatabricksFake,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "s3cr3t-value"
    server: Any = bricks if kind == "machine" else fake
    if kind == "machine":
        bricks.door.oauth = ("app", secret)
        catalog = await connect_unity(bricks, **{**MACHINE, "client_secret": secret})
    elif kind == "exchange":
        fake.subject_token, fake.door.oauth = secret, ("", "")
        catalog = await connect_unity(fake, subject_token=secret)
    else:
        catalog = await connect_unity(fake, token=secret)
    await catalog.ping()
    token = server.requests[-1].headers["authorization"].removeprefix("Bearer ")
    told = [repr(catalog.settings), str(catalog.settings.model_dump())]
    for status in (400, 401, 403, 404, 409, 429, 500, 503):
        server.fail_next(status, {"error_code": "X", "message": f"you sent {token} and {secret}"}, times=2)
        with pytest.raises(errors.RegistryError) as raised:
            await catalog.tables()
        told.append(str(raised.value))
        assert raised.value.__cause__ is None
        server.calm()
    for text in (*told, caplog.text):
        assert secret not in text
        assert token not in text
    assert any("***" in text for text in told)
