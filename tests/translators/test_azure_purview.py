"""Purview: logins, refusals, calls, a late index, successes in part; Microsoft's own client before the same fake."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from decapolis_formats import Format, Schema
from decapolis_formats.transform import read_model
from decapolis_formats.types import List, Map, Struct, Text
from decapolis_translators import errors
from decapolis_translators.azure_purview import PurviewCatalog, PurviewConfig
from decapolis_translators.azure_purview.columns import read, spelled
from decapolis_translators.catalog import Document
from decapolis_translators.testing.catalog_suite import FIRST, WIDER, record
from decapolis_translators.testing.fakes.purview import IMDS_PATH, PurviewFake
from tests.facades.azure_purview import CLIENT, FakePurview

DOCUMENT = Document("orders", 1, 1_000_000_007, Schema(Format.AVRO, FIRST))


@pytest.fixture
def facade() -> Iterator[FakePurview]:
    facade = FakePurview()
    facade.start()
    yield facade
    facade.stop()


@pytest.fixture
def fake(facade: FakePurview) -> PurviewFake:
    return facade.fake


@pytest.fixture
async def opened(facade: FakePurview) -> AsyncIterator[Any]:
    made: list[PurviewCatalog] = []

    async def start(**more: Any) -> PurviewCatalog:
        given = {key: value for key, value in {**facade.config(), **more}.items() if value is not None}
        catalog = PurviewCatalog("r", PurviewConfig.model_validate(given))
        made.append(catalog)
        await catalog.open()
        return catalog

    yield start
    for catalog in made:
        await catalog.close()


async def followed(catalog: PurviewCatalog, subject: str, text: str) -> None:
    name = catalog.table_of(subject)
    plan = catalog.plan(subject, read_model(text, Format.AVRO).model, await catalog.table(name))
    for step in plan.steps:
        await catalog.apply(name, step)


# --- where and who


def test_the_blueprints_entry() -> None:
    config = PurviewConfig.model_validate({"account_name": "company-purview", **CLIENT})
    assert config.url == ("https://company-purview.purview.azure.com/datamap/api",)
    assert CLIENT["client_secret"] not in repr(config)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"account_name": "a/b"},
        {"account_name": "a", "client_secret": "s"},
        {"account_name": "a", "client_id": "c", "client_secret": "s"},
        {"url": "http://atlas/api", "username": "u"},
        {"url": "http://atlas/api", "username": "u", "password": "p", "client_id": "c"},
    ],
)
def test_configurations_that_cannot_be_meant(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        PurviewConfig.model_validate(wrong)


async def test_client_credentials(fake: PurviewFake, opened: Any) -> None:
    catalog = await opened()
    await asyncio.gather(*(catalog.ping() for _ in range(5)))
    assert fake.door.token_calls == 1, "one token for all"
    fake.door.tokens.clear()
    await catalog.ping()
    assert fake.door.token_calls == 2
    wrong = await opened(client_secret="another-secret")
    with pytest.raises(errors.CredentialsRefused) as refused:
        await wrong.ping()
    assert "another-secret" not in str(refused.value)


async def test_a_machine_has_a_managed_identity(facade: FakePurview, fake: PurviewFake, opened: Any) -> None:
    where = f"{facade.served.url}{IMDS_PATH}"
    catalog = await opened(client_secret=None, identity_url=where)
    await catalog.ping()
    asked = next(each for each in fake.requests if each.raw_path == IMDS_PATH)
    assert (asked.query["client_id"], asked.headers["metadata"]) == ("client", "true")


# --- refusals


def body(code: str, message: str = "so it is") -> dict[str, str]:
    return {"requestId": "r", "errorCode": code, "errorMessage": message}


@pytest.mark.parametrize(
    ("status", "given", "kind", "words"),
    [
        (401, {"error": {"code": "Unauthorized", "message": "no"}}, errors.CredentialsRefused, "token"),
        (403, body("ATLAS-403-00-001"), errors.CredentialsRefused, "Data Curator"),
        (429, body("429"), errors.Throttled, "fewer"),
        (400, body("ATLAS-400-00-029"), errors.SchemaRefused, "so it is"),
        (404, body("ATLAS-404-00-007"), errors.RegistryFault, "written"),
        (409, body("ATLAS-409-00-002"), errors.WriteConflict, "so it is"),
        (412, body("PreconditionFailed"), errors.WriteConflict, "so it is"),
        (413, "<html>too large</html>", errors.TooLarge, "size"),
        (418, body("Teapot"), errors.Refused, "Teapot"),
        (500, body("ATLAS-500-00-001"), errors.RegistryFault, "500"),
        (503, "<html>maintenance</html>", errors.Unreachable, "503"),
        (302, "", errors.Garbled, "302"),
        (404, "<html>nothing</html>", errors.Garbled, "404"),
        (200, "<html>hello</html>", errors.Garbled, "JSON"),
        (200, '{"entity": {', errors.Garbled, "JSON"),
        (200, "[]", errors.Garbled, "object"),
    ],
)
async def test_refusals(
    fake: PurviewFake, opened: Any, status: int, given: Any, kind: type[Exception], words: str
) -> None:
    catalog = await opened()
    fake.fail_next(status, given, times=9, path="/datamap", headers={"location": "http://127.0.0.1:9/"})
    with pytest.raises(kind, match=words) as refused:
        await catalog.table("orders")
    assert "eyJ" not in str(refused.value)


async def test_throttling_says_how_long(fake: PurviewFake, opened: Any) -> None:
    catalog = await opened()
    fake.fail_next(429, body("429"), path="/datamap", headers={"retry-after": "11"})
    with pytest.raises(errors.Throttled) as refused:
        await catalog.ping()
    assert refused.value.retry_after == 11


async def test_types_that_nobody_makes(opened: Any) -> None:
    catalog = await opened(set_up=False)
    with pytest.raises(errors.RegistryFault, match="set_up"):
        await catalog.ping()
    with pytest.raises(errors.RegistryFault, match="set_up"):
        await followed(catalog, "orders", FIRST)
    await followed(await opened(), "orders", FIRST)
    await catalog.ping()


# --- what is there


async def test_nested_fields_are_flat_entities(fake: PurviewFake, opened: Any) -> None:
    catalog = await opened()
    inner = {"type": "record", "name": "In", "fields": [{"name": "city", "type": "string"}]}
    await followed(catalog, "orders", record(("id", "long"), ("homes", {"type": "array", "items": inner})))
    found = {
        each["attributes"]["name"]: each["attributes"]["data_type"]
        for each in fake.entities.values()
        if each["typeName"] == "sr_column"
    }
    assert found == {"id": "long", "homes": "array<struct<city:string>>", "homes.city": "string"}
    await followed(catalog, "orders", FIRST)
    left = [each["attributes"]["name"] for each in fake.entities.values() if each["typeName"] == "sr_column"]
    assert sorted(left) == ["id", "name"], "a column that went has no entity"


@pytest.mark.parametrize("text", ["array<>", "map<int", "struct<a>", "what<int>", "", "<", "array<int>>", "geo"])
def test_types_of_others_are_text(text: str) -> None:
    assert read(text) == Text()


TYPES = st.recursive(
    st.sampled_from([read(name) for name in ("int", "long", "string", "decimal(10,2)", "timestamp", "binary")]),
    lambda inner: st.one_of(
        inner.map(lambda item: List(item, nullable=True)),
        inner.map(lambda value: Map(Text(), value, nullable=True)),
        inner.map(lambda one: read(f"struct<a:{spelled(one)},b:int>")),
    ),
    max_leaves=6,
)


@given(TYPES)
def test_types_come_back(type: Any) -> None:
    assert read(spelled(type)) == type
    assert not isinstance(type, Struct) or len(type.fields) == 2


async def test_a_late_index_is_not_believed(fake: PurviewFake, opened: Any) -> None:
    fake.lag = 5
    catalog = await opened()
    await followed(catalog, "orders", FIRST)
    assert await catalog.tables() == ["orders"], "it is asked for by its name"
    await catalog.mirror(DOCUMENT)
    assert await catalog.mirrored() == [DOCUMENT]
    fake.catch_up()
    await catalog.unmirror("orders", 1)
    await catalog.drop("orders")
    assert await catalog.tables() == [], "what the index still knows is gone"


async def test_what_was_taken_in_part_is_planned_again(fake: PurviewFake, opened: Any) -> None:
    catalog = await opened()
    fake.take_only = 2
    with pytest.raises(errors.WriteConflict, match="part"):
        await followed(catalog, "orders", WIDER)
    await followed(catalog, "orders", WIDER)
    table = await catalog.table("orders")
    assert [each.name for each in table.columns] == ["id", "name", "note"]


async def test_columns_that_somebody_changed_are_not_overwritten(opened: Any) -> None:
    catalog, other = await opened(), await opened()
    await followed(catalog, "orders", FIRST)
    plan = catalog.plan("orders", read_model(WIDER, Format.AVRO).model, await catalog.table("orders"))
    await followed(other, "orders", WIDER)
    with pytest.raises(errors.WriteConflict):
        await catalog.apply("orders", plan.steps[0])


async def test_columns_go_and_documents_stay(fake: PurviewFake, opened: Any) -> None:
    catalog = await opened()
    await catalog.mirror(DOCUMENT)
    assert await catalog.table("orders") is None, "documents alone are no table"
    await followed(catalog, "orders", FIRST)
    await catalog.drop("orders")
    assert await catalog.table("orders") is None
    assert await catalog.mirrored() == [DOCUMENT]
    await catalog.unmirror("orders", 1)
    assert fake.entities == {}


async def test_two_registries_share_an_account(opened: Any) -> None:
    one, other = await opened(namespace="one"), await opened(namespace="other")
    await followed(one, "orders", FIRST)
    assert (await one.tables(), await other.tables()) == (["orders"], [])
    assert await other.table("orders") is None


async def test_documents_of_any_size(opened: Any) -> None:
    catalog = await opened()
    large = Schema(Format.AVRO, json.dumps({"type": "string", "doc": "x" * 200_000}))
    catalog.admit("orders", large)
    await catalog.mirror(Document("orders", 1, 7, large))
    assert (await catalog.mirrored())[0].schema == large


# --- calls

CALLS = {
    "ping": 1,
    "document": 1,
    "first columns": 2,
    "columns": 2,
    "columns, one goes": 3,
    "table": 1,
    "tables": 1,
    "copies (one subject)": 2,
    "remove a copy": 2,
}


async def test_calls(fake: PurviewFake, opened: Any) -> None:
    await followed(await opened(), "warm", FIRST)
    catalog = await opened()
    await catalog._ready()
    schema = Schema(Format.AVRO, FIRST)

    async def counted(work: Any) -> int:
        before = sum(fake.calls.values())
        await work
        return sum(fake.calls.values()) - before

    async def columns(text: str) -> int:
        plan = catalog.plan("orders", read_model(text, Format.AVRO).model, await catalog.table("orders"))
        return await counted(catalog.apply("orders", plan.steps[0]))

    found = {
        "ping": await counted(catalog.ping()),
        "first columns": await columns(FIRST),
        "columns": await columns(WIDER),
        "columns, one goes": await columns(FIRST),
        "document": await counted(catalog.mirror(Document("orders", 1, 7, schema))),
        "table": await counted(catalog.table("orders")),
    }
    fake.catch_up()
    await followed(await opened(), "other", FIRST)
    fresh = await opened()
    await fresh._ready()
    await fresh.mirror(Document("orders", 1, 7, schema))
    fresh._recent._at.clear()
    found["tables"] = await counted(fresh.tables())
    await (await opened()).drop("warm")
    fake.catch_up()
    found["copies (one subject)"] = await counted(fresh.mirrored()) - 1  # the other subject is asked as well
    found["remove a copy"] = await counted(fresh.unmirror("orders", 1))
    assert found == CALLS


async def test_a_thousand_tables(fake: PurviewFake, opened: Any) -> None:
    await followed(await opened(), "s0000", FIRST)
    subject = next(each for each in fake.entities.values() if each["typeName"] == "sr_subject")
    for number in range(1, 1050):
        attributes = dict(subject["attributes"], qualifiedName=f"sr://r/s{number:04}")
        fake.entities[f"guid-{number}"] = {**subject, "guid": f"guid-{number}", "attributes": attributes}
    fake.catch_up()
    fake.calls.clear()
    assert len(await (await opened()).tables()) == 1050
    assert sum(fake.calls.values()) <= 1050 / 1000 + 10


# --- names


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_two_subjects_never_have_one_name(one: str, other: str) -> None:
    catalog = PurviewCatalog("r", PurviewConfig.model_validate({"account_name": "a"}))
    try:
        names = [catalog.table_of(each) for each in (one, other)]
    except errors.SubjectRefused:
        return
    assert (names[0].lower() == names[1].lower()) is (one == other), "whatever case means there"
    assert [catalog.subject_of(each) for each in names] == [one, other]


# --- Microsoft's own client


def is_installed(module: str) -> bool:
    """Whether a module could be imported, none of its parents missing."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


WITHOUT = "azure-purview-datamap is not installed (it is part of the extra dev)"


@pytest.mark.skipif(not is_installed("azure.purview.datamap"), reason=WITHOUT)
async def test_microsofts_own_client_reads_what_we_wrote(facade: FakePurview, fake: PurviewFake, opened: Any) -> None:
    fake.door.oauth = None
    catalog = await opened()
    await followed(catalog, "orders", FIRST)
    await catalog.mirror(DOCUMENT)
    fake.catch_up()

    class Anybody:
        """A credential that proves nothing."""

        def get_token(self, *_: str, **__: Any) -> Any:
            return importlib.import_module("azure.core.credentials").AccessToken("t", 2**31)

    def theirs() -> Any:
        kit = importlib.import_module("azure.purview.datamap")
        exceptions = importlib.import_module("azure.core.exceptions")
        client = kit.DataMapClient(endpoint=facade.served.url, credential=Anybody())
        plain = {"enforce_https": False}
        name = "sr://r/orders"
        subject = client.entity.get_by_unique_attribute("sr_subject", attribute=name, **plain)
        version = client.entity.get_by_unique_attribute("sr_schema_version", attribute=f"{name}#v1", **plain)
        found = client.discovery.query({"limit": 10, "filter": {"entityType": "sr_subject"}}, **plain)
        with pytest.raises(exceptions.ResourceNotFoundError):
            client.entity.get_by_unique_attribute("sr_subject", attribute="sr://r/nobody", **plain)
        definition = client.type_definition.get_entity_by_name("sr_schema_version", **plain)
        wanted = {"typeName": "sr_subject", "guid": "-1", "attributes": {"qualifiedName": "sr://r/t", "name": "t"}}
        made = client.entity.create_or_update({"entity": wanted}, **plain)
        return subject.as_dict(), version.as_dict(), found.as_dict(), definition.as_dict(), made.as_dict()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        subject, version, found, definition, made = await asyncio.to_thread(theirs)
    names = [each["displayText"] for each in subject["entity"]["relationshipAttributes"]["columns"]]
    assert names == ["id", "name"]
    attributes = version["entity"]["attributes"]
    assert (attributes["schemaText"], attributes["schemaId"], attributes["version"]) == (FIRST, "1000000007", 1)
    assert [each["qualifiedName"] for each in found["value"]] == ["sr://r/orders"]
    assert "schemaText" in [each["name"] for each in definition["attributeDefs"]]
    assert list(made["guidAssignments"]) == ["-1"]
    assert await catalog.table("t") is None
