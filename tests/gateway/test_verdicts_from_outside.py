"""Verdicts as somebody outside sees them, in front of registries of others: through the front, a door, and in time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from decapolis_translators.testing.fakes import Loopback
from tests.gateway.conftest import Client, Running, code, entry, fake_of, record
from tests.gateway.policed import Policed, gateway_of

Fakes = Callable[..., Loopback]
FLOOR = {"name": "base", "floor": "BACKWARD_TRANSITIVE"}
A = record("a")
MORE = record("a", "b=0")
AS_TEXT = record({"name": "a", "type": "string"})


async def asked(client: Client, where: str, schema: Any) -> httpx.Response:
    return await client.post(f"{where}?verbose=true", json={"schema": json.dumps(schema)})


@pytest.fixture
async def fronted(policed: Policed, fakes: Fakes) -> tuple[Client, Loopback]:
    """A gateway under a floor, in front of one registry that would take everything."""
    main = fakes()
    async with httpx.AsyncClient(base_url=main.url) as there:
        await there.put("/config", json={"compatibility": "NONE"})
    policed.write(FLOOR)
    client = await policed._gateways(entry("main", main), home="main", policies_file=str(policed.path))
    return client, main


async def test_a_floor_is_enforced_before_any_write(fronted: tuple[Client, Loopback]) -> None:
    client, main = fronted
    await client.registered("s", A)
    before = fake_of(main).writes
    assert code(await client.register("s", AS_TEXT)) == (409, 409)
    assert fake_of(main).writes == before


async def test_deleting_for_good_in_a_registry_of_others_is_no_way_round(fronted: tuple[Client, Loopback]) -> None:
    client, main = fronted
    await client.registered("s", A)
    await client.registered("s", MORE)
    for path in ("/subjects/s", "/subjects/s?permanent=true"):
        assert (await client.delete(path)).status_code == 200
    async with httpx.AsyncClient(base_url=main.url) as there:
        assert (await there.get("/subjects?deleted=true")).json() == []
    before = fake_of(main).writes
    assert code(await client.register("s", AS_TEXT)) == (409, 409)
    assert code(await client.register("s", record("a", {"name": "b", "type": "string", "default": ""}))) == (409, 409)
    assert fake_of(main).writes == before
    await client.registered("s", record("a", "b=0", "c=0"))
    trail = await gateway_of(client).audit.newest()
    assert [entry["outcome"] for entry in trail if entry["action"] == "register"][:3] == ["done", "refused", "refused"]


async def test_a_door_judges_one_version_or_the_latest(fronted: tuple[Client, Loopback]) -> None:
    client, _ = fronted
    await client.registered("s", A)
    await client.registered("s", MORE)
    door = "/registries/main/compatibility/subjects/s/versions"
    second = record("a", {"name": "b", "type": "string", "default": ""})
    assert (await asked(client, f"{door}/1", second)).json() == {"is_compatible": True, "messages": []}
    answer = (await asked(client, f"{door}/latest", second)).json()
    assert answer["is_compatible"] is False
    told = " ".join(answer["messages"])
    # rule, path and version
    assert all(part in told for part in ("TYPE_MISMATCH", "/fields/1/type", "{oldSchemaVersion: 2}"))
    assert code(await asked(client, f"{door}/7", second)) == (404, 40402)


async def test_a_transitive_level_names_the_version_that_fails(fronted: tuple[Client, Loopback]) -> None:
    client, _ = fronted
    for schema in (A, record("a=0", "b=0"), record("b=0")):
        await client.registered("s", schema)
    answer = (await asked(client, "/compatibility/subjects/s/versions", record("b=0", "a"))).json()
    assert answer["is_compatible"] is False
    assert "{oldSchemaVersion: 3}" in answer["messages"]
    assert (await asked(client, "/compatibility/subjects/s/versions/1", record("b=0", "a"))).json()["is_compatible"]


async def test_a_registry_that_refuses_is_named(gateways: Running, fakes: Fakes) -> None:
    """A registry's own judgement can only add a refusal, and it is passed on with its name."""
    main = fakes()
    client = await gateways(entry("main", main), home="main")
    await client.registered("s", A)
    fake_of(main).judge = lambda candidate, history, level: [f"not here, says {level}"]
    answer = await client.register("s", MORE)
    assert code(answer) == (409, 409)
    assert "registry main refuses it" in answer.json()["message"]
    assert "not here, says BACKWARD" in answer.json()["message"]
    fake_of(main).judge = lambda candidate, history, level: []
    assert code(await client.register("s", AS_TEXT)) == (409, 409)


def wide(fields: int, salt: int = 0) -> dict[str, Any]:
    return record(*(f"f{at}=0" for at in range(fields)), f"g{salt}=0")


async def test_checks_of_60_fields_after_10_versions_take_less_than_two_seconds(
    fronted: tuple[Client, Loopback],
) -> None:
    client, main = fronted
    for at in range(10):
        await client.registered("s", wide(50 + at))
    fake_of(main).latency = 0.05
    took = []
    for at in range(40):
        began = time.perf_counter()
        answer = await asked(client, "/compatibility/subjects/s/versions", wide(60, at))
        took.append(time.perf_counter() - began)
        assert answer.json()["is_compatible"] is True
    assert sorted(took)[-2] < 2
