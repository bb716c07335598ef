"""Who the type `aws_glue` is to AWS: keys, environment, profile, role; and what becomes of credentials that end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from decapolis_translators import errors
from decapolis_translators.testing.fakes import Loopback
from decapolis_translators.testing.fakes.glue import GlueFake

from .conftest import ConnectingGlue

ROLE = "arn:aws:iam::123456789012:role/schemas"
NOBODY: dict[str, Any] = {}


@pytest.fixture
def fake() -> GlueFake:
    fake = GlueFake()
    fake.guard.keys = {"AKIAKNOWN"}
    return fake


async def test_keys_of_the_configuration(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    good = {"aws_access_key_id": "AKIAKNOWN", "aws_secret_access_key": "s"}
    assert (await (await connect_glue(fake, who=good)).ping()).facts["exists"]
    bad = await connect_glue(fake, who={**good, "aws_access_key_id": "AKIASTRANGER"})
    with pytest.raises(errors.CredentialsRefused, match="unknown, expired or revoked"):
        await bad.ping()
    assert len(fake.requests) == 2, "configured keys do not change: they are not tried again"


async def test_a_session_token_goes_along(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    fake.guard.tokens["ASIATEMP"] = "token-1"
    who = {"aws_access_key_id": "ASIATEMP", "aws_secret_access_key": "s", "aws_session_token": "token-1"}
    assert await (await connect_glue(fake, who=who)).ping()
    with pytest.raises(errors.CredentialsRefused):
        await (await connect_glue(fake, who={**who, "aws_session_token": "token-2"})).ping()


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
async def test_keys_and_region_of_the_environment(
    variable: str, connect_glue: ConnectingGlue, fake: GlueFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = await connect_glue(fake, who=NOBODY, region=None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAKNOWN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    with pytest.raises(errors.RegistryFault, match="no AWS region: give `region`"):
        await registry.ping()
    monkeypatch.setenv(variable, "us-east-1")
    assert await registry.ping()


async def test_a_profile(
    connect_glue: ConnectingGlue, fake: GlueFake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "credentials"
    shared.write_text("[team]\naws_access_key_id = AKIAKNOWN\naws_secret_access_key = s\n")
    registry = await connect_glue(fake, who={"profile": "team"})
    strange = await connect_glue(fake, who={"profile": "nobodys"})
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    assert await registry.ping()
    with pytest.raises(errors.CredentialsRefused, match="nobodys"):
        await strange.ping()


async def test_changed_files_are_read_again_when_the_keys_end(
    connect_glue: ConnectingGlue, fake: GlueFake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "credentials"
    shared.write_text("[default]\naws_access_key_id = AKIAKNOWN\naws_secret_access_key = s\n")
    registry = await connect_glue(fake, who=NOBODY)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(shared))
    await registry.ping()
    fake.guard.keys = {"AKIANEXT"}
    with pytest.raises(errors.CredentialsRefused):
        await registry.ping()
    shared.write_text("[default]\naws_access_key_id = AKIANEXT\naws_secret_access_key = s\n")
    assert await registry.ping()


async def test_without_any_the_three_ways_are_named(connect_glue: ConnectingGlue, fake: GlueFake) -> None:
    registry = await connect_glue(fake, who=NOBODY)
    with pytest.raises(errors.CredentialsRefused) as raised:
        await registry.ping()
    for way in ("aws_access_key_id", "environment", "profile", "role_arn"):
        assert way in str(raised.value)
    assert not fake.requests


@pytest.fixture
def served(fake: GlueFake) -> Any:
    with Loopback(fake) as served:
        yield served.url


def role(url: str, **more: Any) -> dict[str, Any]:
    keys = {"aws_access_key_id": "AKIAKNOWN", "aws_secret_access_key": "s"}
    return {**keys, "role_arn": ROLE, "sts_endpoint_url": url, **more}


async def test_a_role_is_assumed_once_and_not_for_every_call(
    connect_glue: ConnectingGlue, fake: GlueFake, served: str
) -> None:
    fake.guard.external_id = "our-id"
    registry = await connect_glue(served, who=role(served, external_id="our-id", role_session_name="gateway"))
    assert fake.guard.assumed == 0, "nothing is asked before it is needed"
    for _ in range(3):
        await registry.ping()
    assert fake.guard.assumed == 1
    assert "ASIAFAKE00000001" in fake.requests[-1].headers["authorization"]
    assumed = next(request for request in fake.requests if b"AssumeRole" in request.body)
    assert b"RoleSessionName=gateway" in assumed.body


async def test_a_role_that_ends_is_assumed_again_in_time(
    connect_glue: ConnectingGlue, fake: GlueFake, served: str
) -> None:
    fake.guard.role_seconds = 60
    registry = await connect_glue(served, who=role(served))
    await registry.ping()
    await registry.ping()
    assert fake.guard.assumed > 1, "what ends within minutes is renewed before it is used"


async def test_a_session_that_was_revoked_is_replaced_once(
    connect_glue: ConnectingGlue, fake: GlueFake, served: str
) -> None:
    registry = await connect_glue(served, who=role(served))
    await registry.ping()
    fake.guard.expired.add("ASIAFAKE00000001")
    assert await registry.ping()
    assert fake.guard.assumed == 2
    fake.guard.expired.update({"ASIAFAKE00000002", "ASIAFAKE00000003"})
    with pytest.raises(errors.CredentialsRefused, match="expired"):
        await registry.ping()
    assert fake.guard.assumed == 3, "one new login, not a loop"


async def test_a_role_that_may_not_be_assumed_is_told(
    connect_glue: ConnectingGlue, fake: GlueFake, served: str
) -> None:
    fake.guard.external_id = "our-id"
    registry = await connect_glue(served, who=role(served, external_id="wrong-id"))
    with pytest.raises(errors.CredentialsRefused, match="role cannot be assumed") as raised:
        await registry.ping()
    assert "wrong-id" not in str(raised.value)
    nobody = await connect_glue(served, who={"role_arn": ROLE, "sts_endpoint_url": served})
    with pytest.raises(errors.CredentialsRefused, match="no credentials"):
        await nobody.ping()


async def test_making_the_client_does_not_stop_the_loop_nor_the_start(connect_glue: ConnectingGlue) -> None:
    before = time.monotonic()
    registry = await connect_glue("http://127.0.0.1:9", who=NOBODY)
    await registry.close()
    await registry.close()
    assert time.monotonic() - before < 0.2
