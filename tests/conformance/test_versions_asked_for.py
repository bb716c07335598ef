"""What `version` in a request, inline tags and metadata do to a registration and to what is found."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.gateway.conftest import EXTRA, Client, code, record

PII = [{"schemaEntity": {"entityPath": "U.ssn", "entityType": "sr_field"}, "tags": ["PII"]}]
RULE = {"type": "CEL", "kind": "CONDITION", "mode": "WRITE"}


async def version(client: Client, number: int | str, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/subjects/s/versions/{number}{query}")).json()
    return found


async def own_number(client: Client, number: int) -> str | None:
    properties = (await version(client, number)).get("metadata", {}).get("properties", {})
    found: str | None = properties.get("confluent:version")
    return found


async def test_version_minus_one_means_the_latest_only(client: Client) -> None:
    await client.put("/config/s", json={"compatibility": "NONE"})
    first = await client.registered("s", '"int"')
    assert await client.registered("s", '"int"', version=-1) == first
    await client.registered("s", '"long"')
    await client.registered("s", '"int"', version=-1)
    assert (await client.get("/subjects/s/versions")).json() == [1, 2, 3]
    assert await own_number(client, 3) == "3"


async def test_an_explicit_version_is_written_into_the_metadata_and_ignored_when_comparing(client: Client) -> None:
    await client.registered("s", record("a"), version=1)
    assert await own_number(client, 1) == "1"
    assert (await client.post("/subjects/s", json={"schema": (await version(client, 1))["schema"]})).status_code == 200
    await client.registered("s", record("a"))
    assert (await client.get("/subjects/s/versions")).json() == [1]


@pytest.mark.parametrize("kind", ["AVRO", "JSON", "PROTOBUF"])
async def test_an_empty_text_means_the_latest_whatever_the_type(client: Client, kind: str) -> None:
    assert code(await client.register("s", " \n", schemaType=kind)) == (422, 42201)
    await client.registered("s", '"int"')
    await client.registered("s", "", schemaType=kind, metadata={"properties": {"owner": "x"}})
    latest = await version(client, "latest")
    assert (latest["schema"], latest["metadata"]["properties"]) == ('"int"', {"owner": "x"})


async def test_a_text_that_inlines_its_references_registers_in_every_mode(client: Client) -> None:
    inner = record("x", name="B")
    outer = {"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]}
    await client.registered("b", inner)
    number = await client.registered("s", outer, references=[{"name": "B", "subject": "b", "version": 1}])
    await client.put("/mode/s", json={"mode": "READONLY"})
    inlined = {**outer, "fields": [{"name": "b", "type": inner}]}
    assert await client.registered("s", inlined) == number
    assert code(await client.register("s", record("other", name="A"))) == (422, 42205)


async def test_a_reference_without_a_version_resolves_to_nothing(client: Client) -> None:
    await client.registered("b", record("x", name="B"))
    outer = {"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]}
    assert code(await client.register("s", outer, references=[{"name": "B", "subject": "b"}])) == (422, 42201)


async def tag(client: Client, number: int | str, **body: Any) -> httpx.Response:
    return await client.post(f"/subjects/s/versions/{number}/tags", json=body)


async def test_inline_tags_are_found(client: Client) -> None:
    await client.registered("s", record("ssn", name="U"))
    assert (await tag(client, 1, tagsToAdd=PII)).status_code == 200
    number = (await version(client, 2))["id"]
    for query, found in (("?findTags=*", PII), ("?findTags=X&findTags=PII", PII), ("?findTags=X", None), ("", None)):
        assert (await version(client, 2, query)).get("schemaTags") == found
        assert (await client.get(f"/schemas/ids/{number}{query}", headers=EXTRA)).json().get("schemaTags") == found
    assert await own_number(client, 2) == "2"


async def test_inline_tags_come_with_a_registration_or_from_the_version_before(client: Client) -> None:
    await client.registered("s", record("ssn", name="U"))
    await client.registered("s", record("ssn", "b=1", name="U"), schemaTagsToAdd=PII)
    assert (await version(client, 2, "?findTags=*"))["schemaTags"] == PII
    assert await own_number(client, 2) == "2"
    await client.registered("s", record("ssn", "b=1", "c=1", name="U"), propagateSchemaTags=True)
    assert (await version(client, 3, "?findTags=*"))["schemaTags"] == PII
    gone = await client.register("s", record("other=1", name="U"), propagateSchemaTags=True)
    assert code(gone) == (422, 42201)


@pytest.mark.parametrize(
    ("kind", "schema", "path"),
    [
        ("JSON", '{"type":"object","properties":{"ssn":{"type":"string"}}}', "object.ssn"),
        ("PROTOBUF", 'syntax = "proto3"; message U { string ssn = 1; }', "U.ssn"),
    ],
)
async def test_inline_tags_of_the_other_types(client: Client, kind: str, schema: str, path: str) -> None:
    tags = [{"schemaEntity": {"entityPath": path, "entityType": "sr_field"}, "tags": ["PII"]}]
    await client.registered("s", schema, schemaType=kind, schemaTagsToAdd=tags)
    assert (await version(client, 1, "?findTags=PII"))["schemaTags"] == tags


async def test_single_rules_are_merged_into_those_of_the_version_before(client: Client) -> None:
    first, second = ({"domainRules": [{"name": name, **RULE}]} for name in ("one", "two"))
    await client.registered("s", '"int"', ruleSet=first)
    await client.registered("s", '"int"', ruleSet=second)
    assert (await tag(client, 1, newVersion=3, rulesToMerge=first)).status_code == 200
    names = [rule["name"] for rule in (await version(client, 3))["ruleSet"]["domainRules"]]
    assert sorted(names) == ["one", "two"]
    assert (await tag(client, 3, newVersion=4, rulesToRemove=["two"])).status_code == 200
    assert [rule["name"] for rule in (await version(client, 4))["ruleSet"]["domainRules"]] == ["one"]
    assert code(await tag(client, 4, ruleSet={}, rulesToRemove=["one"])) == (422, 42210)


async def test_only_versions_with_metadata_are_found_by_it(client: Client) -> None:
    await client.registered("s", '"int"')
    assert code(await client.get("/subjects/s/metadata")) == (404, 40403)
    assert code(await client.get("/subjects/nobody/metadata")) == (404, 40401)
    await client.registered("s", '"int"', metadata={"properties": {"a": "1", "b": "2"}})
    await client.registered("s", '"int"', metadata={"properties": {"a": "1"}})
    for query, number in (
        ("", 3),
        ("?key=a&value=1", 3),
        ("?key=a&key=b&value=1&value=2", 2),
        ("?key=a&key=b&value=1", 3),
    ):
        assert (await client.get(f"/subjects/s/metadata{query}")).json()["version"] == number
    assert code(await client.get("/subjects/s/metadata?key=a&value=2")) == (404, 40403)
