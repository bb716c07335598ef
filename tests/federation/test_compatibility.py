"""One candidate in many registries, and who is held to what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from decapolis_translators.testing.fakes import CONFLUENT_8, KARAPACE_6, Loopback

from .conftest import Api, Apis, entry, fake_of, record

Fakes = Callable[..., Loopback]
SUBJECTS = "/registries/embedded/subjects"


def text(*fields: Any) -> str:
    return json.dumps(record(*fields))


async def put(api: Api, registry: str, subject: str, content: str) -> None:
    await api.post(f"/registries/{registry}/subjects/{subject}/versions", {"schema_content": content}, 201)


@pytest.mark.parametrize(
    ("level", "candidates"),
    [
        ("BACKWARD", {("a", "b"): False, (): True, ("a", "b=0"): True}),
        ("FORWARD", {("a", "b"): True, (): False, ("a", "b=0"): True}),
        ("FULL", {("a", "b"): False, (): False, ("a", "b=0"): True}),
    ],
)
async def test_each_direction_by_target_mode(api: Api, level: str, candidates: dict[tuple[str, ...], bool]) -> None:
    """Acceptance rows 109 to 111."""
    await put(api, "embedded", "s", text("a"))
    for fields, expected in candidates.items():
        body = {
            "registry_id": "embedded",
            "subject": "s",
            "schema_content": text(*fields),
            "target_mode": level.lower(),
        }
        verdict = (await api.post("/compatibility/check", body))["embedded"]
        assert verdict["is_compatible"] is expected, fields
        assert verdict["mode"] == verdict["compatibility_level"] == level
        assert bool(verdict["messages"]) is not expected
        assert verdict["errors"] == []


async def test_a_transitive_level_names_the_version_that_fails(api: Api) -> None:
    """Acceptance row 112."""
    for fields in (("a",), ("a", "b=0")):
        await put(api, "embedded", "s", text(*fields))
    body = {"subject": "s", "schema_content": text("a", "b")}
    assert (await api.post("/compatibility/check", {**body, "target_mode": "BACKWARD"}))["embedded"]["is_compatible"]
    verdict = (await api.post("/compatibility/check", {**body, "target_mode": "BACKWARD_TRANSITIVE"}))["embedded"]
    assert not verdict["is_compatible"]
    assert {each["version"] for each in verdict["violations"]} == {1}
    assert verdict["versions"] == [1, 2]
    only = (await api.post("/compatibility/check", {**body, "version": 2}))["embedded"]
    assert (only["is_compatible"], only["versions"]) == (True, [2])


async def test_three_registries_in_one_call(apis: Apis, fakes: Fakes) -> None:
    one, two, dead = fakes(), fakes(KARAPACE_6), fakes()
    api = await apis(entry("one", one), entry("two", two, "karapace"), entry("dead", dead), home="one")
    for name in ("one", "two", "dead"):
        await put(api, name, "s", text("a"))
    fake_of(dead).fail_next(500, times=1000)
    for each in (one, two):
        fake_of(each).judge = lambda candidate, history, level: ["b has no default"] if history else []
    body = {"subject": "s", "schema_content": text("a", "b")}
    answer = await api.ask("POST", "/compatibility/check", body)
    assert answer.headers["x-decapolis-partial"] == "true"
    found = answer.json()
    assert list(found) == ["one", "two", "dead"]
    assert set(found["dead"]) == {"error", "code"}
    for name in ("one", "two"):
        assert not found[name]["is_compatible"]
        assert found[name]["native"]["is_compatible"] is False
        assert not found[name]["disagreement"]
    # the blueprint's other style, and a registry that would say something else
    fake_of(one).calm()
    query = {"subject": "s", "schema_content": text("a", "b"), "schema_format": "AVRO", "registry_ids": "one,two"}
    assert list((await api.ask("POST", "/compatibility/check", params=query)).json()) == ["one", "two"]
    lax = {**body, "registries": ["one"], "target_mode": "NONE"}
    verdict = (await api.post("/compatibility/check", lax))["one"]
    assert (verdict["is_compatible"], verdict["native"]["is_compatible"], verdict["disagreement"]) == (
        True,
        False,
        True,
    )


async def test_calls_are_made_together(apis: Apis, fakes: Fakes) -> None:
    """Acceptance row 10: three registries cost less than three times one."""
    loopbacks = [fakes(CONFLUENT_8) for _ in range(3)]
    api = await apis(*(entry(f"r{n}", each) for n, each in enumerate(loopbacks)), home="r0")
    for number, each in enumerate(loopbacks):
        await put(api, f"r{number}", "s", text("a"))
        fake_of(each).latency = 0.15
    loop = asyncio.get_running_loop()

    async def timed(**more: Any) -> float:
        began = loop.time()
        await api.post("/compatibility/check", {"subject": "s", "schema_content": text("a", "c=1"), **more})
        return loop.time() - began

    together = await timed()
    single = [await timed(registries=[f"r{n}"]) for n in range(3)]
    assert together < sum(single) * 0.8


async def test_bad_candidates_are_told_in_errors(api: Api) -> None:
    await put(api, "embedded", "s", text("a"))
    verdict = (await api.post("/compatibility/check", {"subject": "s", "schema_content": "{"}))["embedded"]
    assert not verdict["is_compatible"]
    assert verdict["errors"]
    refused = await api.refused(
        "POST", "/compatibility/check", {"subject": "s", "schema_content": "x", "schema_format": "xml"}
    )
    assert refused[:2] == (400, "unknown-format")
    for name in ("avro", "protobuf", "json_schema", "iceberg", "parquet", "openapi", "asyncapi", "sql_ddl"):
        assert name in refused[2]
    refused = await api.refused(
        "POST", "/compatibility/check", {"subject": "s", "schema_content": "x", "target_mode": "UP"}
    )
    assert refused == (400, "invalid-level", "Invalid compatibility mode: UP")
    assert (await api.refused("POST", "/compatibility/check", {"schema_content": "x"}))[:2] == (400, "invalid-request")


async def test_the_overview_tells_levels_and_their_origin(apis: Apis, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    api = await apis(entry("main", main), entry("side", side), home="main")
    for registry in ("main", "side"):
        for subject in ("s", "t"):
            await put(api, registry, subject, text("a"))
    door = api.client
    await door.put("/registries/main/config/s", json={"compatibility": "FORWARD_FULL"})
    await door.put("/registries/side/config", json={"compatibility": "FORWARD"})
    found = await api.get("/compatibility/overview", effective=True)
    assert found["main"]["global"] == "BACKWARD"
    assert found["main"]["subjects"] == {"s": "FORWARD_FULL"}
    assert found["main"]["effective"]["t"] == {"level": "BACKWARD", "configured": "BACKWARD", "origin": "global"}
    assert found["main"]["distribution"] == {"FORWARD_FULL": 1, "BACKWARD": 1}
    assert (found["side"]["global"], found["side"]["subjects"]) == ("FORWARD", {})
    assert found["side"]["differing"] == {
        "s": {"main": "FORWARD_FULL", "side": "FORWARD"},
        "t": {"main": "BACKWARD", "side": "FORWARD"},
    }
    assert list(await api.get("/compatibility/overview", registry_id="side")) == ["side"]
    fake_of(side).fail_next(500, times=1000)
    found = await api.get("/compatibility/overview")
    assert set(found["side"]) == {"error", "code"}
    assert found["main"]["differing"] == {}


async def test_a_whole_history_against_a_level(api: Api) -> None:
    """Acceptance row 229: every pair, so that a required field added later is found whatever the registry says."""
    await api.client.put("/config/s", json={"compatibility": "FORWARD"})
    await put(api, "embedded", "s", text("a"))
    await put(api, "embedded", "s", text("a", "b"))
    body = {"registry_id": "embedded", "subject": "s", "target_mode": "forward_full"}
    found = (await api.post("/compatibility/check", body))["embedded"]
    assert not found["is_compatible"]
    assert (found["mode"], found["configured"], found["versions"]) == ("FORWARD_FULL", "FORWARD", [1, 2])
    assert [(each["older"], each["newer"], each["direction"]) for each in found["broken"]] == [(1, 2, "backward")]
    found = (await api.post("/compatibility/check", {**body, "check_type": "x", "target_mode": "FORWARD"}))["embedded"]
    assert (found["is_compatible"], found["messages"]) == (True, [])
    assert (await api.refused("POST", "/compatibility/check", {**body, "subject": "nobody"}))[:2] == (
        404,
        "unknown-subject",
    )
    assert (await api.refused("POST", "/compatibility/check", {"subject": "s"}))[:2] == (400, "invalid-request")


async def test_levels_of_a_large_registry_are_read_in_the_background(apis: Apis, fakes: Fakes) -> None:
    main = fakes()
    async with httpx.AsyncClient(base_url=main.url) as client:
        for number in range(130):
            await client.post(f"/subjects/s{number:03}/versions", json={"schema": text("a")})
        await client.put("/config/s007", json={"compatibility": "FULL"})
    fast = {**entry("main", main), "resilience": {"background_calls": 1000}}
    api = await apis(fast, home="main")
    for _ in range(200):
        found = (await api.get("/compatibility/overview"))["main"]
        if "error" not in found:
            break
        assert "still being read" in found["error"]
        await asyncio.sleep(0.05)
    assert found["subjects"] == {"s007": "FULL"}
    assert found["distribution"] == {"FULL": 1, "BACKWARD": 129}
    before = fake_of(main).calls.total()
    await api.client.put("/config/s009", json={"compatibility": "NONE"})
    changing = fake_of(main).calls.total() - before
    found = (await api.get("/compatibility/overview"))["main"]
    assert found["subjects"] == {"s007": "FULL", "s009": "NONE"}
    # the global level, perhaps the listing, and the one that changed: never a call a subject (the background adds its own few)
    assert fake_of(main).calls.total() - before - changing < 60
