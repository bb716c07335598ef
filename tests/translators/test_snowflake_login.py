"""Every way to log in to Snowflake, and the words for those that its SQL API does not know."""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from pydantic import ValidationError

from decapolis_translators import errors
from decapolis_translators.snowflake import SnowflakeConfig
from decapolis_translators.snowflake.login import account_name
from decapolis_translators.testing.catalog_suite import FIRST, model_of
from decapolis_translators.testing.fakes.snowflake import PAT, SnowflakeFake
from decapolis_translators.testing.fakes.snowflake_tables import HeldColumn

from .snowflake import STATEMENTS, URL, WHERE, opened


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def fake(key: rsa.RSAPrivateKey) -> SnowflakeFake:
    fake = SnowflakeFake()
    fake.guard.keys["GATEWAY"] = key.public_key()
    return fake


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, passphrase: str | None = None) -> str:
    kept: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        kept = BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kept).decode()


WHO = {"account": "xy12345.eu-central-1", "username": "gateway"}


async def test_a_key_pair_signs_once_for_many_calls(fake: SnowflakeFake, key: rsa.RSAPrivateKey) -> None:
    async with opened(fake, private_key=pem(key), **WHO) as catalog:
        for _ in range(5):
            await catalog.ping()
    assert len({each.headers["authorization"] for each in fake.requests}) == 1
    token = fake.requests[0].headers["authorization"].split()[1]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["sub"] == "XY12345.GATEWAY"
    assert claims["exp"] - claims["iat"] == 3_600
    assert fake.requests[0].headers["x-snowflake-authorization-token-type"] == "KEYPAIR_JWT"


async def test_a_key_with_a_passphrase(fake: SnowflakeFake, key: rsa.RSAPrivateKey) -> None:
    given = {"private_key": pem(key, "open sesame"), "private_key_passphrase": "open sesame"}
    async with opened(fake, **given, **WHO) as catalog:
        await catalog.ping()
    with pytest.raises(errors.RegistryFault, match="not the passphrase"):
        async with opened(fake, **{**given, "private_key_passphrase": "wrong"}, **WHO):
            pass


async def test_keys_that_cannot_be_used(fake: SnowflakeFake) -> None:
    for text, words in ((pem(ec.generate_private_key(ec.SECP256R1())), "an RSA key"), ("junk", "no key in PEM")):
        with pytest.raises(errors.RegistryFault, match=words):
            async with opened(fake, private_key=text, **WHO):
                pass


async def test_libraries_that_are_missing_are_named(
    fake: SnowflakeFake, key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(fake) as catalog:
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "sqlglot.expressions", None)
            with pytest.raises(errors.RegistryFault, match=r"install decapolis\[snowflake\]"):
                catalog.plan("orders-value", model_of(FIRST), None)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(errors.RegistryFault, match=r"install decapolis\[snowflake\]"):
        async with opened(fake, private_key="any", **WHO):
            pass


async def test_a_key_of_somebody_else(fake: SnowflakeFake) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    async with opened(fake, private_key=pem(other), **WHO) as catalog:
        with pytest.raises(errors.CredentialsRefused, match="JWT token is invalid"):
            await catalog.ping()
    assert fake.guard.refused == 2, "signed anew once, and then told"


async def test_what_expired_is_renewed_once(fake: SnowflakeFake, key: rsa.RSAPrivateKey) -> None:
    async with opened(fake, private_key=pem(key), **WHO) as catalog:
        fake.guard.expire_next = 1
        assert await catalog.tables() == []
        fake.guard.expire_next = 2
        with pytest.raises(errors.CredentialsRefused):
            await catalog.tables()


async def test_a_token_that_expires_between_two_parts(
    fake: SnowflakeFake, key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        fake.put(f"T{number}", HeldColumn("ID", "NUMBER(38,0)"))
    fake.partition_rows = 1
    async with opened(fake, private_key=pem(key), **WHO) as catalog:
        await catalog.ping()
        original = fake.engine.run

        def expiring(*given: Any) -> Any:
            fake.guard.expire_next = 1
            return original(*given)

        monkeypatch.setattr(fake.engine, "run", expiring)
        assert len(await catalog.tables()) == 3


async def test_a_programmatic_access_token_also_as_a_password(fake: SnowflakeFake) -> None:
    for given in ({"token": PAT}, {"username": "gateway", "password": PAT}):
        async with opened(fake, **given) as catalog:
            assert (await catalog.ping()).cluster_id == "XY12345"
    kinds = {each.headers["x-snowflake-authorization-token-type"] for each in fake.requests}
    assert kinds == {"PROGRAMMATIC_ACCESS_TOKEN"}


def test_a_plain_password_gets_the_reason_why_not() -> None:
    with pytest.raises(ValidationError) as caught:
        SnowflakeConfig.model_validate({**WHERE, "username": "gateway", "password": "hunter2"})
    words = str(caught.value)
    assert "knows only key pairs" in words
    assert "OAuth" in words
    assert "programmatic access token" in words
    assert "hunter2" not in words


async def test_a_wrong_token_gets_the_same_words(fake: SnowflakeFake) -> None:
    async with opened(fake, username="gateway", password="eyJx.eyJy.z") as catalog:
        with pytest.raises(errors.CredentialsRefused, match=r"knows only key pairs.*OAuth.*programmatic") as caught:
            await catalog.ping()
    assert "eyJx" not in str(caught.value)


async def test_oauth_by_a_token_and_by_client_credentials(fake: SnowflakeFake) -> None:
    fake.guard.oauth.add("from-elsewhere")
    async with opened(fake, oauth={"token": "from-elsewhere"}) as catalog:
        await catalog.ping()
    fake.door.oauth = ("gateway", "s3cret")
    fake.door.bearer = None
    given = {"token_url": f"{URL}/oauth/token", "client_id": "gateway", "client_secret": "s3cret"}
    async with opened(fake, oauth={**given, "scope": "session:role:GATEWAY"}) as catalog:
        for _ in range(100):
            await catalog.ping()
    assert fake.door.token_calls == 1
    assert fake.requests[-1].headers["x-snowflake-authorization-token-type"] == "OAUTH"
    assert fake.calls[STATEMENTS] == 101


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "exactly one way"),
        ({"token": PAT, "oauth": {"token": "x"}}, "exactly one way"),
        ({"private_key": "x"}, "needs username and account"),
        ({"oauth": {"token": "x", "client_id": "y"}}, "either oauth.token"),
        ({"oauth": {}}, "either oauth.token"),
        ({"oauth": {"token_url": "https://idp", "client_id": "y"}}, "either oauth.token"),
        ({"token": PAT, "account": "a/b", "url": None}, "account: an identifier"),
        ({"token": PAT, "database": "a.b"}, "database"),
        ({"token": PAT, "colour": "red"}, "colour"),
    ],
)
def test_configurations_that_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        SnowflakeConfig.model_validate({**WHERE, **given})


@pytest.mark.parametrize(
    ("account", "url", "name"),
    [
        ("myorg-my_account", "https://myorg-my-account.snowflakecomputing.com", "MYORG-MY_ACCOUNT"),
        ("xy12345.eu-central-1", "https://xy12345.eu-central-1.snowflakecomputing.com", "XY12345"),
        ("acc-ext123.global", "https://acc-ext123.global.snowflakecomputing.com", "ACC"),
    ],
)
def test_an_account_has_its_address_and_its_name(account: str, url: str, name: str) -> None:
    config = SnowflakeConfig.model_validate({"account": account, "database": "DB", "token": PAT})
    assert config.url == (url,)
    assert config.schema_name == "PUBLIC"
    assert account_name(account) == name


async def test_roles_and_warehouses_go_along(fake: SnowflakeFake) -> None:
    async with opened(fake, role="GATEWAY") as catalog:
        assert (await catalog.ping()).facts["role"] == "GATEWAY"
    body = json.loads(fake.requests[0].body)
    assert (body["role"], body["warehouse"], body["database"], body["schema"]) == (
        "GATEWAY",
        "COMPUTE_WH",
        "DB",
        "PUBLIC",
    )
    async with opened(fake, role="STRANGER") as catalog:
        with pytest.raises(errors.CredentialsRefused, match="role is not granted"):
            await catalog.ping()
