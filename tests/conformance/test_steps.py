"""The steps of registering, what deletes and imports leave behind, and how settings fall back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.conftest import Client, code, record


async def config(client: Client, place: str, **values: Any) -> None:
    answer = await client.put(f"/config/{place}" if place else "/config", json=values)
    assert answer.status_code == 200, answer.text


async def mode(client: Client, place: str, value: str, query: str = "") -> None:
    answer = await client.put(f"/mode/{place}{query}", json={"mode": value})
    assert answer.status_code == 200, answer.text


async def test_register_step_2_explicit_ids_and_versions_of_what_is_there(client: Client) -> None:
    number = await client.registered("s", '"int"')
    assert await client.registered("s", '"int"', version=-1) == number
    assert await client.registered("s", '"int"', id=number) == number
    assert await client.registered("s", '"int"', id=number, version=1) == number
    assert await client.registered("s", '"int"', id=-1) == number
    assert (await client.get("/subjects/s/versions")).json() == [1]


async def test_register_step_9_import_takes_any_version_and_id(client: Client) -> None:
    await mode(client, "s", "IMPORT")
    assert await client.registered("s", record("a"), id=10, version=5) == 10
    assert await client.registered("s", record("a", "b"), id=9, version=2) == 9  # not compatible, nobody asks
    assert (await client.get("/subjects/s/versions")).json() == [2, 5]
    await mode(client, "s", "READWRITE")
    assert await client.registered("t", '"int"') == 11


async def test_register_step_10_the_same_text_after_a_soft_delete(client: Client) -> None:
    number = await client.registered("s", '"int"')
    await client.delete("/subjects/s")
    assert await client.registered("s", '"int"') == number
    assert (await client.get("/subjects/s/versions?deleted=true")).json() == [2]


async def test_references_to_soft_deleted_versions(client: Client) -> None:
    inner = {"type": "record", "name": "B", "fields": []}
    outer = {"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]}
    await client.registered("b", inner)
    number = await client.registered("a", outer, references=[{"name": "B", "subject": "b", "version": 1}])
    await client.delete("/subjects/a")
    await client.delete("/subjects/b")
    assert code(await client.register("c", outer, references=[{"name": "B", "subject": "b", "version": 1}])) == (
        422,
        42201,
    )
    resolved = (await client.get(f"/schemas/ids/{number}?format=resolved")).json()["schema"]
    assert '"fields":[]' in resolved
    assert (await client.get("/subjects/b/versions/1/referencedby?deleted=true")).json() == [number]
    assert code(await client.delete("/subjects/b?permanent=true")) == (422, 42206)


async def referring(client: Client) -> int:
    """`a` refers to `b`; the id of what refers."""
    outer = {"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]}
    await client.registered("b", {"type": "record", "name": "B", "fields": []})
    return await client.registered("a", outer, references=[{"name": "B", "subject": "b", "version": 1}])


async def test_referrers_are_told_before_a_missing_soft_delete(client: Client) -> None:
    await referring(client)
    assert code(await client.delete("/subjects/b?permanent=true")) == (422, 42206)
    assert code(await client.delete("/subjects/b/versions/1?permanent=true")) == (422, 42206)
    assert code(await client.delete("/subjects/a?permanent=true")) == (404, 40405)


async def test_looking_up_takes_references_to_soft_deleted_versions(client: Client) -> None:
    number = await referring(client)
    body = (await client.get("/subjects/a/versions/1")).json()
    await client.delete("/subjects/a")
    await client.delete("/subjects/b")
    wanted = {"schema": body["schema"], "references": body["references"]}
    missing = {**wanted, "references": [{"name": "B", "subject": "nobody", "version": 1}]}
    # a schema is read before its subject is looked for
    assert code(await client.post("/subjects/a", json=missing)) == (422, 42201)
    assert code(await client.post("/subjects/a?deleted=true", json=missing)) == (422, 42201)
    assert (await client.post("/subjects/a?deleted=true", json=wanted)).json()["id"] == number
    await mode(client, "c", "IMPORT")
    assert await client.registered("c", body["schema"], references=body["references"], id=number, version=1) == number


async def test_entering_import_erases_everything_or_nothing(client: Client) -> None:
    await client.registered("0", '"int"')
    await referring(client)
    far = '{"type":"record","name":"F","fields":[{"name":"b","type":"B"}]}'
    await client.registered(":.c:far", far, references=[{"name": "B", "subject": ":.:b", "version": 1}])
    for subject in ("0", "a", ":.c:far", "b"):
        await client.delete(f"/subjects/{subject}")
    everything = ["0", ":.c:far", "a", "b"]
    assert code(await client.put("/mode", json={"mode": "IMPORT"})) == (422, 42206)
    assert (await client.get("/subjects?deleted=true")).json() == everything
    await client.delete("/subjects/:.c:far?permanent=true")
    assert (await client.put("/mode", json={"mode": "IMPORT"})).status_code == 200  # referrer and target go together
    assert (await client.get("/subjects?deleted=true")).json() == []


async def test_modes_and_configs_fall_back_as_the_walk_says(client: Client) -> None:
    await config(client, ":.__GLOBAL:", compatibility="FORWARD")
    assert (await client.get("/config/s?defaultToGlobal=true")).json() == {"compatibilityLevel": "FORWARD"}
    assert (await client.get("/config/:.c:s?defaultToGlobal=true")).json() == {"compatibilityLevel": "FORWARD"}
    await config(client, "", compatibility="FULL", normalize=True, alias="nobody")
    assert (await client.get("/config/s?defaultToGlobal=true")).json()["compatibilityLevel"] == "FULL"
    await config(client, "s", compatibilityGroup="g")
    assert (await client.get("/config/s?defaultToGlobal=true")).json() == {
        "compatibilityLevel": "BACKWARD",
        "normalize": True,
        "compatibilityGroup": "g",
    }
    await mode(client, ":.c:", "READONLY")
    assert (await client.get("/mode/:.c:s?defaultToGlobal=true")).json() == {"mode": "READONLY"}
    assert (await client.get("/mode/s?defaultToGlobal=true")).json() == {"mode": "READWRITE"}


async def test_configured_contracts_are_answered_without_nulls(client: Client) -> None:
    body = {"overrideRuleSet": {"enableAt": None, "domainRules": [], "odd": 1}, "defaultMetadata": {"tags": None}}
    expected = {"overrideRuleSet": {}, "defaultMetadata": {}}
    assert (await client.put("/config/s", json=body)).json() == expected
    assert (await client.get("/config/s")).json() == {"compatibilityLevel": "BACKWARD", **expected}


@pytest.mark.parametrize("token", ["latest", "LATEST", "-1", "%20latest%20", "%202%20"])
async def test_version_tokens_are_trimmed(client: Client, token: str) -> None:
    for schema in ('"int"', '"long"'):
        await client.registered("s", schema)
    assert (await client.get(f"/subjects/s/versions/{token}")).json()["version"] == 2


@pytest.mark.parametrize("value", ["true", "True", "TRUE", "tRuE"])
async def test_booleans_in_any_letter_case(client: Client, value: str) -> None:
    await client.registered("s", '"int"')
    await client.delete("/subjects/s")
    assert (await client.get(f"/subjects?deleted={value}&deleted_only=false&unknown=1")).json() == ["s"]
    assert (await client.get(f"/subjects?deleted={value}1")).json() == []
