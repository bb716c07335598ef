"""A catalog behind the gateway: documents here, tables there, and nothing lost in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal

import pytest

from decapolis.registries.catalog import CatalogRegistry, restore
from decapolis.store import Store, store_at
from decapolis.store.projections import APPLIED, FAILED, PENDING, MirrorRow, owe_mirror
from decapolis_formats import Format, Schema
from decapolis_formats.types import Field, Integer, Text
from decapolis_translators import errors
from decapolis_translators.catalog import Projection
from decapolis_translators.discovery import GROUP, Types
from decapolis_translators.testing.fakes.plain_catalog import (
    WAREHOUSES,
    PlainCatalog,
    PlainCatalogConfig,
    Warehouse,
)
from decapolis_translators.testing.suite import TranslatorContract

from .conftest import Running, code, record

BASE = 1_000_000_000
SPAN = 10_000_000


@pytest.fixture
def warehouse(tmp_path: Path) -> Any:
    yield WAREHOUSES.setdefault(str(tmp_path), Warehouse())
    WAREHOUSES.pop(str(tmp_path), None)


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Any]:
    opened: list[Store] = []

    async def open_one(name: str = "one") -> Store:
        store = store_at(f"sqlite:///{tmp_path}/{name}.db")
        await store.open()
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.close()


def over(store: Store, tmp_path: Path, **config: Any) -> CatalogRegistry:
    settings = PlainCatalogConfig.model_validate({"warehouse": str(tmp_path), **config})
    return CatalogRegistry(PlainCatalog("lake", settings), store, BASE, SPAN)


@pytest.fixture
async def registry(stores: Any, warehouse: Warehouse, tmp_path: Path) -> CatalogRegistry:
    return over(await stores(), tmp_path)


def avro(*fields: Any, **extra: Any) -> Schema:
    return Schema(Format.AVRO, json.dumps(record(*fields, **extra), separators=(",", ":")))


def optional(name: str) -> dict[str, Any]:
    return {"name": name, "type": ["null", "string"], "default": None}


class TestContract(TranslatorContract):
    """What holds for every registry holds for a catalog."""

    @pytest.fixture
    def registry(self, registry: CatalogRegistry) -> CatalogRegistry:
        return registry


def names(warehouse: Warehouse, table: str) -> list[str]:
    return [each.name for each in warehouse.tables[table].fields]


async def test_a_table_follows_its_document(registry: CatalogRegistry, warehouse: Warehouse) -> None:
    first = await registry.register("orders", avro("a"))
    assert names(warehouse, "main.orders") == ["a"]
    second = await registry.register("orders", avro("a", optional("b")))
    assert names(warehouse, "main.orders") == ["a", "b"]
    assert (first.native_id, second.native_id) == (1, 2)
    assert [each.public_id for each in warehouse.copies.values()] == [BASE + 1, BASE + 2]
    assert (await registry.fetch("orders", 1)).schema == avro("a")


async def test_what_the_engine_cannot_do_is_refused_before_anything_is_written(
    registry: CatalogRegistry, warehouse: Warehouse
) -> None:
    await registry.register("orders", avro("a"))
    warehouse.writes = 0
    text = {"name": "a", "type": "string"}
    with pytest.raises(errors.Incompatible, match="backend lake cannot apply: type a"):
        await registry.register("orders", avro(text))
    assert warehouse.writes == 0
    assert await registry.versions("orders") == [1]
    assert len(warehouse.copies) == 1


async def test_a_dry_run_is_what_then_happens(registry: CatalogRegistry, warehouse: Warehouse) -> None:
    await registry.register("orders", avro("a"))
    intended = await registry.intended("orders", avro("a", optional("b"), optional("c")))
    assert intended is not None
    assert [step.text for step in intended.plan.steps] == ["add b", "add c"]
    assert names(warehouse, "main.orders") == ["a"], "nothing was done"
    warehouse.writes = 0
    await registry.register("orders", avro("a", optional("b"), optional("c")))
    assert warehouse.writes == len(intended.plan.steps)


async def test_a_slow_table_does_not_hold_the_answer(stores: Any, warehouse: Warehouse, tmp_path: Path) -> None:
    registry = over(await stores(), tmp_path, projection_wait=0.05)
    warehouse.slow = 0.4
    await registry.register("orders", avro("a"))
    row = await registry.projector.row("orders")
    assert row is not None
    assert row.state == PENDING
    for _ in range(100):
        await asyncio.sleep(0.02)
        row = await registry.projector.row("orders")
        if row is not None and row.state == APPLIED:
            break
    assert row is not None
    assert row.state == APPLIED


SITES = ("table", "apply", "mirror")


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("passing", [0, 1, 2])
@pytest.mark.parametrize("site", SITES)
async def test_a_fault_anywhere_is_made_good(
    stores: Any, warehouse: Warehouse, tmp_path: Path, site: str, passing: int, side: Literal["before", "after"]
) -> None:
    registry = over(await stores(), tmp_path)
    await registry.register("orders", avro("a"))
    warehouse.fail_at = (site, passing, side)
    wanted = avro("a", optional("b"), optional("c"))
    with suppress(errors.RegistryFault):
        await registry.register("orders", wanted)
    warehouse.fail_at = None
    # the process may have died with it: only the store and the catalog are left
    again = over(registry._store, tmp_path)
    stored = await again.register("orders", wanted)
    assert (stored.version, await again.versions("orders")) == (2, [1, 2])
    await again.ping()
    assert names(warehouse, "main.orders") == ["a", "b", "c"]
    assert sorted(warehouse.copies) == [("orders", 1), ("orders", 2)]
    row = await again.projector.row("orders")
    assert row is not None
    assert row.state == APPLIED


async def test_drift_is_seen_and_refused_adopted_or_ignored(stores: Any, warehouse: Warehouse, tmp_path: Path) -> None:
    store = await stores()
    await over(store, tmp_path).register("orders", avro("a"))
    assert await over(store, tmp_path).projector.drift() == {}
    warehouse.made_by_hand("main.orders", Field("a", Integer(32)), Field("z", Text(), nullable=True))
    drift = await over(store, tmp_path).projector.drift()
    assert "other columns" in drift["orders"]
    wanted = avro("a", optional("b"))
    with pytest.raises(errors.Incompatible, match="altered by hand"):
        await over(store, tmp_path).register("orders", wanted)
    await over(store, tmp_path, on_drift="adopt").register("orders", wanted)
    assert names(warehouse, "main.orders") == ["a", "b"], "the document is what counts"
    assert await over(store, tmp_path).projector.drift() == {}
    del warehouse.tables["main.orders"]
    assert "gone" in (await over(store, tmp_path).projector.drift())["orders"]


async def test_tables_of_others_are_shown_and_never_touched(registry: CatalogRegistry, warehouse: Warehouse) -> None:
    warehouse.made_by_hand("main.theirs", Field("id", Integer(64)), Field("name", Text(), nullable=True))
    assert await registry.subjects() == ["main.theirs"]
    shown = await registry.fetch("main.theirs")
    fields = json.loads(shown.schema.text)["fields"]
    assert [each["name"] for each in fields] == ["id", "name"]
    assert fields[1]["type"] == ["null", "string"]
    for refused in (registry.register("main.theirs", avro("a")), registry.delete("main.theirs")):
        with pytest.raises(errors.NotPermitted):
            await refused
    assert warehouse.writes == 0
    warehouse.made_by_hand("main.theirs", Field("id", Integer(64)))
    assert (await registry.fetch("main.theirs")).version == 2
    assert (await registry.fetch("main.theirs", 1)).native_id == shown.native_id
    del warehouse.tables["main.theirs"]
    with pytest.raises(errors.SubjectNotFound):
        await registry.fetch("main.theirs")
    assert await registry.fetch_by_id(shown.native_id) == shown.schema


async def test_a_table_that_was_there_is_not_taken_over(stores: Any, warehouse: Warehouse, tmp_path: Path) -> None:
    store = await stores()
    warehouse.made_by_hand("main.orders", Field("a", Integer(32)))
    with pytest.raises(errors.Incompatible, match="not made by the gateway"):
        await over(store, tmp_path).register("orders", avro("a"))
    await over(store, tmp_path, projection="attach").register("orders", avro("a", optional("b")))
    assert names(warehouse, "main.orders") == ["a"]
    assert warehouse.writes == 0


async def test_documents_alone(stores: Any, warehouse: Warehouse, tmp_path: Path) -> None:
    registry = over(await stores(), tmp_path, projection=Projection.NONE)
    await registry.register("orders", avro("a"))
    await registry.register("orders", Schema(Format.AVRO, '"string"'))
    assert not warehouse.tables
    assert len(warehouse.copies) == 2


async def test_deletes_leave_the_table_unless_told_otherwise(stores: Any, warehouse: Warehouse, tmp_path: Path) -> None:
    store = await stores()
    registry = over(store, tmp_path)
    await registry.register("orders", avro("a"))
    await registry.delete("orders")
    assert warehouse.copies[("orders", 1)].deleted
    await registry.delete("orders", permanent=True)
    assert not warehouse.copies
    assert "main.orders" in warehouse.tables
    dropping = over(store, tmp_path, drop_on_permanent_delete=True)
    await dropping.register("others", avro("a"))
    await dropping.delete("others")
    await dropping.delete("others", permanent=True)
    assert "main.others" not in warehouse.tables


async def test_a_lost_store_is_restored_from_the_copies(stores: Any, warehouse: Warehouse, tmp_path: Path) -> None:
    registry = over(await stores(), tmp_path)
    known = [await registry.register("orders", avro("a")), await registry.register("orders", avro("a", optional("b")))]
    known.append(await registry.register("users", avro("x")))
    await registry.delete("orders", 1)
    fresh = over(await stores("two"), tmp_path)
    assert await restore(fresh) == 3
    for stored in known:
        assert await fresh.fetch_by_id(stored.native_id) == stored.schema
    assert await fresh.versions("orders") == [2]
    assert await fresh.versions("orders", deleted=True) == [1, 2]
    assert (await fresh.register("new", avro("q"))).native_id == 4


async def test_a_failed_projection_says_why(registry: CatalogRegistry, warehouse: Warehouse) -> None:
    await registry.register("orders", avro("a"))
    stored = await registry.documents.register("orders", avro({"name": "a", "type": "string"}))
    intended = await registry.intended("orders", avro("a"))
    assert intended is not None
    await registry.write(lambda c: registry.projector.note_pending(c, stored, intended))
    row = await registry.projector.follow("orders")
    assert row is not None
    assert (row.state, "cannot apply" in str(row.reason)) == (FAILED, True)


@pytest.fixture
async def client(gateways: Running, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    point = EntryPoint("plain_catalog", "decapolis_translators.testing.fakes.plain_catalog:PlainCatalog", GROUP)
    known = [*entry_points(group=GROUP)]
    monkeypatch.setattr("decapolis.assembly.Types", lambda: Types([*known, point]))
    lake = {"id": "lake", "type": "plain_catalog", "config": {"warehouse": str(tmp_path)}}
    quick = {"retries": 0, "breaker_failures": 1000}
    return await gateways(
        {"id": "embedded", "type": "embedded"},
        {**lake, "resilience": quick},
        home="embedded",
        cache={"seconds": 0},
        routes=[
            {"match": "doc-*", "registry": "lake", "projection": "none"},
            {"match": "lake-*", "registry": "lake"},
            {"registry": "embedded"},
        ],
    )


async def test_the_dialect_before_a_catalog(client: Any, warehouse: Warehouse) -> None:
    answer = await client.register("lake-a", record("a"))
    assert (answer.status_code, answer.json()["id"]) == (200, BASE + 1)
    assert answer.headers["x-decapolis-projection"] == "applied"
    refused = await client.register("lake-a", record({"name": "a", "type": "long"}))
    assert code(refused) == (409, 409)
    assert "backend lake cannot apply: type a" in refused.json()["message"]
    assert (await client.get("/subjects/lake-a/versions")).json() == [1]
    assert code(await client.register("lake-a", record("c"))) == (409, 409)
    await client.registered("doc-a", record("a"))
    assert sorted(warehouse.tables) == ["main.lake-a"]
    level = await client.get("/registries/lake/config")
    assert level.json() == {"compatibilityLevel": "BACKWARD"}
    assert (await client.put("/registries/lake/config", json={"compatibility": "FULL"})).status_code == 200
    assert (await client.get("/registries/lake/config")).json() == {"compatibilityLevel": "FULL"}


async def test_reads_need_no_catalog(client: Any, warehouse: Warehouse) -> None:
    number = await client.registered("lake-a", record("a"))
    warehouse.down = True
    assert (await client.get(f"/schemas/ids/{number}")).status_code == 200
    assert (await client.get("/subjects/lake-a/versions/latest")).status_code == 200
    assert await client.registered("lake-a", record("a")) == number
    assert code(await client.register("lake-a", record("a", optional("b")))) == (500, 50003)


async def test_a_version_that_is_deleted_while_it_is_copied_is_copied_again(
    registry: CatalogRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy that is under way says that the version lives; nothing may settle the debt of the other one."""
    await registry.register("s", avro("a"))
    copying, deleted = asyncio.Event(), asyncio.Event()
    mirror = registry.catalog.mirror

    async def slow(document: Any) -> None:
        copying.set()
        await deleted.wait()
        await mirror(document)

    await registry.write(lambda c: owe_mirror(c, "lake", MirrorRow("s", 1, gone=False)))
    monkeypatch.setattr(registry.catalog, "mirror", slow)
    under_way = asyncio.create_task(registry.copy_all())
    await copying.wait()
    documents = registry.documents.documents
    await registry.write(lambda c: documents.delete(c, "s", None, permanent=False))
    await registry.write(lambda c: owe_mirror(c, "lake", MirrorRow("s", 1, gone=False)))
    deleted.set()
    await under_way
    monkeypatch.undo()
    await registry.copy_all()
    assert [copy.deleted for copy in await registry.catalog.mirrored()] == [True]
