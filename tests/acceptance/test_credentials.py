"""What a gateway is told by a registry that wants credentials (rows 20, 33, 39, 133)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from decapolis_translators.testing.fakes import CONFLUENT_8, KARAPACE_6, REDPANDA_24, Loopback
from decapolis_translators.testing.fakes.profiles import Profile
from tests.gateway.conftest import Running, code, entry, fake_of, fakes, gateways

__all__ = ["fakes", "gateways"]

SECRET = "pa:ss-word-that-nobody-may-see"
TYPES = {"confluent": CONFLUENT_8, "karapace": KARAPACE_6, "redpanda": REDPANDA_24}


@pytest.mark.parametrize(
    ("kind", "way"), [("confluent", "basic"), ("confluent", "token"), ("karapace", "basic"), ("redpanda", "basic")]
)
async def test_right_ones_pass_and_wrong_ones_are_told_without_the_secret(
    gateways: Running, fakes: Callable[[Profile], Loopback], kind: str, way: str
) -> None:
    registry = fakes(TYPES[kind])
    right: dict[str, Any] = {"username": "bob", "password": SECRET} if way == "basic" else {"token": SECRET}
    door = fake_of(registry).door
    door.basic, door.bearer = (("bob", SECRET), None) if way == "basic" else (None, SECRET)
    config = {"url": registry.url, **right}
    client = await gateways({**entry("there", registry, kind), "config": config}, home="there")
    assert await client.registered("s", '"int"') == 1
    door.basic, door.bearer = (("bob", "changed"), None) if way == "basic" else (None, "changed")
    answer = await client.register("t", '"int"')
    assert code(answer) == (500, 50003)
    health = (await client.get("/health/ready")).text
    encoded = base64.b64encode(f"bob:{SECRET}".encode()).decode()
    for said in (answer.json()["message"], health):
        assert "credentials" in said.lower()
        assert SECRET not in said
        assert encoded not in said
