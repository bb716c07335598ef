"""Every answer after a write tells of it, also where the path names another subject than the one that changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.conftest import Client, record

READINGS = ["/subjects/{}/versions/latest", "/subjects/{}/versions", "/subjects/{}/versions/latest/schema"]


@pytest.fixture(params=["itself", "spelled with its context", "alias", "other context"])
async def names(request: pytest.FixtureRequest, client: Client) -> tuple[str, str]:
    """The name that is read, and the name that is written."""
    if request.param == "alias":
        await client.put("/config/nickname", json={"alias": "s"})
        return "nickname", "s"
    pairs = {"itself": ("s", "s"), "spelled with its context": (":.:s", "s"), "other context": ("s", ":.c:s")}
    read, written = pairs[request.param]
    return read, written


@pytest.mark.parametrize("reading", READINGS)
async def test_readings(client: Client, names: tuple[str, str], reading: str) -> None:
    read, written = names
    await client.registered(written, record("a"))
    before = [(await client.get(reading.format(read))).content for _ in range(2)]
    await client.registered(written, record("a", "b=0"))
    after = await client.get(reading.format(read))
    if written.startswith(":.c") and reading.endswith("versions"):
        assert after.status_code == 404  # numbers are not searched for in other contexts
    else:
        assert (after.status_code, before[0]) == (200, before[1])
        assert after.content != before[0]


async def test_lookups_and_checks(client: Client, names: tuple[str, str]) -> None:
    read, written = names
    await client.registered(written, record("a"))
    wanted: dict[str, Any] = {"schema": '"int"'}
    for _ in range(2):
        assert (await client.post(f"/subjects/{read}", json=wanted)).status_code == 404
    await client.put(f"/config/{written}", json={"compatibility": "NONE"})
    await client.registered(written, '"int"')
    found = await client.post(f"/subjects/{read}", json=wanted)
    assert found.json()["version"] == 2
    await client.put(f"/config/{written}", json={"compatibility": "BACKWARD"})
    check = f"/compatibility/subjects/{read}/versions/latest"
    expected = {"is_compatible": True}
    assert (await client.post(check, json=wanted)).json() == expected
    assert (await client.delete(f"/subjects/{written}/versions/2")).json() == 2
    expected = {"is_compatible": written.startswith(":.c")}  # checks do not look into other contexts
    assert (await client.post(check, json=wanted)).json() == expected
    assert (await client.post(f"/subjects/{read}", json=wanted)).status_code == 404


async def test_a_name_that_comes_to_life_in_its_own_context(client: Client) -> None:
    await client.registered(":.c:s", '"int"')
    assert (await client.get("/subjects/s/versions/1")).json()["subject"] == ":.c:s"
    await client.registered("s", '"string"')
    assert (await client.get("/subjects/s/versions/1")).json()["subject"] == "s"
