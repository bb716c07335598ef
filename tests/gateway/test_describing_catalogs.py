"""A Confluent client before catalogs that only describe, at their doors and behind a route."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AsyncExitStack
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from decapolis.assembly import rebuilt
from decapolis.files import load
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from decapolis_translators import discovery
from decapolis_translators.azure_purview import PurviewConfig
from decapolis_translators.testing.facade import CatalogFacade
from tests.facades.azure_purview import FakeAtlas, FakePurview
from tests.facades.gcp_data_catalog import FakeDataplex
from tests.translators.test_gcp_data_catalog import KEY, key_file

from .conftest import Running, code, record
from .test_apicurio import BASES, REFERRING, Door

FACADES: list[type[Any]] = [FakeDataplex, FakePurview, FakeAtlas]
HOME = {"id": "embedded", "type": "embedded"}
ROUTES = {"home": "embedded", "routes": [{"match": "t-*", "registry": "lake"}, {"registry": "embedded"}]}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The types count as installed, also where the package was installed before it had them."""
    kinds = {facade().catalog_type() for facade in FACADES}
    own = [EntryPoint(kind.type, f"{kind.__module__}:{kind.__qualname__}", discovery.GROUP) for kind in kinds]

    def found(**wanted: str) -> Any:
        return [*(each for each in entry_points(**wanted) if each.name not in {kind.type for kind in kinds}), *own]

    monkeypatch.setattr(discovery, "entry_points", found)


@pytest.fixture(params=FACADES, ids=lambda facade: facade.name)
def facade(request: pytest.FixtureRequest) -> Iterator[CatalogFacade]:
    facade: CatalogFacade = request.param()
    facade.start()
    yield facade
    facade.stop()


@pytest.fixture
def entry(facade: CatalogFacade) -> dict[str, Any]:
    patient = {"deadline": 30.0, "retries": 0, "breaker_failures": 1000}
    config = {"projection_wait": 3.5, **facade.config()}
    return {"id": "lake", "type": facade.catalog_type().type, "config": config, "resilience": patient}


@pytest.fixture(params=["/registries/lake", ""], ids=["door", "route"])
async def door(request: pytest.FixtureRequest, entry: dict[str, Any], gateways: Running) -> Door:
    return Door(await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES), request.param)


def indexed(facade: Any) -> None:
    """Lets a late index come to know everything."""
    if not isinstance(facade, FakeDataplex):
        facade.fake.catch_up()


async def columns(facade: CatalogFacade, subject: str) -> list[tuple[str, str, bool]]:
    """What a stranger reads of a subject's table."""
    catalog = facade.catalog("lake")
    await catalog.open()
    table = await catalog.table(catalog.table_of(subject))
    await catalog.close()
    return [] if table is None else [(each.name, each.type, each.nullable) for each in table.columns]


async def copies(facade: Any) -> dict[tuple[str, int], Any]:
    """The copies of documents that are there, once the index has come to know them."""
    indexed(facade)
    catalog = facade.catalog("lake")
    await catalog.open()
    found = {(each.subject, each.version): each for each in await catalog.mirrored()}
    await catalog.close()
    return found


async def test_the_session_of_a_client(door: Door, facade: CatalogFacade) -> None:
    subject = f"{door.run}-value"
    answer = await door.register(subject, json.dumps(record("a")))
    first = answer.json()["id"]
    assert answer.headers["x-decapolis-projection"] == "applied"
    assert await door.registered(subject, json.dumps(record("a"))) == first
    assert (await door.told("GET", f"/schemas/ids/{first}"))["schema"] == json.dumps(record("a"), separators=(",", ":"))
    assert [each[0] for each in await columns(facade, subject)] == ["a"]
    assert code(await door.ask("GET", f"/config/{subject}")) == (404, 40408)
    await door.told("PUT", f"/config/{subject}", json={"compatibility": "FULL"})
    assert await door.told("GET", f"/config/{subject}") == {"compatibilityLevel": "FULL"}
    assert code(await door.register(subject, json.dumps(record("a", "b")))) == (409, 409)
    second = await door.registered(subject, json.dumps(record("a", "b=0")))
    assert [each[0] for each in await columns(facade, subject)] == ["a", "b"]
    latest = await door.told("GET", f"/subjects/{subject}/versions/latest")
    assert (latest["version"], latest["id"]) == (2, second)
    assert await door.told("GET", f"/subjects/{subject}/versions") == [1, 2]
    assert (await door.told("POST", f"/subjects/{subject}", json={"schema": json.dumps(record("a"))}))["version"] == 1
    assert code(await door.ask("GET", f"/subjects/{subject}/versions/9")) == (404, 40402)
    assert await door.mine() == [subject]
    await door.told("PUT", f"/mode/{subject}", json={"mode": "READONLY"})
    assert code(await door.register(subject, json.dumps(record("a", "b=0", "c=0")))) == (422, 42205)


async def test_any_change_that_the_policy_permits_is_followed(door: Door, facade: CatalogFacade) -> None:
    """Nothing is behind a description: a type may become any other, a column may go."""
    subject = f"{door.run}-value"
    await door.registered(subject, json.dumps(record("a", "b=0")))
    await door.told("PUT", f"/config/{subject}", json={"compatibility": "NONE"})
    await door.registered(subject, json.dumps(record({"name": "b", "type": ["null", "string"], "default": None})))
    names = [(name, nullable) for name, _, nullable in await columns(facade, subject)]
    assert names == [("b", True)]


async def test_three_formats_with_references(door: Door, facade: Any) -> None:
    for kind, (name, text) in REFERRING.items():
        base, using = f"{door.run}-{kind}-base", f"{door.run}-{kind}-use"
        await door.registered(base, BASES[kind], kind)
        assert (await door.told("GET", f"/subjects/{base}/versions/1")).get("schemaType", "AVRO") == kind
        reference = {"name": name, "subject": base, "version": 1}
        number = await door.registered(using, text, kind, reference)
        told = await door.told("GET", f"/subjects/{using}/versions/1")
        assert told["references"] == [reference]
        assert await door.told("GET", f"/subjects/{base}/versions/1/referencedby") == [number]
        kept = (await copies(facade))[(using, 1)]
        assert (kept.schema.text, kept.public_id % 1_000_000_000) == (told["schema"], number % 1_000_000_000)
        assert [each.subject for each in kept.schema.references] == [base]
        assert [each[0] for each in await columns(facade, using)] == ["base"]


async def test_deletes_soft_and_hard(door: Door, facade: CatalogFacade) -> None:
    subject = f"{door.run}-value"
    first = await door.registered(subject, json.dumps(record("a")))
    await door.registered(subject, json.dumps(record("a", "b=0")))
    assert await door.told("DELETE", f"/subjects/{subject}/versions/1") == 1
    assert {key: each.deleted for key, each in (await copies(facade)).items()} == {
        (subject, 1): True,
        (subject, 2): False,
    }
    assert await door.told("DELETE", f"/subjects/{subject}") == [2]
    assert await door.mine() == []
    assert await door.told("DELETE", f"/subjects/{subject}?permanent=true") == [1, 2]
    assert await copies(facade) == {}
    assert await columns(facade, subject), "the table stays unless it is told otherwise"
    assert (await door.told("GET", f"/schemas/ids/{first}"))["schema"] == json.dumps(record("a"), separators=(",", ":"))


async def test_dropped_with_its_subject(facade: CatalogFacade, entry: dict[str, Any], gateways: Running) -> None:
    entry["config"]["drop_on_permanent_delete"] = True
    door = Door(await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES), "")
    subject = f"{door.run}-value"
    await door.registered(subject, json.dumps(record("a")))
    for suffix in ("", "?permanent=true"):
        await door.told("DELETE", f"/subjects/{subject}{suffix}")
    assert await columns(facade, subject) == []
    indexed(facade)
    catalog = facade.catalog("lake")
    await catalog.open()
    assert await catalog.tables() == []
    await catalog.close()


async def test_a_document_that_has_no_room_is_refused_beforehand(
    facade: CatalogFacade, entry: dict[str, Any], gateways: Running
) -> None:
    if not isinstance(facade, FakeDataplex):
        pytest.skip("no limit of this catalog is published")
    door = Door(await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES), "")
    subject = f"{door.run}-value"
    await door.registered(subject, json.dumps(record("a", doc="x" * 60_000)))
    facade.fake.writes = 0
    refused = await door.register(subject, json.dumps(record("a", doc="x" * 200_000)))
    assert code(refused) == (422, 42209)
    assert "holds 115000" in refused.json()["message"]
    assert facade.fake.writes == 0
    assert await door.told("GET", f"/subjects/{subject}/versions") == [1]


async def test_ids_survive_the_store(facade: Any, entry: dict[str, Any], gateways: Running, tmp_path: Any) -> None:
    async with AsyncExitStack() as stack:
        door = Door(await gateways(HOME, entry, stack_on=stack, **ROUTES), "/registries/lake")
        subject = f"{door.run}-value"
        ids = [await door.registered(subject, json.dumps(record(*given))) for given in (("a",), ("a", "b=0"))]
        other = await door.registered(f"{door.run}-p", BASES["PROTOBUF"], "PROTOBUF")
    async with AsyncExitStack() as stack:
        client = await gateways(HOME, entry, stack_on=stack, **ROUTES)
        assert (await client.get(f"/registries/lake/schemas/ids/{ids[1]}")).status_code == 200, "a restart"
    indexed(facade)
    lost = {"store": f"sqlite:///{tmp_path}/new.db", **ROUTES}
    settings, given = GatewaySettings.model_validate(lost), [HOME, entry]
    entries = [RegistryEntry.model_validate(each) for each in given]
    assert (await rebuilt(Configuration.assembled(settings, entries), "lake")).versions == 3
    fresh = Door(await gateways(HOME, entry, **lost), "/registries/lake")
    for number, fields in zip(ids, (("a",), ("a", "b=0")), strict=True):
        assert json.loads((await fresh.told("GET", f"/schemas/ids/{number}"))["schema"]) == record(*fields)
    assert (await fresh.told("GET", f"/schemas/ids/{other}"))["schemaType"] == "PROTOBUF"
    assert await fresh.registered(subject, json.dumps(record("a"))) == ids[0]


async def test_a_lost_answer_is_found_again(door: Door, facade: Any) -> None:
    """The document is committed before the catalog is asked to write: the next write takes up what is left there."""
    subject = f"{door.run}-value"
    facade.fake.lose_answers(method="POST")
    first = await door.registered(subject, json.dumps(record("a")))
    facade.fake.calm()
    assert await door.registered(subject, json.dumps(record("a"))) == first
    second = await door.registered(subject, json.dumps(record("a", "b=0")))
    kept = await copies(facade)
    found = {key: each.public_id % 1_000_000_000 for key, each in kept.items()}
    assert found == {(subject, 1): first % 1_000_000_000, (subject, 2): second % 1_000_000_000}
    assert [each[0] for each in await columns(facade, subject)] == ["a", "b"]


async def test_throttling_is_told_as_such(facade: Any, entry: dict[str, Any], gateways: Running) -> None:
    door = Door(await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES), "/registries/lake")
    fake = facade.fake
    fake.fail_next(429, fake.throttled_body, times=100, headers={"retry-after": "3"}, path=fake.api_path)
    refused = await door.register(f"{door.run}-value", json.dumps(record("a")))
    facade.fake.calm()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")


@pytest.mark.parametrize("how", ["service_account_key: '${GCP_KEY}'", "service_account_key_file: key.json"])
async def test_a_service_accounts_key_from_a_variable_or_a_file(
    how: str, tmp_path: Path, gateways: Running, caplog: pytest.LogCaptureFixture
) -> None:
    facade = FakeDataplex()
    facade.start()
    facade.fake.demand_login(KEY.public_key())
    (tmp_path / "key.json").write_text(key_file(facade))
    where = f"project: demo, location: us-central1, timeout: 10, url: '{facade.served.url}'"
    text = f"registries:\n- {{id: lake, type: gcp_data_catalog, config: {{{where}, {how}}}}}\n"
    (tmp_path / "registries.yaml").write_text(text)
    (tmp_path / "gateway.yaml").write_text("registries_file: registries.yaml\nhome: lake\n")
    [entry] = load(tmp_path / "gateway.yaml", {}, {"GCP_KEY": key_file(facade)}).registries
    client = await gateways(HOME, entry.model_dump(exclude_none=True), **ROUTES)
    answer = await client.post("/registries/lake/subjects/t/versions", json={"schema": json.dumps(record("a"))})
    assert answer.status_code == 200, answer.text
    assert facade.fake.assertions[0]["iss"] == "svc@demo"
    facade.stop()
    down = await client.get("/registries/lake/subjects")
    assert "PRIVATE KEY" not in caplog.text + down.text + answer.text


def test_the_blueprints_entry_of_purview_loads_as_it_is_written(tmp_path: Path) -> None:
    blueprint = Path(__file__).parents[2] / "config" / "blueprint-registries.yaml"
    entries = yaml.safe_load(blueprint.read_text())["registries"]
    [entry] = [each for each in entries if each["type"] == "azure_purview"]
    (tmp_path / "registries.yaml").write_text(yaml.safe_dump({"registries": [entry]}))
    (tmp_path / "gateway.yaml").write_text("registries_file: registries.yaml\n")
    [off] = load(tmp_path / "gateway.yaml", {}, {}).registries
    assert not off.enabled, "its variables may be missing"
    (tmp_path / "registries.yaml").write_text(yaml.safe_dump({"registries": [{**entry, "enabled": True}]}))
    (tmp_path / "gateway.yaml").write_text("registries_file: registries.yaml\nhome: staging-azure-purview\n")
    names = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s"}
    [on] = load(tmp_path / "gateway.yaml", {}, names).registries
    config = PurviewConfig.model_validate(on.config)
    assert config.url == ("https://company-purview.purview.azure.com/datamap/api",)
