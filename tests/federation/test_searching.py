"""Searching the estate: every way to ask, the state after the last change, and no call a subject."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from decapolis_translators.testing.fakes import Loopback

from .conftest import Api, Apis, entry, fake_of, record

Fakes = Callable[..., Loopback]


async def put(api: Api, registry: str, subject: str, schema: Any, **more: Any) -> None:
    body = {"schema_content": json.dumps(schema), **more}
    await api.post(f"/registries/{registry}/subjects/{subject}/versions", body, 201)


def customer(*more: str) -> dict[str, Any]:
    address = {
        "type": "record",
        "name": "Address",
        "fields": [{"name": "zip", "type": "string", "doc": "Postleitzahl"}],
    }
    email = {"name": "email", "type": "string", "confluent:tags": ["PII"]}
    return record("id", email, {"name": "address", "type": address}, *more, name="Customer", namespace="com.acme.crm")


async def names(api: Api, **query: Any) -> list[tuple[str, str]]:
    found = await api.get("/schemas/search", **query)
    return [(each["registry"], each["subject"]) for each in found["items"]]


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ({"q": "CUSTOMER"}, True),
        ({"q": "postleitzahl"}, True),
        ({"q": "100%_"}, False),
        ({"subject": "cust"}, True),
        ({"field": "zip"}, True),
        ({"field": "address.zip"}, True),
        ({"field": "address.zip", "type": "string"}, True),
        ({"field": "address.zip", "type": "int"}, False),
        ({"field": "zi"}, False),
        ({"type": "avro"}, True),
        ({"type": "confluent"}, True),
        ({"tag": "pii"}, True),
        ({"tag": "secret"}, False),
        ({"owner": "crm-team"}, True),
        ({"owner": "nobody"}, False),
        ({"namespace": "com.acme"}, True),
        ({"namespace": "com.acm"}, False),
        ({"format": "JSON"}, False),
        ({"registry": "main"}, True),
        ({"registry": "side"}, False),
        ({"q": "customer", "tag": "PII", "field": "email", "registry_ids": "side,main"}, True),
    ],
)
async def test_every_way_to_ask(apis: Apis, fakes: Fakes, query: dict[str, str], hit: bool) -> None:
    api = await apis(entry("main", fakes()), entry("side", fakes()), home="main")
    await put(api, "main", "customers-value", customer(), metadata={"owner": "crm-team"})
    await put(api, "side", "orders-value", {"type": "string"})
    assert (("main", "customers-value") in await names(api, **query)) is hit


async def test_hits_tell_where_and_bring_the_text(api: Api) -> None:
    await put(api, "embedded", "customers-value", customer())
    hit = (await api.get("/schemas/search", field="zip"))["items"][0]
    assert (hit["path"], hit["paths"], hit["version"], hit["id"]) == ("address.zip", ["address.zip"], 1, 1)
    assert json.loads(hit["schema_content"])["name"] == "Customer"
    assert hit["tags"] == ["PII"]
    assert (await api.get("/schemas/search", guid=hit["guid"]))["items"][0]["subject"] == "customers-value"
    assert (await api.get("/schemas/search", field="zip", content="false"))["items"][0]["schema_content"] is None


async def test_a_change_is_found_by_the_next_search(apis: Apis, fakes: Fakes) -> None:
    api = await apis(entry("main", fakes()), home="main")
    await put(api, "main", "customers-value", customer())
    assert await names(api, field="phone") == []
    await put(api, "main", "customers-value", customer("phone=0"))
    assert await names(api, field="phone") == [("main", "customers-value")]
    path = "/registries/main/subjects/customers-value/versions/latest/metadata"
    await api.put(path, {"owner": "someone"})
    assert await names(api, owner="someone") == [("main", "customers-value")]
    await api.ask("DELETE", "/registries/main/subjects/customers-value")
    assert await names(api, q="customer") == []


async def test_no_call_a_subject_once_it_is_known(apis: Apis, fakes: Fakes) -> None:
    main = fakes()
    async with httpx.AsyncClient(base_url=main.url) as client:
        for number in range(60):
            body = {"schema": json.dumps(record(f"f{number}"))}
            (await client.post(f"/subjects/s{number:02}/versions", json=body)).raise_for_status()
    api = await apis(entry("main", main), home="main")
    assert len(await names(api, q="s")) == 60
    before = fake_of(main).calls.total()
    for number in range(20):
        assert await names(api, field=f"f{number}") == [("main", f"s{number:02}")]
    assert fake_of(main).calls.total() - before <= 2


async def test_pages_go_through_all_of_them(api: Api) -> None:
    for number in range(7):
        await put(api, "embedded", f"s{number}", record("a"))
    seen: list[str] = []
    query: dict[str, Any] = {"field": "a", "limit": 3}
    while True:
        page = await api.get("/schemas/search", **query)
        assert len(page["items"]) <= 3
        seen += [each["subject"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == [f"s{number}" for number in range(7)]


async def test_a_dead_registry_is_named_and_what_is_known_of_it_is_found(apis: Apis, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    api = await apis(entry("main", main), entry("side", side), home="main")
    await put(api, "main", "a-value", record("x"))
    await put(api, "side", "b-value", record("x"))
    assert await names(api, field="x") == [("main", "a-value"), ("side", "b-value")]
    fake_of(side).fail_next(500, times=1000)
    await api.get("/schemas/find", subject="b-value")  # somebody notices
    answer = await api.ask("GET", "/schemas/search", params={"field": "x"})
    assert answer.headers["x-decapolis-partial"] == "true"
    found = answer.json()
    assert [each["subject"] for each in found["items"]] == ["a-value", "b-value"]
    assert list(found["failures"]) == ["side"]
