"""The twenty behaviours that are easy to get wrong, numbered as in the reference.

Where this gateway decided otherwise the test says so: rule sets are kept (14), encoded colons are understood (15).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.conftest import EXTRA, Client, code, record

GUID = "095d71cf-1255-6b9d-5e33-0ad575b3df5d"
GUID_WITH_EMPTY_METADATA = "cecc02e2-232b-87f1-1b0c-aa0e70dbb74d"


async def config(client: Client, place: str, **values: Any) -> None:
    answer = await client.put(f"/config/{place}" if place else "/config", json=values)
    assert answer.status_code == 200, answer.text


async def mode(client: Client, place: str, value: str, query: str = "") -> None:
    answer = await client.put(f"/mode/{place}{query}", json={"mode": value})
    assert answer.status_code == 200, answer.text


async def verbose(client: Client, subject: str, schema: Any, **fields: Any) -> list[str]:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    answer = await client.post(
        f"/compatibility/subjects/{subject}/versions?verbose=true", json={"schema": text, **fields}
    )
    messages: list[str] = answer.json()["messages"]
    return messages


async def test_1_subjects_lists_all_contexts_and_schemas_only_the_default_one(client: Client) -> None:
    for subject in ("s", ":.c:s"):
        await client.registered(subject, '"int"')
    assert (await client.get("/subjects")).json() == [":.c:s", "s"]
    assert (await client.get("/subjects?subjectPrefix=")).json() == ["s"]
    assert [each["subject"] for each in (await client.get("/schemas")).json()] == ["s"]
    assert len((await client.get("/schemas?subjectPrefix=:*:s")).json()) == 2


async def test_2_checks_against_an_unknown_subject(client: Client) -> None:
    body = {"schema": '"int"'}
    assert code(await client.post("/compatibility/subjects/x/versions/1", json=body)) == (404, 40402)
    for place in ("/latest", "/-1", "", "/"):
        answer = await client.post(f"/compatibility/subjects/x/versions{place}", json=body)
        assert answer.json() == {"is_compatible": True}


async def test_3_sentences(client: Client) -> None:
    await client.registered("s", '"int"')
    await client.delete("/subjects/s/versions/1")
    answer = await client.delete("/subjects/s/versions/1")
    assert "soft deleted.Set permanent" in answer.json()["message"]
    answer = await client.delete("/subjects/s/versions/latest")
    assert (code(answer), answer.json()["message"]) == ((404, 40402), "Version -1 not found.")


@pytest.mark.parametrize("state", ["READONLY", "READONLY_OVERRIDE", "IMPORT"])
async def test_4_an_identical_schema_registers_in_every_mode(client: Client, state: str) -> None:
    number = await client.registered("s", '"int"')
    await mode(client, "s", state, "?force=true")
    assert await client.registered("s", '"int"') == number
    assert code(await client.register("s", '"long"')) == (422, 42205)


async def test_5_a_subject_config_without_a_level_means_backward(client: Client) -> None:
    await config(client, "", compatibility="NONE")
    await client.registered("s", record("a"))
    await config(client, "s", normalize=True)
    assert code(await client.register("s", record("a", "b"))) == (409, 409)
    await client.registered(":.c:s", record("a"))
    assert code(await client.register(":.c:s", record("a", "b"))) == (409, 409)  # `/config` is not for named contexts


async def test_6_empty_metadata_is_not_absent_metadata(client: Client) -> None:
    absent = await client.post("/subjects/a/versions", json={"schema": '"string"'}, headers=EXTRA)
    empty = await client.post("/subjects/b/versions", json={"schema": '"string"', "metadata": {}}, headers=EXTRA)
    assert (absent.json()["guid"], empty.json()["guid"]) == (GUID, GUID_WITH_EMPTY_METADATA)
    assert absent.json()["id"] != empty.json()["id"]
    assert (await client.get("/subjects/b/versions/1")).json()["metadata"] == {}
    assert "metadata" not in (await client.get("/subjects/a/versions/1")).json()


async def test_7_what_is_left_out_is_taken_from_the_previous_version(client: Client) -> None:
    first = await client.registered("s", record("a"), metadata={"properties": {"owner": "bob"}})
    assert await client.registered("s", record("a")) == first
    answer = await client.post("/subjects/s", json={"schema": json.dumps(record("a"))})
    assert answer.json()["id"] == first  # a lookup finds what registering would find
    second = await client.post("/subjects/s/versions", json={"metadata": {"properties": {"owner": "eve"}}})
    assert second.json()["id"] != first
    latest = (await client.get("/subjects/s/versions/latest")).json()
    assert json.loads(latest["schema"]) == record("a")
    assert latest["metadata"] == {"properties": {"owner": "eve"}}


async def test_8_numbers_go_on_after_a_soft_delete(client: Client) -> None:
    for schema in (record("a"), record("a", "b=0")):
        await client.registered("s", schema)
    await client.delete("/subjects/s")
    await client.registered("s", record("a"))
    assert (await client.get("/subjects/s/versions")).json() == [3]
    await client.delete("/subjects/s")
    await client.delete("/subjects/s?permanent=true")
    await client.registered("s", record("a", "b=0"))
    assert (await client.get("/subjects/s/versions")).json() == [1]


async def test_9_settings_go_with_the_permanent_delete_only(client: Client) -> None:
    await client.registered("s", '"int"')
    await config(client, "s", compatibility="FULL")
    await mode(client, "s", "READWRITE")
    await client.delete("/subjects/s")
    assert (await client.get("/config/s")).status_code == 200
    assert (await client.get("/mode/s")).status_code == 200
    assert (await client.delete("/subjects/s/versions/1?permanent=true")).json() == 1
    assert code(await client.get("/config/s")) == (404, 40408)
    assert code(await client.get("/mode/s")) == (404, 40409)


async def test_10_soft_deleted_ids_resolve_without_uses(client: Client) -> None:
    await client.registered("s", '"int"')
    await client.delete("/subjects/s")
    assert (await client.get("/schemas/ids/1")).json() == {"schema": '"int"'}
    assert (await client.get("/schemas/ids/1/subjects")).json() == []
    assert (await client.get("/schemas/ids/1/subjects?deleted=true")).json() == ["s"]


async def test_11_wrong_subjects_on_id_reads(client: Client) -> None:
    await client.registered("s", '"int"')
    await client.registered(":.c:s", '"int"')
    assert (await client.get("/schemas/ids/1?subject=wrong")).status_code == 200
    assert code(await client.get("/schemas/ids/1?subject=:.c:wrong")) == (404, 40403)


async def test_12_put_answers(client: Client) -> None:
    assert (await client.put("/mode/s", json={"mode": "ReadOnly"})).json() == {"mode": "ReadOnly"}
    await mode(client, "s", "READWRITE")
    await config(client, "s", compatibility="FULL")
    assert (await client.put("/config/s", json={"alias": "x"})).json() == {"alias": "x", "compatibility": "FULL"}


async def test_13_deleted_parameters(client: Client) -> None:
    for schema in ('"int"', '"long"'):
        await client.registered("s", schema)
    await client.delete("/subjects/s/versions/1")
    both = "/subjects/s/versions?deleted=true&deletedOnly=true"
    assert (await client.get(both)).json() == [1]
    assert (await client.get("/subjects/s/versions?deletedAsNegative=true")).json() == [-1, 2]
    await client.delete("/subjects/s")
    assert code(await client.get("/subjects/s/versions?deletedAsNegative=true")) == (404, 40401)
    assert (await client.get("/subjects?deleted=false&deletedOnly=true")).json() == ["s"]


async def test_14_rule_sets_are_kept(client: Client) -> None:
    rules = {"domainRules": [{"name": "r", "type": "CEL", "kind": "CONDITION", "mode": "WRITE", "disabled": False}]}
    await client.registered("s", '"int"', ruleSet=rules)
    assert (await client.get("/subjects/s/versions/1")).json()["ruleSet"] == rules


async def test_15_prefixes_answer_with_qualified_names(client: Client) -> None:
    await client.post("/contexts/c/subjects/s/versions", json={"schema": '"int"'})
    for prefix in ("c", ".c", ":.c:", "%3A.c%3A"):
        assert (await client.get(f"/contexts/{prefix}/subjects")).json() == [":.c:s"]
        assert (await client.get(f"/contexts/{prefix}/subjects/s/versions/1")).json()["subject"] == ":.c:s"


async def test_16_an_alias_is_for_subjects_and_checks_not_for_settings(client: Client) -> None:
    await client.registered("real", '"int"')
    await config(client, "real", compatibility="NONE")
    await config(client, "other", alias="real")
    answer = await client.post("/compatibility/subjects/other/versions/latest", json={"schema": '"string"'})
    assert answer.json() == {"is_compatible": True}
    assert (await client.get("/config/other")).json() == {"alias": "real", "compatibilityLevel": "BACKWARD"}
    await mode(client, "other", "READONLY")
    assert code(await client.get("/mode/real")) == (404, 40409)


async def test_17_ids_that_are_no_integers(client: Client) -> None:
    for token in ("abc", "1.5", "", "99999999999"):
        assert code(await client.get(f"/schemas/ids/{token}")) == (404, 404)


async def test_18_lookups_find_the_equivalent_schema(client: Client) -> None:
    inner = {"type": "record", "name": "B", "fields": [{"name": "x", "type": "int"}]}
    outer = {"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]}
    whole = {"type": "record", "name": "A", "fields": [{"name": "b", "type": inner}]}
    await client.registered("b", inner)
    number = await client.registered(
        "a", outer, references=[{"name": "B", "subject": "b", "version": 1}], version=1
    )  # the version is written into the metadata, and does not count when looking up
    found = await client.post("/subjects/a", json={"schema": json.dumps(whole)})
    assert found.json()["id"] == number


async def test_19_messages(client: Client) -> None:
    await config(client, "", compatibility="FULL")
    await client.registered("s", record("a"))
    differences = await verbose(client, "s", record("b"))
    assert "'a'" in differences[0]  # what the old schema cannot read stands before what the new one cannot
    assert "'b'" in differences[1]
    assert differences[-1] == "{validateFields: 'false', compatibility: 'FULL'}"
    open_model = {"type": "object", "properties": {"a": {"type": "string"}}}
    await client.registered("j", open_model, schemaType="JSON")
    needed = {**open_model, "required": ["a"]}
    [first, *_] = await verbose(client, "j", needed, schemaType="JSON")
    assert first.startswith('{errorType:"')
    assert first.endswith("'}")


async def test_20_delete_answers(client: Client) -> None:
    for schema in ('"int"', '"long"'):
        await client.registered("s", schema)
    assert (await client.delete("/subjects/s/versions/1")).text == "1"
    assert (await client.delete("/subjects/s")).text == "[2]"
