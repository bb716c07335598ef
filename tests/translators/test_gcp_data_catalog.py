"""Dataplex: logins, refusals, calls, names, and entries of other tools; Google's own client before the same fake."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from decapolis_formats import Format, Schema
from decapolis_formats.transform import read_model
from decapolis_formats.types import Decimal, Integer, List, Struct, Text
from decapolis_translators import errors
from decapolis_translators.catalog import Document
from decapolis_translators.gcp_data_catalog import DataplexCatalog, DataplexConfig
from decapolis_translators.gcp_data_catalog.names import Names
from decapolis_translators.testing.catalog_suite import FIRST, WIDER
from decapolis_translators.testing.fakes.dataplex import TOKEN_PATH, DataplexFake
from tests.facades.gcp_data_catalog import FakeDataplex

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


@pytest.fixture
def facade() -> Iterator[FakeDataplex]:
    facade = FakeDataplex()
    facade.start()
    yield facade
    facade.stop()


@pytest.fixture
def fake(facade: FakeDataplex) -> DataplexFake:
    return facade.fake


@pytest.fixture
async def opened(facade: FakeDataplex) -> AsyncIterator[Any]:
    made: list[DataplexCatalog] = []

    async def start(**more: Any) -> DataplexCatalog:
        catalog = DataplexCatalog("r", DataplexConfig.model_validate({**facade.config(), **more}))
        made.append(catalog)
        await catalog.open()
        return catalog

    yield start
    for catalog in made:
        await catalog.close()


def key_file(facade: FakeDataplex, **other: str) -> str:
    facts = {"type": "service_account", "client_email": "svc@demo", "private_key": PEM, "private_key_id": "k1"}
    return json.dumps({**facts, "token_uri": f"{facade.served.url}{TOKEN_PATH}", **other})


async def followed(catalog: DataplexCatalog, subject: str, text: str) -> None:
    name = catalog.table_of(subject)
    plan = catalog.plan(subject, read_model(text, Format.AVRO).model, await catalog.table(name))
    for step in plan.steps:
        await catalog.apply(name, step)


# --- who we are


async def test_a_service_account_signs_for_itself(facade: FakeDataplex, fake: DataplexFake, opened: Any) -> None:
    fake.demand_login(KEY.public_key())
    catalog = await opened(service_account_key=key_file(facade))
    await asyncio.gather(*(catalog.ping() for _ in range(5)))
    assert fake.door.token_calls == 1, "one token for all"
    assert fake.assertions[0]["iss"] == "svc@demo"
    fake.expire_tokens()
    await catalog.ping()
    assert fake.door.token_calls == 2


async def test_a_machine_has_its_own_account(fake: DataplexFake, opened: Any) -> None:
    catalog = await opened()
    await catalog.ping()
    fake.expire_tokens()
    await catalog.ping()
    assert fake.door.token_calls == 2


async def test_a_foreign_key_is_refused(facade: FakeDataplex, fake: DataplexFake, opened: Any) -> None:
    fake.demand_login(rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key())
    catalog = await opened(service_account_key=key_file(facade))
    with pytest.raises(errors.CredentialsRefused) as refused:
        await catalog.ping()
    assert "PRIVATE" not in str(refused.value)


async def test_a_key_that_is_none_is_told_without_a_word_of_it(facade: FakeDataplex, opened: Any) -> None:
    for wrong in ("/etc/key.json", "[]", '{"type":"authorized_user"}', key_file(facade, token_uri="http://evil.test/")):
        with pytest.raises(ValidationError, match="service_account_key") as refused:
            await opened(service_account_key=wrong)
        assert PEM[40:80] not in str(refused.value)
    catalog = await opened(service_account_key=key_file(facade, private_key="no key"))
    with pytest.raises(errors.CredentialsRefused, match="no RSA key"):
        await catalog.ping()


# --- refusals


def body(status: int, name: str, message: str = "so it is", *details: Mapping[str, Any]) -> dict[str, Any]:
    return {"error": {"code": status, "status": name, "message": message, "details": list(details)}}


DENIED = {"reason": "IAM_PERMISSION_DENIED", "metadata": {"permission": "dataplex.entries.get"}}
DISABLED = {"reason": "SERVICE_DISABLED", "metadata": {"service": "dataplex.googleapis.com"}}


@pytest.mark.parametrize(
    ("status", "given", "kind", "words"),
    [
        (401, body(401, "UNAUTHENTICATED"), errors.CredentialsRefused, "token"),
        (403, body(403, "PERMISSION_DENIED", "no", DENIED), errors.CredentialsRefused, "dataplex.entries.get"),
        (403, body(403, "PERMISSION_DENIED", "no", DISABLED), errors.RegistryFault, "not enabled"),
        (
            403,
            body(403, "PERMISSION_DENIED", "Permission 'dataplex.entries.get' denied"),
            errors.CredentialsRefused,
            "ie",
        ),
        (429, body(429, "RESOURCE_EXHAUSTED"), errors.Throttled, "quota"),
        (400, body(400, "INVALID_ARGUMENT"), errors.SchemaRefused, "so it is"),
        (400, body(400, "FAILED_PRECONDITION"), errors.WriteConflict, "so it is"),
        (409, body(409, "ABORTED"), errors.WriteConflict, "so it is"),
        (413, "<html>too large</html>", errors.TooLarge, "size"),
        (500, body(500, "INTERNAL"), errors.RegistryFault, "500"),
        (503, body(503, "UNAVAILABLE"), errors.Unreachable, "503"),
        (502, "<html>bad</html>", errors.Unreachable, "502"),
        (302, "", errors.Garbled, "302"),
        (404, "<html>nothing</html>", errors.Garbled, "404"),
        (200, "<html>hello</html>", errors.Garbled, "JSON"),
        (200, '{"name": "pro', errors.Garbled, "JSON"),
    ],
)
async def test_refusals(
    fake: DataplexFake, opened: Any, status: int, given: Any, kind: type[Exception], words: str
) -> None:
    catalog = await opened()
    fake.fail_next(status, given, times=9, path="/v1", headers={"location": "http://127.0.0.1:9/"})
    with pytest.raises(kind, match=words) as refused:
        await catalog.table("orders")
    assert "ya29" not in str(refused.value)


async def test_throttling_says_how_long(fake: DataplexFake, opened: Any) -> None:
    catalog = await opened()
    delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.5s"}
    fake.fail_next(429, body(429, "RESOURCE_EXHAUSTED", "x", delay), path="/v1")
    with pytest.raises(errors.Throttled) as refused:
        await catalog.ping()
    assert refused.value.retry_after == 7.5


async def test_a_group_that_is_missing(opened: Any) -> None:
    made = await (await opened()).ping()
    assert "made at the first write" in made.facts["entry_group"]
    with pytest.raises(errors.RegistryFault, match="set_up"):
        await (await opened(set_up=False)).ping()
    with pytest.raises(errors.RegistryFault, match="other_groups"):
        await (await opened(other_groups=["@bigquery"])).tables()


async def test_operations_are_waited_for_within_bounds(fake: DataplexFake, opened: Any) -> None:
    fake.state.polls = 1_000
    catalog = await opened(set_up_wait=0.5)
    with pytest.raises(errors.Unreachable, match=r"within 0\.5 s"):
        await followed(catalog, "orders", FIRST)
    fake.state.polls = 0
    fake.state.operations.clear()
    await followed(catalog, "orders", FIRST)


# --- what is there


async def test_an_entry_that_somebody_changed_is_not_overwritten(opened: Any) -> None:
    catalog, other = await opened(), await opened()
    await followed(catalog, "orders", FIRST)
    plan = catalog.plan("orders", read_model(WIDER, Format.AVRO).model, await catalog.table("orders"))
    await followed(other, "orders", WIDER)
    with pytest.raises(errors.WriteConflict):
        await catalog.apply("orders", plan.steps[0])


async def test_documents_without_columns_are_no_tables(fake: DataplexFake, opened: Any) -> None:
    catalog = await opened()
    await catalog.mirror(Document("orders", 1, 7, Schema(Format.AVRO, '"int"')))
    assert await catalog.table("orders") is None
    assert await catalog.tables() == []
    versions = [each for each in fake.state.entries.values() if each["name"].endswith("/versions/1")]
    assert versions[0]["parentEntry"].endswith("/entries/orders")
    await followed(catalog, "orders", FIRST)
    assert await catalog.tables() == ["orders"]
    await catalog.drop("orders")
    assert await catalog.tables() == []
    assert len(await catalog.mirrored()) == 1, "columns go, documents stay"
    await catalog.unmirror("orders", 1)
    assert fake.state.entries == {}


async def test_a_copy_that_somebody_edited_is_noticed(fake: DataplexFake, opened: Any) -> None:
    catalog = await opened()
    await catalog.mirror(Document("orders", 1, 7, Schema(Format.AVRO, '"int"')))
    entry = next(each for name, each in fake.state.entries.items() if name.endswith("/versions/1"))
    next(iter(entry["aspects"].values()))["data"]["schema"] = '"long"'
    with pytest.raises(errors.Garbled, match="altered"):
        await catalog.mirrored()


async def test_tables_of_other_tools_are_shown(fake: DataplexFake, opened: Any) -> None:
    group = fake.put_group("@bigquery")
    whole = "projects/demo/locations/us/entryGroups/theirs"
    fake.put_group("theirs", "us")
    id = "bigquery.googleapis.com/projects/demo/datasets/d/tables/t"
    price = {"name": "price", "mode": "NULLABLE", "dataType": "NUMERIC(10,2)", "metadataType": "NUMBER"}
    rows = {"name": "rows", "mode": "REPEATED", "dataType": "RECORD", "metadataType": "STRUCT", "fields": [price]}
    number = {"name": "id", "mode": "REQUIRED", "dataType": "INTEGER", "metadataType": "NUMBER", "description": "key"}
    odd = {"name": "odd", "mode": "NULLABLE", "dataType": "GEOGRAPHY", "metadataType": "GEOSPATIAL"}
    fake.put_entry(group, id, "bigquery-table", number, rows, odd, doc="Orders")
    fake.put_entry(group, "bigquery.googleapis.com/projects/demo/datasets/d", "bigquery-dataset")
    catalog = await opened(other_groups=["@bigquery", whole])
    assert await catalog.tables() == [f"@bigquery/{id}"]
    name = catalog.table_of(f"@bigquery/{id}")
    assert catalog.subject_of(name) == f"@bigquery/{id}"
    table = await catalog.table(name)
    assert (table.subject, table.kind, table.doc) == (None, "bigquery-table", "Orders")
    assert [each.type for each in table.columns] == ["INT64", "ARRAY<STRUCT<price NUMERIC(10, 2)>>", "STRING"]
    inner = table.model.fields[1].type
    assert isinstance(inner, List)
    assert isinstance(inner.item, Struct)
    assert inner.item.fields[0].type == Decimal(10, 2)
    assert [each.type for each in table.model.fields[::2]] == [Integer(64), Text()]
    plan = catalog.plan(name, read_model(FIRST, Format.AVRO).model, table)
    assert "only shown" in plan.impossible[0]
    before = dict(fake.state.entries)
    await catalog.drop(name)
    assert fake.state.entries == before


async def test_globs_say_which_tables_are_shown(opened: Any) -> None:
    catalog = await opened(tables=["or*"])
    for subject in ("orders", "users"):
        await followed(catalog, subject, FIRST)
    assert await catalog.tables() == ["orders"]


async def test_documents_up_to_the_limit(opened: Any) -> None:
    catalog = await opened()
    for size, fits in ((60_000, True), (114_000, True), (200_000, False)):
        schema = Schema(Format.AVRO, json.dumps({"type": "string", "doc": "x" * size}))
        if fits:
            catalog.admit("orders", schema)
            await catalog.mirror(Document("orders", 1, 7, schema))
            continue
        with pytest.raises(errors.TooLarge, match="115000"):
            catalog.admit("orders", schema)
        with pytest.raises(errors.TooLarge):
            await catalog.mirror(Document("orders", 1, 7, schema))
    (await opened(mirror=False)).admit("orders", schema)


# --- calls

CALLS = {
    "ping": 1,
    "first document": 3,
    "document": 1,
    "document, brought up to date": 2,
    "first columns": 2,
    "columns": 2,
    "table": 1,
    "tables": 1,
    "copies (one)": 2,
    "remove a copy": 2,
}


async def test_calls(fake: DataplexFake, opened: Any) -> None:
    catalog = await opened()
    await followed(catalog, "warm", FIRST)
    schema = Schema(Format.AVRO, FIRST)

    async def counted(work: Any) -> int:
        before = sum(fake.calls.values())
        await work
        return sum(fake.calls.values()) - before

    async def columns(text: str) -> int:
        plan = catalog.plan("orders", read_model(text, Format.AVRO).model, await catalog.table("orders"))
        return await counted(catalog.apply("orders", plan.steps[0]))

    warm = Document("warm", 1, 7, schema)
    found = {
        "ping": await counted(catalog.ping()),
        "first columns": await columns(FIRST),
        "columns": await columns(WIDER),
        "document": await counted(catalog.mirror(warm)),
        "document, brought up to date": await counted(catalog.mirror(warm)),
        "table": await counted(catalog.table("orders")),
        "tables": await counted(catalog.tables()),
        "copies (one)": await counted(catalog.mirrored()),
        "remove a copy": await counted(catalog.unmirror("warm", 1)),
        "first document": await counted(catalog.mirror(Document("bare", 1, 8, schema))),
    }
    assert found == CALLS


async def test_a_thousand_tables_and_their_versions(fake: DataplexFake, opened: Any) -> None:
    catalog = await opened()
    await followed(catalog, "s0000", FIRST)
    await catalog.mirror(Document("s0000", 1, 7, Schema(Format.AVRO, FIRST)))
    for name, entry in list(fake.state.entries.items()):
        for number in range(1, 1050):
            other = name.replace("s0000", f"s{number:04}")
            fake.state.entries[other] = {**entry, "name": other}
    fake.calls.clear()
    assert len(await catalog.tables()) == 1050
    assert sum(fake.calls.values()) <= 1050 / 100 + 10


# --- names

NAMES = Names.of("r", DataplexConfig(project="p", location="l", other_groups=("@bigquery",)))


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_two_subjects_never_have_one_entry(one: str, other: str) -> None:
    try:
        names = [NAMES.table_of(each) for each in (one, other)]
    except errors.SubjectRefused:
        return
    assert (names[0] == names[1]) is (one == other)
    assert [NAMES.subject_of(each) for each in names] == [one, other]
    assert all("/versions/" not in each for each in names)


def test_groups_that_would_give_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="one name"):
        DataplexConfig(project="p", location="l", other_groups=("a", "a"))


# --- Google's own client

WITHOUT = "google-cloud-dataplex is not installed (it is part of the extra dev)"


def is_installed(module: str) -> bool:
    """Whether a module could be imported, none of its parents missing."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.skipif(not is_installed("google.cloud.dataplex_v1"), reason=WITHOUT)
async def test_googles_own_client_reads_and_writes_what_we_do(
    facade: FakeDataplex, fake: DataplexFake, opened: Any
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kit = importlib.import_module("google.cloud.dataplex_v1")
        transports = importlib.import_module("google.cloud.dataplex_v1.services.catalog_service.transports")
        credentials = importlib.import_module("google.auth.credentials")
        exceptions = importlib.import_module("google.api_core.exceptions")
    fake.door.oauth = None
    catalog = await opened()
    await followed(catalog, "orders", FIRST)
    await catalog.mirror(Document("orders", 1, 1_000_000_007, Schema(Format.AVRO, FIRST)))

    def theirs() -> Any:
        host = facade.served.url.removeprefix("http://")
        transport = transports.CatalogServiceRestTransport(
            host=host, url_scheme="http", credentials=credentials.AnonymousCredentials()
        )
        client = kit.CatalogServiceClient(transport=transport)
        group = catalog.names.group
        listed = [each.name.partition("/entries/")[2] for each in client.list_entries(parent=group)]
        whole = kit.GetEntryRequest(name=f"{group}/entries/orders", view=kit.EntryView.ALL)
        columns = kit.Entry.to_dict(client.get_entry(request=whole))
        version = kit.GetEntryRequest(name=f"{group}/entries/orders/versions/1", view=kit.EntryView.ALL)
        copy = kit.Entry.to_dict(client.get_entry(request=version))
        with pytest.raises(exceptions.NotFound):
            client.get_entry(name=f"{group}/entries/nobody")
        made = kit.Entry(entry_type=catalog.names.entry_type("decapolis-subject"))
        made.aspects[catalog.names.aspect_key] = kit.Aspect(data={"subject": "orders"})
        with pytest.raises(exceptions.Conflict):
            client.create_entry(parent=group, entry_id="orders", entry=made)
        made.aspects[catalog.names.aspect_key] = kit.Aspect(data={"subject": "theirs"})
        client.create_entry(parent=group, entry_id="theirs", entry=made)
        transport.close()
        return listed, columns, copy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        listed, columns, copy = await asyncio.to_thread(theirs)
    assert listed == ["orders", "orders/versions/1"]
    schema = next(each for key, each in columns["aspects"].items() if key.endswith(".global.schema"))
    assert [each["name"] for each in schema["data"]["fields"]] == ["id", "name"]
    data = next(iter(copy["aspects"].values()))["data"]
    assert (data["schema"], data["schemaId"], data["version"]) == (FIRST, "1000000007", 1.0)
    assert await catalog.table("theirs") is None
