"""Levels that come one by one are read in the background; an overview then asks for none of them."""

from __future__ import annotations

import httpx

from decapolis.operations.levels import READ_AT_ONCE, Turns, read_levels
from decapolis.operations.overview import levels_of

from .conftest import Client, Running, entry, fake_of, record
from .test_many_registries import Fakes

CONFIG = "GET /config/{subject}"


async def _some(client: Client) -> None:
    for number in range(5):
        await client.registered(f"s{number}", record("a"))
    assert (await client.put("/config/s1", json={"compatibility": "FULL"})).status_code == 200


async def test_an_overview_costs_no_call_a_subject(gateways: Running, fakes: Fakes) -> None:
    there = fakes()
    fast = {**entry("there", there), "resilience": {"deadline": 5.0, "calls_per_second": 1000}}
    client = await gateways(fast, home="there", cache={"seconds": 0})
    await _some(client)
    gateway = client.application.gateway
    assert gateway is not None
    registry = gateway.registries.at("there")
    turns = Turns()
    names = [f"s{number}" for number in range(5)]
    assert await read_levels(gateway, registry, names, turns) == 5
    snapshot = await registry.levels_snapshot()
    assert {name: snapshot[name] for name in names} == {**dict.fromkeys(names), "s1": "FULL"}
    before = fake_of(there).calls[CONFIG]
    levels = await levels_of(gateway, registry)
    assert levels.subjects == {"s1": "FULL"}
    assert fake_of(there).calls[CONFIG] == before, "all of it was known"
    # a change through the gateway is not answered from before it
    assert (await client.put("/config/s2", json={"compatibility": "NONE"})).status_code == 200
    assert (await levels_of(gateway, registry)).subjects == {"s1": "FULL", "s2": "NONE"}
    assert (await client.delete("/config/s1")).status_code == 200
    assert (await levels_of(gateway, registry)).subjects == {"s2": "NONE"}
    # a change by others is found by the background
    async with httpx.AsyncClient(base_url=there.url) as native:
        assert (await native.put("/config/s3", json={"compatibility": "FORWARD"})).status_code == 200
    assert await read_levels(gateway, registry, names, turns) == 5
    assert (await levels_of(gateway, registry)).subjects == {"s2": "NONE", "s3": "FORWARD"}


def test_turns_take_the_unread_first_and_then_the_oldest() -> None:
    turns, names = Turns(), [f"s{number:02}" for number in range(READ_AT_ONCE + 5)]
    first = turns.next(names, (), READ_AT_ONCE)
    assert first == names[:READ_AT_ONCE]
    second = turns.next(names, first, READ_AT_ONCE)
    assert second[:5] == names[READ_AT_ONCE:]
    assert second[5:] == names[: READ_AT_ONCE - 5]
    assert turns.next(["new", *names], names, 1) == ["new"]
