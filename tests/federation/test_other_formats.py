"""Formats that the dialect does not have: registered, found, compared and searched (rows 24, 31, 118, 178); tables that nobody
registered, in every format that a table has."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from decapolis_translators.testing.fakes.unity_state import HeldColumn, HeldTable
from tests.facades.apicurio import FakeApicurio
from tests.facades.aws_glue import FakeGlue
from tests.facades.dialect import Confluent8
from tests.facades.unity import FakeUnityOss
from tests.gateway.conftest import Client, Running, code, gateways, record

__all__ = ["gateways"]

A = "/api/v1/registries"


def api(*names: str) -> str:
    """A description of an API whose one schema has these fields."""
    properties = {name: {"type": "string"} for name in names}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Orders", "version": "1"},
        "paths": {},
        "components": {"schemas": {"Order": {"type": "object", "properties": properties}}},
    }
    return json.dumps(document)


def entry(name: str, facade: Any, type_: str) -> dict[str, Any]:
    return {"id": name, "type": type_, "config": dict(facade.config()), "resilience": {"deadline": 20.0}}


@pytest.fixture
async def apicurio() -> AsyncIterator[FakeApicurio]:
    facade = FakeApicurio()
    facade.start()
    async with httpx.AsyncClient(base_url=str(facade.config()["url"])) as native:
        first = {"content": {"content": api("id", "customer"), "contentType": "application/json"}}
        body = {"artifactId": "orders-api", "artifactType": "OPENAPI", "firstVersion": first}
        (await native.post("/apis/registry/v3/groups/default/artifacts", json=body)).raise_for_status()
    yield facade
    facade.stop()


@pytest.fixture
async def unity() -> AsyncIterator[FakeUnityOss]:
    facade = FakeUnityOss()
    columns = [HeldColumn("ID", "long", nullable=False), HeldColumn("note", "string")]
    table = HeldTable("theirs", "EXTERNAL", "ICEBERG", columns)
    facade.fake.state.make_schema("main", "default").tables["theirs"] = table
    facade.start()
    yield facade
    facade.stop()


async def registered(client: Client, registry: str, subject: str, text: str, format: str) -> httpx.Response:
    body = {"schema_content": text, "schema_format": format}
    return await client.post(f"{A}/{registry}/subjects/{subject}/versions", json=body)


async def test_any_format_in_the_embedded_registry(gateways: Running) -> None:
    client = await gateways()
    texts = {
        "openapi": api("a"),
        "asyncapi": json.dumps(
            {
                "asyncapi": "2.6.0",
                "info": {"title": "O", "version": "1"},
                "channels": {},
                "components": {
                    "messages": {"M": {"payload": {"type": "object", "properties": {"a": {"type": "string"}}}}}
                },
            }
        ),
        "sql_ddl": "CREATE TABLE orders (id BIGINT NOT NULL)",
        "parquet": "message orders { required int64 id; }",
        "iceberg": '{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"id","required":true,"type":"long"}]}',
    }
    for format, text in texts.items():
        made = await registered(client, "embedded", f"s-{format}", text, format)
        assert made.status_code == 201, made.text
        again = await registered(client, "embedded", f"s-{format}", text, format)
        assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
        read = (await client.get(f"{A}/embedded/subjects/s-{format}/versions/latest")).json()
        assert (read["schema_format"], read["schema_content"], read["derived"]) == (format, text, False)
        hits = (await client.get("/api/v1/schemas/search", params={"type": format})).json()["items"]
        assert f"s-{format}" in [hit["subject"] for hit in hits]
    listed = (await client.get(f"{A}/embedded/subjects")).json()["items"]
    assert listed == sorted(f"s-{format}" for format in texts)
    assert (await client.delete(f"{A}/embedded/subjects/s-openapi")).json()["versions"] == [1]
    assert (await client.get(f"{A}/embedded/subjects/s-openapi/versions/1")).status_code == 404


async def test_what_is_no_text_of_the_format_or_another_format_is_refused(gateways: Running) -> None:
    client = await gateways()
    broken = await registered(client, "embedded", "s", "{", "openapi")
    assert broken.status_code == 400
    assert (await registered(client, "embedded", "s", api("a"), "openapi")).status_code == 201
    other = await registered(client, "embedded", "s", "CREATE TABLE s (a INT)", "sql_ddl")
    assert (other.status_code, "holds openapi" in other.text) == (422, True)
    assert (await registered(client, "embedded", "s", api("a", "b"), "openapi")).json()["version"] == 2


async def test_a_client_of_the_dialect_sees_its_name_and_cannot_mix(gateways: Running) -> None:
    client = await gateways()
    await registered(client, "embedded", "s", api("a"), "openapi")
    assert (await client.get("/subjects/s/versions/1")).json()["schemaType"] == "OPENAPI"
    assert code(await client.register("s", record("a"))) == (409, 409)
    body = {"schema": json.dumps(record("a"))}
    answer = await client.post("/compatibility/subjects/s/versions/latest", json=body)
    assert answer.json() == {"is_compatible": False}
    assert code(await client.register("t", api("a"), schemaType="OPENAPI")) == (422, 42201)


async def test_an_artifact_of_another_tool_is_found_read_compared_and_searched(
    gateways: Running, apicurio: FakeApicurio
) -> None:
    client = await gateways({"id": "embedded", "type": "embedded"}, entry("api", apicurio, "apicurio"), home="embedded")
    found = (await client.get("/api/v1/schemas/find", params={"subject": "orders-api"})).json()
    assert set(found) == {"api"}
    assert found["api"]["schema_format"] == "openapi"
    hits = (await client.get("/api/v1/schemas/search", params={"field": "customer"})).json()["items"]
    assert [hit["subject"] for hit in hits] == ["orders-api"]
    body = {
        "schema1": {"registry": "api", "subject": "orders-api"},
        "schema2": {"schema_content": api("id"), "schema_format": "openapi"},
    }
    compared = await client.post("/api/v1/schemas/compare", json=body)
    assert compared.status_code == 200, compared.text
    assert "customer" in compared.text
    made = await registered(client, "api", "orders-api", api("id", "customer", "more"), "openapi")
    assert (made.status_code, made.json()["version"]) == (201, 2), made.text
    assert (await registered(client, "api", "new-api", api("id"), "openapi")).status_code == 201
    assert apicurio.fake.state.artifacts[("default", "new-api")].kind == "OPENAPI"


async def test_registries_that_hold_no_such_format_say_so(gateways: Running) -> None:
    async with AsyncExitStack() as stack:
        for name, facade, type_ in (("glue", FakeGlue(), "aws_glue"), ("conf", Confluent8(), "confluent")):
            facade.start()
            stack.callback(facade.stop)
            client = await gateways(entry(name, facade, type_), home=name, stack_on=stack)
            refused = await registered(client, name, "s", api("a"), "openapi")
            assert refused.status_code == 422
            assert "does not hold openapi" in refused.text
            await client.aclose()
            break


async def test_a_table_that_nobody_registered_in_every_format(gateways: Running, unity: FakeUnityOss) -> None:
    client = await gateways(
        {"id": "embedded", "type": "embedded"}, entry("uc", unity, "unity_catalog"), home="embedded"
    )
    subject = "theirs-value"
    found = (await client.get("/api/v1/schemas/find", params={"subject": subject})).json()["uc"]
    assert (found["schema_format"], found["derived"]) == ("avro", True)
    path = f"{A}/uc/subjects/{subject}/versions/latest"
    iceberg = (await client.get(path, params={"schema_format": "iceberg"})).json()
    assert [each["name"] for each in json.loads(iceberg["schema_content"])["fields"]] == ["ID", "note"]
    ddl = (await client.get(path, params={"schema_format": "sql_ddl"})).json()
    assert "CREATE TABLE" in ddl["schema_content"]
    assert "`" in ddl["schema_content"] or "BIGINT" in ddl["schema_content"]
    hits = (await client.get("/api/v1/schemas/search", params={"type": "iceberg"})).json()["items"]
    assert [hit["subject"] for hit in hits] == [subject]
    able = (await client.get(f"{A}/uc")).json()["capabilities"]
    assert {"iceberg", "avro", "parquet"} <= set(able["formats"])
    ways = able["format_ways"]
    assert (ways["iceberg"], ways["parquet"], ways["avro"]) == ("native", "native", "via transformation")
    assert ways["openapi"] == "kept by the gateway"


async def test_a_topic_is_compared_with_the_columns_that_a_table_has_now(
    gateways: Running, unity: FakeUnityOss
) -> None:
    """Not with the schema that the table was made of: somebody altered it since."""
    client = await gateways(entry("uc", unity, "unity_catalog"), home="uc")
    subject = "orders-value"
    body = {"schema": json.dumps(record("id"))}
    registered = await client.post(f"/subjects/{subject}/versions", json=body)
    assert registered.status_code == 200, registered.text
    table = unity.fake.state.catalogs["main"]["default"].tables["orders"]
    table.columns.append(HeldColumn("by_hand", "boolean"))
    table.touch()
    sides = {"schema1": {"registry": "uc", "subject": subject}, "schema2": {"registry": "uc", "table": subject}}
    got = (await client.post("/api/v1/schemas/compare", json=sides)).json()
    assert (got["left"]["schema_format"], got["right"]["schema_format"]) == ("avro", "iceberg")
    assert got["right"]["version"] is None
    assert {each["path"]: each["change"] for each in got["differences"]} == {"by_hand": "only on the right"}
    assert got["compatibility"]["judged_by"] == "structure"
    sides["schema2"] |= {"version": "1"}
    as_registered = (await client.post("/api/v1/schemas/compare", json=sides)).json()
    assert as_registered["identical"]


async def test_a_description_of_an_api_in_a_catalog_makes_no_table(gateways: Running, unity: FakeUnityOss) -> None:
    client = await gateways(entry("uc", unity, "unity_catalog"), home="uc")
    tables = unity.fake.state.make_schema("main", "default").tables
    made = await registered(client, "uc", "orders-api", api("a"), "openapi")
    assert made.status_code == 201, made.text
    assert set(tables) == {"theirs"}
    read = (await client.get(f"{A}/uc/subjects/orders-api/versions/1")).json()
    assert (read["schema_format"], read["derived"]) == ("openapi", False)
    assert (
        await registered(client, "uc", "orders-value", "CREATE TABLE orders (id BIGINT)", "sql_ddl")
    ).status_code == 201
    assert "orders" in tables
