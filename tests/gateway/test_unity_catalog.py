"""A Confluent client before Unity Catalog, in both dialects, at its door and behind a route."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from decapolis.assembly import rebuilt
from decapolis.registries.catalog import CatalogRegistry
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from decapolis.store import store_at
from decapolis_translators import discovery
from decapolis_translators.testing.fakes.unity_state import HeldColumn, HeldTable
from decapolis_translators.testing.suite import TranslatorContract
from tests.facades.unity import FakeDatabricks, FakeUnityOss

from .conftest import Running, code, record
from .test_apicurio import BASES, REFERRING, Door

FIRST = 1_000_000_001
HOME = {"id": "embedded", "type": "embedded"}
ROUTES = {"home": "embedded", "routes": [{"match": "t-*", "registry": "lake"}, {"registry": "embedded"}]}
BLUEPRINT = Path(__file__).parents[2] / "config" / "blueprint-registries.yaml"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The type counts as installed, also where the package was installed before it had one."""

    def found(**wanted: str) -> Any:
        others = [each for each in entry_points(**wanted) if each.name != "unity_catalog"]
        return [
            *others,
            EntryPoint("unity_catalog", "decapolis_translators.unity_catalog:UnityCatalog", discovery.GROUP),
        ]

    monkeypatch.setattr(discovery, "entry_points", found)


@pytest.fixture(params=[FakeUnityOss, FakeDatabricks], ids=lambda facade: facade.name)
def facade(request: pytest.FixtureRequest) -> Iterator[Any]:
    facade = request.param()
    facade.start()
    yield facade
    facade.stop()


@pytest.fixture
def fake(facade: Any) -> Any:
    return facade.fake


@pytest.fixture
def entry(facade: Any) -> dict[str, Any]:
    patient = {"deadline": 30.0, "retries": 0, "breaker_failures": 1000}
    return {"id": "lake", "type": "unity_catalog", "config": dict(facade.config()), "resilience": patient}


@pytest.fixture(params=["/registries/lake", ""], ids=["door", "route"])
async def door(request: pytest.FixtureRequest, entry: dict[str, Any], gateways: Running) -> Door:
    return Door(await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES), request.param)


class TestContract(TranslatorContract):
    """What holds for every registry holds for Unity Catalog with what the gateway keeps for it."""

    @pytest.fixture
    async def registry(self, facade: Any, tmp_path: Path) -> AsyncIterator[CatalogRegistry]:
        store = store_at(f"sqlite:///{tmp_path}/contract.db")
        await store.open()
        registry = CatalogRegistry(facade.catalog(), store, FIRST - 1, 10_000_000)
        await registry.open()
        yield registry
        await registry.close()
        await store.close()


def optional(name: str) -> dict[str, Any]:
    return {"name": name, "type": ["null", "string"], "default": None}


def text(*fields: Any) -> str:
    return json.dumps(record(*fields), separators=(",", ":"))


def table(fake: Any, subject: str) -> HeldTable:
    """A run's subjects have a hyphen, which is escaped in a table's name."""
    name = subject.removesuffix("-value").replace("-", "_2d")
    held: HeldTable = fake.state.table(f"main.default.{name}")
    return held


async def test_the_session_of_a_client(door: Door, fake: Any) -> None:
    subject = f"{door.run}-value"
    first = await door.registered(subject, text("a"))
    assert await door.registered(subject, text("a")) == first
    assert (await door.told("GET", f"/schemas/ids/{first}"))["schema"] == text("a")
    assert [(each.name, each.nullable) for each in table(fake, subject).columns] == [("a", False)]
    assert table(fake, subject).properties["decapolis.subject"] == subject
    second = await door.registered(subject, text("a", optional("b")))
    assert [each.name for each in table(fake, subject).columns] == ["a", "b"]
    latest = await door.told("GET", f"/subjects/{subject}/versions/latest")
    assert (latest["version"], latest["id"], latest["schema"]) == (2, second, text("a", optional("b")))
    assert (await door.told("GET", f"/subjects/{subject}/versions/1"))["schema"] == text("a")
    assert await door.told("GET", f"/subjects/{subject}/versions") == [1, 2]
    assert (await door.told("POST", f"/subjects/{subject}", json={"schema": text("a")}))["version"] == 1
    assert code(await door.ask("GET", f"/subjects/{subject}/versions/9")) == (404, 40402)
    assert await door.mine() == [subject]


async def test_levels_are_the_gateways(door: Door, fake: Any) -> None:
    subject = f"{door.run}-value"
    await door.registered(subject, text("a"))
    if door._prefix:
        assert await door.told("GET", "/config") == {"compatibilityLevel": "BACKWARD"}
        await door.told("PUT", "/config", json={"compatibility": "FULL"})
        assert await door.told("GET", "/config") == {"compatibilityLevel": "FULL"}
    await door.told("PUT", f"/config/{subject}", json={"compatibility": "FULL"})
    assert await door.told("GET", f"/config/{subject}") == {"compatibilityLevel": "FULL"}
    before = fake.writes
    assert code(await door.register(subject, text("a", "b"))) == (409, 409)
    assert fake.writes == before, "judged before anything is sent"
    await door.told("PUT", f"/mode/{subject}", json={"mode": "READONLY"})
    assert code(await door.register(subject, text("a", optional("b")))) == (422, 42205)


async def test_the_engine_has_its_say_before_anything_is_written(door: Door, facade: Any) -> None:
    """The policy allows anything; Databricks makes no text of a number, the open-source server makes anything."""
    subject, fake = f"{door.run}-value", facade.fake
    await door.registered(subject, text("a"))
    await door.told("PUT", f"/config/{subject}", json={"compatibility": "NONE"})
    before = fake.writes
    changed = text({"name": "a", "type": "string"})
    if facade.name == "unity-oss":
        await door.registered(subject, changed)
        assert table(fake, subject).columns[0].type == "string"
        return
    refused = await door.register(subject, changed)
    assert code(refused) == (409, 409)
    assert "backend lake cannot apply: a cannot become string from int" in refused.json()["message"]
    assert fake.writes == before
    assert await door.told("GET", f"/subjects/{subject}/versions") == [1]


async def test_three_formats_with_references(door: Door, fake: Any) -> None:
    for kind, (name, using_text) in REFERRING.items():
        base, using = f"{door.run}-{kind.lower()}base-value", f"{door.run}-{kind.lower()}use-value"
        await door.registered(base, BASES[kind], kind)
        assert (await door.told("GET", f"/subjects/{base}/versions/1")).get("schemaType", "AVRO") == kind
        reference = {"name": name, "subject": base, "version": 1}
        number = await door.registered(using, using_text, kind, reference)
        assert (await door.told("GET", f"/subjects/{using}/versions/1"))["references"] == [reference]
        assert await door.told("GET", f"/subjects/{base}/versions/1/referencedby") == [number]
        assert [each.name for each in table(fake, using).columns] == ["base"]


async def test_names_of_three_parts_and_others(entry: dict[str, Any], gateways: Running, fake: Any) -> None:
    fake.state.make_schema("main", "bronze")
    client = await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES)
    assert (
        await client.post("/registries/lake/subjects/main.bronze.users/versions", json={"schema": text("a")})
    ).status_code == 200
    assert [each.name for each in fake.state.table("main.bronze.users").columns] == ["a"]
    missing = await client.post("/registries/lake/subjects/main.nowhere.users/versions", json={"schema": text("a")})
    assert code(missing) == (409, 409)
    assert "Schema main.nowhere does not exist" in missing.json()["message"]


async def test_only_names_of_three_parts(entry: dict[str, Any], gateways: Running, fake: Any) -> None:
    entry["config"]["schema"] = None
    client = await gateways(HOME, entry, **ROUTES)
    refused = await client.post("/registries/lake/subjects/orders-value/versions", json={"schema": text("a")})
    assert code(refused) == (422, 42208)
    assert "Subject must be in format catalog.schema.table, got: orders-value" in refused.json()["message"]
    assert fake.writes == 0


async def test_deletes_soft_and_hard(door: Door, fake: Any) -> None:
    subject = f"{door.run}-value"
    first = await door.registered(subject, text("a"))
    await door.registered(subject, text("a", optional("b")))
    assert await door.told("DELETE", f"/subjects/{subject}/versions/1") == 1
    assert await door.told("GET", f"/subjects/{subject}/versions") == [2]
    assert await door.told("DELETE", f"/subjects/{subject}") == [2]
    assert await door.mine() == []
    assert (await door.told("GET", f"/schemas/ids/{first}"))["schema"] == text("a")
    assert await door.told("DELETE", f"/subjects/{subject}?permanent=true") == [1, 2]
    assert table(fake, subject).columns, "the table is people's data and stays"


async def test_tables_of_others_can_be_read_and_not_written(door: Door, fake: Any) -> None:
    name = door.run.replace("-", "_2d")
    columns = [
        HeldColumn("id", "long", nullable=False),
        HeldColumn("tags", {"type": "array", "elementType": "string", "containsNull": True}),
    ]
    fake.state.make_schema("main", "default").tables[name] = HeldTable(name, "MANAGED", "DELTA", columns)
    subject = f"{door.run}-value"
    assert await door.mine() == [subject]
    shown = await door.told("GET", f"/subjects/{subject}/versions/latest")
    assert [each["name"] for each in json.loads(shown["schema"])["fields"]] == ["id", "tags"]
    wider = json.loads(shown["schema"])
    wider["fields"].append(optional("more"))
    assert code(await door.register(subject, json.dumps(wider))) == (422, 42205)
    assert code(await door.ask("DELETE", f"/subjects/{subject}")) == (422, 42205)
    assert fake.writes == 0


async def test_drift_is_refused(door: Door, fake: Any) -> None:
    subject = f"{door.run}-value"
    await door.registered(subject, text("a"))
    held = table(fake, subject)
    held.columns.append(HeldColumn("by_hand", "string"))
    held.touch()
    refused = await door.register(subject, text("a", optional("b")))
    assert code(refused) == (409, 409)
    assert "altered by hand" in refused.json()["message"]


async def test_a_restart_forgets_nothing(entry: dict[str, Any], gateways: Running, fake: Any) -> None:
    async with AsyncExitStack() as first_life:
        client = await gateways(HOME, entry, stack_on=first_life, **ROUTES)
        number = await client.registered("t-x-value", text("a"))
    fake.hang(times=10_000)
    client = await gateways(HOME, entry, **ROUTES)
    assert (await client.get(f"/schemas/ids/{number}")).json()["schema"] == text("a")
    assert (await client.get("/subjects/t-x-value/versions/latest")).json()["id"] == number
    fake.calm()


async def test_a_fault_leaves_a_document_whose_table_comes_later(
    entry: dict[str, Any], gateways: Running, fake: Any
) -> None:
    client = await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES)
    await client.registered("t-x-value", text("a"))
    write = "/api/2.1/unity-catalog/delta/v1/catalogs" if entry["config"].get("dialect") is None else "/api/2.0/sql"
    fake.fail_next(503, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "words"}, path=write)
    answer = await client.register("t-x-value", text("a", optional("b")))
    assert answer.status_code == 200
    assert answer.headers["x-decapolis-projection"].startswith("pending")
    assert [each.name for each in table(fake, "t-x-value").columns] == ["a"]
    (registry,) = (each for each in client.application.gateway.registries.all if each.id == "lake")
    await registry.ping()
    assert [each.name for each in table(fake, "t-x-value").columns] == ["a", "b"]


async def test_ids_come_back_from_the_copies(
    entry: dict[str, Any], gateways: Running, fake: Any, tmp_path: Path
) -> None:
    known: dict[int, str] = {}
    async with AsyncExitStack() as first_life:
        client = await gateways(HOME, entry, stack_on=first_life, **ROUTES)
        for schema in (text("a"), text("a", optional("b"))):
            known[await client.registered("t-x-value", schema)] = schema
        known[await client.registered("t-y-value", text("z"))] = text("z")
        await client.delete("/subjects/t-x-value/versions/1")
    settings = GatewaySettings.model_validate({**ROUTES, "store": f"sqlite:///{tmp_path}/new.db"})
    entries = [RegistryEntry.model_validate(each) for each in (HOME, entry)]
    found = await rebuilt(Configuration.assembled(settings, entries), "lake")
    assert (found.versions, found.base) == (3, FIRST - 1)
    client = await gateways(HOME, entry, store=settings.store, **ROUTES)
    for number, schema in known.items():
        assert (await client.get(f"/schemas/ids/{number}")).json()["schema"] == schema
    assert (await client.get("/subjects/t-x-value/versions")).json() == [2]
    assert (await client.get("/subjects/t-x-value/versions?deleted=true")).json() == [1, 2]


def test_the_blueprints_entry_loads() -> None:
    from decapolis_translators.unity_catalog import UnityConfig

    entries: list[dict[str, Any]] = yaml.safe_load(BLUEPRINT.read_text())["registries"]
    (entry,) = (each for each in entries if each["type"] == "unity_catalog")
    config = UnityConfig.model_validate(entry["config"])
    assert (config.url, config.catalog, config.is_databricks) == (("https://workspace.databricks.com",), "main", True)
