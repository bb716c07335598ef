"""Clients of the dialect before a registry without integer ids, through its door and through a route."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from decapolis.assembly import NothingToRebuild, Rebuilt, rebuilt
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from decapolis_translators.discovery import GROUP, Types
from decapolis_translators.testing.fakes.plain import SHELVES, Shelf

from .command import ran
from .conftest import Running, code, record

FIRST = 1_000_000_001
QUICK = {"retries": 0, "breaker_failures": 1000}
ROUTES = {"home": "embedded", "routes": [{"match": "plain-*", "registry": "plain"}, {"registry": "embedded"}]}


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    point = EntryPoint("plain", "decapolis_translators.testing.fakes.plain:PlainRegistry", GROUP)
    known = [*entry_points(group=GROUP)]
    monkeypatch.setattr("decapolis.assembly.Types", lambda: Types([*known, point]))
    yield SHELVES.setdefault(str(tmp_path), Shelf())
    SHELVES.pop(str(tmp_path), None)


@pytest.fixture
async def client(gateways: Running, shelf: Shelf, tmp_path: Path) -> Any:
    entry = {"id": "plain", "type": "plain", "config": {"shelf": str(tmp_path)}, "resilience": QUICK}
    return await gateways({"id": "embedded", "type": "embedded"}, entry, cache={"seconds": 0}, **ROUTES)


async def test_a_session_through_the_route_and_the_door(client: Any, shelf: Shelf) -> None:
    assert await client.registered("plain-a", record("a")) == FIRST
    assert await client.registered("plain-a", record("a", "b=0")) == FIRST + 1
    assert code(await client.register("plain-a", record("c"))) == (409, 409)
    assert [json.loads(each.schema.text) for each in shelf.texts["plain-a"]] == [record("a"), record("a", "b=0")]
    assert (await client.get("/subjects/plain-a/versions")).json() == [1, 2]
    assert (await client.get("/subjects/plain-a/versions/latest")).json()["id"] == FIRST + 1
    assert (await client.get("/registries/plain/subjects/plain-a/versions/latest")).json()["id"] == 2
    assert json.loads((await client.get(f"/schemas/ids/{FIRST}")).json()["schema"]) == record("a")
    assert (await client.get(f"/schemas/ids/{FIRST}/versions")).json() == [{"subject": "plain-a", "version": 1}]
    found = await client.post("/subjects/plain-a", json={"schema": json.dumps(record("a"))})
    assert (found.json()["id"], found.json()["version"]) == (FIRST, 1)
    assert code(await client.get("/schemas/ids/1000000099")) == (404, 40403)
    assert (await client.get("/subjects")).json() == ["plain-a"]


async def test_one_text_under_two_native_ids_has_one_public_id(client: Any, shelf: Shelf) -> None:
    shelf.put("plain-a", record_schema("a"))
    shelf.put("plain-b", record_schema("a"))
    ids = {(await client.get(f"/subjects/plain-{each}/versions/latest")).json()["id"] for each in "ab"}
    assert len(ids) == 1
    assert (await client.delete("/subjects/plain-a")).json() == [1]
    assert await client.registered("plain-a", record("a")) in ids
    assert (await client.get("/subjects/plain-a/versions")).json() == [2]


def record_schema(*fields: str) -> Any:
    from decapolis_formats import Format, Schema

    return Schema(Format.AVRO, json.dumps(record(*fields), separators=(",", ":")))


async def test_levels_and_modes_are_kept_and_enforced(client: Any, shelf: Shelf) -> None:
    door = "/registries/plain"
    assert (await client.get(f"{door}/config")).json() == {"compatibilityLevel": "BACKWARD"}
    assert (await client.put(f"{door}/config", json={"compatibility": "FULL"})).status_code == 200
    assert (await client.get(f"{door}/config")).json() == {"compatibilityLevel": "FULL"}
    assert code(await client.get(f"{door}/config/s")) == (404, 40408)
    assert (await client.get(f"{door}/config/s?defaultToGlobal=true")).json() == {"compatibilityLevel": "FULL"}
    await client.post(f"{door}/subjects/s/versions", json={"schema": json.dumps(record("a"))})
    refused = await client.post(f"{door}/subjects/s/versions", json={"schema": json.dumps(record())})
    assert code(refused) == (409, 409)
    level = {"compatibility": "FORWARD_FULL", "alias": "t"}
    assert (await client.put(f"{door}/config/s", json=level)).status_code == 200
    assert (await client.get(f"{door}/config/s")).json()["compatibilityLevel"] == "FORWARD_FULL"
    assert shelf.levels == {"s": "FULL_TRANSITIVE"}
    assert (await client.put(f"{door}/mode/s", json={"mode": "READONLY"})).status_code == 200
    assert (await client.get(f"{door}/mode/s")).json() == {"mode": "READONLY"}
    await client.delete(f"{door}/mode/s")
    assert (await client.delete(f"{door}/config/s")).status_code == 200
    assert not shelf.levels


async def test_reads_go_on_when_it_is_down(client: Any, shelf: Shelf) -> None:
    number = await client.registered("plain-a", record("a"))
    await client.get("/subjects")
    shelf.down = True
    for path in ("/subjects/plain-a/versions/latest", "/subjects/plain-a/versions", "/subjects"):
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        assert "x-decapolis-stale" in answer.headers
    assert await client.registered("plain-a", record("a")) == number
    assert (await client.get(f"/schemas/ids/{number}")).status_code == 200
    assert code(await client.register("plain-a", record("a", "b=1"))) == (500, 50003)
    shelf.down = False
    assert await client.registered("plain-a", record("a", "b=1")) == number + 1


async def test_rules_references_and_metadata_read_back(client: Any, shelf: Shelf) -> None:
    rules = {
        "domainRules": [{"name": "hide", "kind": "TRANSFORM", "mode": "WRITEREAD", "type": "ENCRYPT", "tags": ["PII"]}]
    }
    metadata = {"properties": {"owner": "bob"}}
    await client.registered("plain-a", record("a"), ruleSet=rules, metadata=metadata)
    found = (await client.get("/subjects/plain-a/versions/1")).json()
    assert found["ruleSet"]["domainRules"][0]["type"] == "ENCRYPT"
    assert found["metadata"]["properties"]["owner"] == "bob"
    uses = {"type": "record", "name": "U", "fields": [{"name": "r", "type": "R"}]}
    references = [{"name": "R", "subject": "plain-a", "version": 1}]
    number = await client.registered("plain-u", uses, references=references)
    assert (await client.get("/subjects/plain-u/versions/1")).json()["references"] == references
    assert (await client.get("/subjects/plain-a/versions/1/referencedby")).json() == [number]
    assert code(await client.delete("/subjects/plain-a")) == (422, 42206)


async def test_import_under_an_id(client: Any) -> None:
    await client.put("/registries/plain/mode/plain-i", json={"mode": "IMPORT"})
    assert await client.registered("plain-i", record("a"), id=FIRST + 499, version=7) == FIRST + 499
    assert (await client.get("/subjects/plain-i/versions")).json() == [7]
    outside = await client.register("plain-i", record("a", "b=0"), id=77, version=8)
    assert outside.status_code == 422
    await client.put("/registries/plain/mode/plain-i", json={"mode": "READWRITE"})
    assert await client.registered("plain-i", record("a", "c=0")) == FIRST + 500


async def test_deletes_in_the_dialects_order(client: Any, shelf: Shelf) -> None:
    await client.registered("plain-a", record("a"))
    await client.registered("plain-a", record("a", "b=0"))
    assert code(await client.delete("/subjects/plain-a/versions/1?permanent=true")) == (404, 40407)
    assert (await client.delete("/subjects/plain-a/versions/1")).json() == 1
    assert (await client.delete("/subjects/plain-a/versions/1?permanent=true")).json() == 1
    assert len(shelf.texts["plain-a"]) == 1
    assert (await client.delete("/subjects/plain-a")).json() == [2]
    assert (await client.delete("/subjects/plain-a?permanent=true")).json() == [2]
    assert not shelf.texts["plain-a"]
    assert json.loads((await client.get(f"/schemas/ids/{FIRST}")).json()["schema"]) == record("a")


async def test_ids_are_rebuilt_by_a_command(gateways: Running, shelf: Shelf, tmp_path: Path) -> None:
    """Another registry took the first range; the rebuilt one keeps the base that is pinned to it."""
    entry = {
        "id": "plain",
        "type": "plain",
        "config": {"shelf": str(tmp_path)},
        "ids": {"base": 1_500_000_000, "span": 1000},
    }
    async with AsyncExitStack() as first:
        client = await gateways({"id": "embedded", "type": "embedded"}, entry, stack_on=first, **ROUTES)
        assert await client.registered("plain-a", record("a")) == 1_500_000_001
    settings = {**ROUTES, "store": f"sqlite:///{tmp_path}/other.db"}
    del entry["ids"]
    async with AsyncExitStack() as second:
        client = await gateways({"id": "embedded", "type": "embedded"}, entry, stack_on=second, **settings)
        refused = await client.register("plain-a", record("a", "b=0"))
        assert code(refused) == (500, 50003)
        assert "1500000000" in refused.json()["message"]
    settings["store"] = f"sqlite:///{tmp_path}/third.db"
    registries = [RegistryEntry.model_validate(each) for each in ({"id": "embedded", "type": "embedded"}, entry)]
    configuration = Configuration.assembled(GatewaySettings.model_validate(settings), registries)
    assert await rebuilt(configuration, "plain") == Rebuilt(1, 1_500_000_000)
    with pytest.raises(NothingToRebuild):
        await rebuilt(configuration, "embedded")
    client = await gateways({"id": "embedded", "type": "embedded"}, entry, **settings)
    assert json.loads((await client.get("/schemas/ids/1500000001")).json()["schema"]) == record("a")
    assert await client.registered("plain-a", record("a", "b=0")) == 1_500_000_002


def test_the_command_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    answer = ran("ids", "rebuild", "nobody", folder=tmp_path)
    assert answer.returncode == 1
    assert "Unknown registry: nobody (known: embedded)" in answer.stderr
    assert "nothing to rebuild" in ran("ids", "rebuild", "embedded", folder=tmp_path).stderr
