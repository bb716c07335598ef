"""A Confluent client before Snowflake, at its door and behind a route, with the strict fake."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from decapolis.assembly import rebuilt
from decapolis.files import ConfigurationFault, load
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from decapolis_formats import Format
from decapolis_formats.options import Dialect, Options
from decapolis_formats.transform import transform
from decapolis_translators import discovery
from decapolis_translators.testing.fakes.snowflake import SnowflakeFake
from decapolis_translators.testing.fakes.snowflake_engine import Session
from decapolis_translators.testing.fakes.snowflake_tables import HeldColumn
from tests.facades.snowflake import FakeSnowflake

from .conftest import Running, code, record
from .test_apicurio import BASES, REFERRING, Door

FIRST = 1_000_000_001
HOME = {"id": "embedded", "type": "embedded"}
ROUTES = {"home": "embedded", "routes": [{"match": "t-*", "registry": "snow"}, {"registry": "embedded"}]}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The type counts as installed, also where the package was installed before it had one."""

    def found(**wanted: str) -> Any:
        others = [each for each in entry_points(**wanted) if each.name != "snowflake"]
        return [*others, EntryPoint("snowflake", "decapolis_translators.snowflake:SnowflakeCatalog", discovery.GROUP)]

    monkeypatch.setattr(discovery, "entry_points", found)


@pytest.fixture
def facade() -> Iterator[FakeSnowflake]:
    facade = FakeSnowflake()
    facade.start()
    yield facade
    facade.stop()


@pytest.fixture
def fake(facade: FakeSnowflake) -> SnowflakeFake:
    return facade.fake


@pytest.fixture
def entry(facade: FakeSnowflake) -> dict[str, Any]:
    patient = {"deadline": 30.0, "retries": 0, "breaker_failures": 1000}
    config = {**facade.config(), "projection_wait": 3.5}
    return {"id": "snow", "type": "snowflake", "config": config, "resilience": patient}


@pytest.fixture(params=["/registries/snow", ""], ids=["door", "route"])
async def door(request: pytest.FixtureRequest, entry: dict[str, Any], gateways: Running) -> Door:
    return Door(await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES), request.param)


def avro(*fields: Any) -> str:
    return json.dumps(record(*fields))


def columns(fake: SnowflakeFake, table: str) -> list[tuple[str, str, bool]]:
    return [(each.name, each.type, each.nullable) for each in fake.tables()[table].columns]


async def test_the_session_of_a_client(door: Door, fake: SnowflakeFake) -> None:
    subject = f"{door.run}-value"
    first = await door.registered(subject, avro("a"))
    assert await door.registered(subject, avro("a")) == first
    assert columns(fake, door.run) == [("a", "NUMBER(10,0)", False)]
    shown = await door.told("GET", f"/schemas/ids/{first}")
    assert json.loads(shown["schema"]) == record("a")
    assert code(await door.ask("GET", f"/config/{subject}")) == (404, 40408)
    await door.told("PUT", f"/config/{subject}", json={"compatibility": "FULL"})
    assert await door.told("GET", f"/config/{subject}") == {"compatibilityLevel": "FULL"}
    await door.told("PUT", f"/mode/{subject}", json={"mode": "READONLY"})
    assert code(await door.register(subject, avro("a", "b=0")))[0] == 422
    await door.told("PUT", f"/mode/{subject}", json={"mode": "READWRITE"})
    writes = fake.account.table_writes
    assert code(await door.register(subject, avro("a", "b"))) == (409, 409)
    assert fake.account.table_writes == writes, "judged before anything is sent"
    second = await door.registered(subject, avro("a", "b=0"))
    assert columns(fake, door.run) == [("a", "NUMBER(10,0)", False), ("b", "NUMBER(10,0)", False)]
    latest = await door.told("GET", f"/subjects/{subject}/versions/latest")
    assert (latest["version"], latest["id"]) == (2, second)
    assert await door.told("GET", f"/subjects/{subject}/versions") == [1, 2]
    assert (await door.told("POST", f"/subjects/{subject}", json={"schema": avro("a")}))["version"] == 1
    assert code(await door.ask("GET", f"/subjects/{subject}/versions/9")) == (404, 40402)
    assert await door.mine() == [subject]
    assert {each.raw_path for each in fake.requests} == {"/api/v2/statements"}


async def test_three_formats_with_references(door: Door, fake: SnowflakeFake) -> None:
    for kind, (name, text) in REFERRING.items():
        base, use = f"{door.run}-{kind.lower()}-value", f"{door.run}-{kind.lower()}-use"
        text_of_base = '{"type":"object","title":"Base","properties":{"a":{"type":"integer"}}}'
        await door.registered(base, text_of_base if kind == "JSON" else BASES[kind], kind)
        assert (await door.told("GET", f"/subjects/{base}/versions/1")).get("schemaType", "AVRO") == kind
        reference = {"name": name, "subject": base, "version": 1}
        number = await door.registered(use, text, kind, reference)
        assert await door.registered(use, text, kind, reference) == number
        assert (await door.told("GET", f"/schemas/ids/{number}"))["references"] == [reference]
        assert await door.told("GET", f"/subjects/{base}/versions/1/referencedby") == [number]
        made = columns(fake, f"{use}__record")
        assert [(name, type.partition("(")[0]) for name, type, _ in made] == [("base", "OBJECT")]


async def test_what_the_engine_cannot_do_is_refused_before_anything_is_written(door: Door, fake: SnowflakeFake) -> None:
    subject = f"{door.run}-value"
    await door.registered(subject, avro("a"))
    writes = fake.account.table_writes
    refused = await door.register(subject, avro({"name": "a", "type": "double"}))
    assert code(refused) == (409, 409)
    assert "backend snow cannot apply: column a: from NUMBER(10,0) to FLOAT" in refused.json()["message"]
    assert fake.account.table_writes == writes
    assert await door.told("GET", f"/subjects/{subject}/versions") == [1]
    await door.registered(subject, avro({"name": "a", "type": "long"}))
    assert columns(fake, door.run) == [("a", "NUMBER(19,0)", False)]


async def test_deletes_soft_and_hard(door: Door, fake: SnowflakeFake) -> None:
    subject = f"{door.run}-value"
    first = await door.registered(subject, avro("a"))
    await door.registered(subject, avro("a", "b=0"))
    assert await door.told("DELETE", f"/subjects/{subject}/versions/1") == 1
    assert await door.told("DELETE", f"/subjects/{subject}") == [2]
    assert await door.mine() == []
    history = fake.tables("SR_GATEWAY")["SCHEMA_VERSIONS"].rows
    assert [(row["subject"], row["version"], row["deleted"]) for row in history] == [
        (subject, 1, True),
        (subject, 2, True),
    ]
    assert await door.told("DELETE", f"/subjects/{subject}?permanent=true") == [1, 2]
    assert history == []
    assert door.run in fake.tables(), "the table stays"
    assert json.loads((await door.told("GET", f"/schemas/ids/{first}"))["schema"]) == record("a")


async def test_statements_per_operation(gateways: Running, entry: dict[str, Any], fake: SnowflakeFake) -> None:
    """The figures of docs/registries/snowflake.md."""
    door = Door(await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES), "/registries/snow")
    number = await door.registered("t-first-value", avro("a"))

    async def statements(work: Any) -> int:
        before = fake.calls.total()
        await work
        return fake.calls.total() - before

    assert await statements(door.registered("t-a-value", avro("a"))) == 7
    assert await statements(door.registered("t-a-value", avro("a", "b=0"))) == 8
    assert await statements(door.registered("t-a-value", avro("a", "b=0"))) == 0
    assert await statements(door.told("GET", "/subjects/t-a-value/versions/1")) == 0
    assert await statements(door.told("GET", f"/schemas/ids/{number}")) == 0
    assert await statements(door.told("GET", "/subjects")) == 1
    assert await statements(door.told("DELETE", "/subjects/t-a-value")) == 2


async def test_tables_of_others_are_found_and_only_read(
    gateways: Running, entry: dict[str, Any], fake: SnowflakeFake
) -> None:
    # on a busy machine the last known answer might leave before the catalog's own
    patient = {"cache": {"seconds": 0}, "limits": {"stale_after_seconds": 3.5}}
    door = Door(await gateways(HOME, entry, **patient, **ROUTES), "/registries/snow")
    made = fake.put("ORDERS", HeldColumn("ID", "NUMBER(38,0)", nullable=False), HeldColumn("NOTE", "VARCHAR(50)"))
    assert await door.told("GET", "/subjects") == ["DB.PUBLIC.ORDERS"]
    told = await door.told("GET", "/subjects/DB.PUBLIC.ORDERS/versions/latest")
    assert [each["name"] for each in json.loads(told["schema"])["fields"]] == ["ID", "NOTE"]
    await door.told("PUT", "/config", json={"compatibility": "NONE"})
    refused = await door.register("DB.PUBLIC.ORDERS", avro("a"))
    assert refused.status_code == 422
    assert "can only be read" in refused.json()["message"]
    made.columns.append(HeldColumn("MORE", "DATE"))
    assert (await door.told("GET", "/subjects/DB.PUBLIC.ORDERS/versions/latest"))["version"] == 2
    assert fake.account.table_writes == 0


async def test_a_subject_in_three_parts_has_that_table(
    gateways: Running, entry: dict[str, Any], fake: SnowflakeFake
) -> None:
    door = Door(await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES), "/registries/snow")
    fake.account.databases["DB"]["SALES"] = {}
    await door.registered("DB.SALES.ORDERS", avro("a"))
    assert list(fake.tables("SALES")) == ["ORDERS"]
    refused = await door.register("DB.PUBLIC.orders", avro("a"))
    assert code(refused) == (422, 42208)
    assert code(await door.ask("GET", "/subjects/DB.NOWHERE.ORDERS/versions")) == (404, 40401)
    missing = await door.register("DB.NOWHERE.ORDERS", avro("a"))
    assert code(missing) == (409, 409)
    assert "Schema DB.NOWHERE does not exist" in missing.json()["message"]


async def test_a_table_that_was_altered_by_hand_is_noticed(
    gateways: Running, entry: dict[str, Any], fake: SnowflakeFake
) -> None:
    door = Door(await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES), "/registries/snow")
    await door.registered("t-a-value", avro("a"))
    fake.tables()["t-a"].columns.append(HeldColumn("b", "DATE"))
    refused = await door.register("t-a-value", avro("a", "c=0"))
    assert code(refused) == (409, 409)
    assert "altered by hand" in refused.json()["message"]


async def test_a_lost_answer_is_found_again(door: Door, fake: SnowflakeFake) -> None:
    subject = f"{door.run}-value"
    for text in (avro("a"), avro("a", "b=0")):
        fake.lose_answers(path="/api/v2/statements")
        answer = await door.register(subject, text)
        number = await door.registered(subject, text)
        assert answer.status_code != 200 or answer.json()["id"] == number
    assert await door.told("GET", f"/subjects/{subject}/versions") == [1, 2]
    assert [name for name, _, _ in columns(fake, door.run)] == ["a", "b"]


async def test_throttling_is_told_as_such(door: Door, fake: SnowflakeFake) -> None:
    fake.throttle(100, retry_after="3")
    assert (await door.register(f"{door.run}-value", avro("a"))).status_code == 429
    fake.calm()


async def test_a_restart_and_the_loss_of_the_store(
    gateways: Callable[..., Any], entry: dict[str, Any], tmp_path: Path, fake: SnowflakeFake
) -> None:
    subject = "t-orders-value"
    async with AsyncExitStack() as first:
        client = await gateways(HOME, entry, stack_on=first, **ROUTES)
        ids = [await client.registered(subject, record(*fields)) for fields in (("a",), ("a", "b=0"))]
        assert ids == [FIRST, FIRST + 1]
    async with AsyncExitStack() as second:
        client = await gateways(HOME, entry, stack_on=second, **ROUTES)
        assert await client.registered(subject, record("a")) == FIRST
    settings = {**ROUTES, "store": f"sqlite:///{tmp_path}/other.db"}
    registries = [RegistryEntry.model_validate(each) for each in (HOME, entry)]
    configuration = Configuration.assembled(GatewaySettings.model_validate(settings), registries)
    assert (await rebuilt(configuration, "snow")).base == FIRST - 1
    client = await gateways(HOME, entry, **settings)
    for number, fields in zip(ids, (("a",), ("a", "b=0")), strict=True):
        assert json.loads((await client.get(f"/schemas/ids/{number}")).json()["schema"]) == record(*fields)
    assert await client.registered(subject, record("a", "b=0", "c=0")) == FIRST + 2
    assert [name for name, _, _ in columns(fake, "t-orders")] == ["a", "b", "c"]


def test_an_entry_of_a_file(tmp_path: Path, fake: SnowflakeFake) -> None:
    """The key comes from a file, the passphrase from the environment; a plain password gets the reason why not."""
    (tmp_path / "key.p8").write_text("the key")
    (tmp_path / "gateway.yaml").write_text("registries_file: registries.yaml")
    file = tmp_path / "registries.yaml"
    text = """
registries:
  - id: snow
    type: snowflake
    config: {account: myorg-acc, database: DB, schema: SALES, username: ME, %s}
"""
    file.write_text(text % "private_key_file: key.p8, private_key_passphrase: '${PHRASE}'")
    config = load(tmp_path / "gateway.yaml", {}, {"PHRASE": "sesame"}).entry("snow").config
    assert (config["private_key"], config["private_key_passphrase"], config["schema"]) == ("the key", "sesame", "SALES")
    file.write_text(text % "password: hunter2")
    with pytest.raises(ConfigurationFault) as caught:
        load(tmp_path / "gateway.yaml", {}, {})
    assert "knows only key pairs" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_what_is_transformed_is_taken(fake: SnowflakeFake) -> None:
    """The CREATE TABLE of a transformation makes the table that registering makes."""
    made = transform(
        avro("a", {"name": "b", "type": ["null", "string"], "default": None}),
        Format.AVRO,
        Format.SQL_DDL,
        options=Options(dialect=Dialect.SNOWFLAKE, name="orders"),
    )
    fake.engine.run(made.text, [], Session("DB", "PUBLIC", None, "GATEWAY"))
    assert columns(fake, "orders") == [("a", "NUMBER(10,0)", False), ("b", "VARCHAR(16777216)", True)]
