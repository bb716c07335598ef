"""Register, lookup, versions and deletion at the front, as the reference describes them."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from .conftest import EXTRA, Client, code, record


async def test_first_id_is_one_and_register_answers_200(client: Client) -> None:
    answer = await client.register("orders-value", '"string"')
    assert (answer.status_code, answer.json()) == (200, {"id": 1})


async def test_register_shows_the_full_shape_to_clients_that_take_it(client: Client) -> None:
    answer = await client.post("/subjects/s/versions", json={"schema": '"string"'}, headers=EXTRA)
    assert answer.json() == {
        "id": 1,
        "version": 1,
        "guid": "095d71cf-1255-6b9d-5e33-0ad575b3df5d",
        "schemaType": "AVRO",
        "schema": '"string"',
    }


async def test_version_answers_in_both_shapes(client: Client) -> None:
    await client.registered("s", '"string"')
    assert (await client.get("/subjects/s/versions/1")).json() == {
        "subject": "s",
        "version": 1,
        "id": 1,
        "schema": '"string"',
    }
    full = (await client.get("/subjects/s/versions/latest", headers=EXTRA)).json()
    assert full.pop("ts") > 0
    assert full == {
        "subject": "s",
        "version": 1,
        "id": 1,
        "guid": "095d71cf-1255-6b9d-5e33-0ad575b3df5d",
        "schemaType": "AVRO",
        "schema": '"string"',
        "deleted": False,
    }


async def test_by_id_answers_in_both_shapes(client: Client) -> None:
    await client.registered("s", '"string"')
    assert (await client.get("/schemas/ids/1")).json() == {"schema": '"string"'}
    full = (await client.get("/schemas/ids/1", headers=EXTRA)).json()
    assert (full["subject"], full["version"], full["schemaType"]) == ("s", 1, "AVRO")
    assert "id" not in full


async def test_same_schema_keeps_its_id_across_subjects(client: Client) -> None:
    first = await client.registered("a", '"string"')
    assert await client.registered("b", '{"type": "string"}') == first
    assert await client.registered("c", '"int"') == first + 1


async def test_text_is_canonical(client: Client) -> None:
    await client.registered("s", '{"name":"R", "type":"record", "fields":[{"type":{"type":"int"},"name":"a"}]}')
    text = (await client.get("/subjects/s/versions/1/schema")).text
    assert text == '{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}'


async def test_raw_text_of_an_id(client: Client) -> None:
    await client.registered("s", '"string"')
    answer = await client.get("/schemas/ids/1/schema")
    assert (answer.text, answer.headers["content-type"]) == ('"string"', "application/vnd.schemaregistry.v1+json")
    assert code(await client.get("/schemas/ids/9/schema")) == (404, 40403)


async def test_lookup(client: Client) -> None:
    await client.registered("s", record("a"))
    found = await client.post(
        "/subjects/s", json={"schema": '{"type":"record","fields":[{"name":"a","type":"int"}],"name":"R"}'}
    )
    assert (found.status_code, found.json()["version"], found.json()["id"]) == (200, 1, 1)
    assert code(await client.post("/subjects/s", json={"schema": '"int"'})) == (404, 40403)
    assert code(await client.post("/subjects/nobody", json={"schema": '"int"'})) == (404, 40401)
    assert code(await client.post("/subjects/s", json={"schema": "{"})) == (422, 42201)


async def test_breaking_change_is_409_and_says_why(client: Client) -> None:
    await client.registered("s", record("a"))
    answer = await client.register("s", record("a", "b"))
    assert code(answer) == (409, 409)
    message = answer.json()["message"]
    assert message.startswith(
        'Schema being registered is incompatible with an earlier schema for subject "s", details: ['
    )
    for part in (
        "READER_FIELD_MISSING_DEFAULT_VALUE",
        "/fields/1",
        "{oldSchemaVersion: 1}",
        "compatibility: 'BACKWARD'",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (422, 422)),
        (b"null", (422, 422)),
        (b"[]", (400, 400)),
        (b"{", (400, 400)),
        (b'{"schema":"\\"int\\"","schema":"\\"string\\""}', (400, 400)),
        (b'{"schema":{}}', (400, 400)),
        (b'{"schema":"\\"int\\"","references":{}}', (400, 400)),
        (b'{"schema":"\\"int\\"","version":"x"}', (400, 400)),
        (b'{"schema":"\xff"}', (400, 400)),
        (b'{"schema":""}', (422, 42201)),
        (b'{"schema":"nonsense"}', (422, 42201)),
        (b'{"schema":"\\"int\\"","schemaType":"XML"}', (422, 42201)),
        (b'{"schema":"\\"int\\"","version":7}', (422, 42201)),
        (b'{"schema":"\\"int\\"","id":7}', (422, 42205)),
        (b"[" * 100_000, (400, 400)),
        (b'{"schema":"\\"int\\"","ruleSet":{"domainRules":[{"name":"x"}]}}', (422, 42210)),
        (b'{"schema":"\\"int\\"","ruleSet":{"domainRules":[{"name":"x","type":"CEL","mode":"SIDEWAYS"}]}}', (400, 400)),
        (
            b'{"schema":"\\"int\\"","references":[{"name":"x","subject":"nope","version":1}]}',
            (422, 42201),
        ),
    ],
)
async def test_bad_bodies(client: Client, body: bytes, expected: tuple[int, int]) -> None:
    answer = await client.post("/subjects/s/versions", content=body, headers={"Content-Type": "application/json"})
    assert code(answer) == expected
    assert (await client.get("/subjects")).json() == []


async def test_numbers_are_taken_for_texts_as_lenient_readers_do(client: Client) -> None:
    answer = await client.post("/subjects/s/versions", json={"schema": 5})
    assert code(answer) == (422, 42201)
    assert "5" in answer.json()["message"]


async def test_deletion_in_all_orders(client: Client) -> None:
    for schema in (record("a"), record("a", "b=0"), record("a", "b=0", "c=0")):
        await client.registered("s", schema)
    url = "/subjects/s/versions"
    assert code(await client.delete(f"{url}/2?permanent=true")) == (404, 40407)
    assert (await client.delete(f"{url}/2")).json() == 2
    assert code(await client.delete(f"{url}/2")) == (404, 40406)
    assert (await client.get(url)).json() == [1, 3]
    assert code(await client.get(f"{url}/2")) == (404, 40402)
    assert (await client.get(f"{url}/2?deleted=true")).json()["id"] == 2
    assert (await client.get(f"{url}?deleted=true")).json() == [1, 2, 3]
    assert (await client.get(f"{url}?deletedOnly=true")).json() == [2]
    assert (await client.get(f"{url}?deletedAsNegative=true")).json() == [1, -2, 3]
    assert (await client.delete(f"{url}/latest")).json() == 3
    assert (await client.get(f"{url}/latest")).json()["version"] == 1
    assert (await client.delete(f"{url}/2?permanent=true")).json() == 2
    assert (await client.get(f"{url}?deleted=true")).json() == [1, 3]
    assert code(await client.delete(f"{url}/9")) == (404, 40402)
    assert code(await client.delete(f"{url}/0")) == (422, 42202)
    assert code(await client.delete("/subjects/nobody/versions/1")) == (404, 40401)


async def test_deleting_a_subject(client: Client) -> None:
    await client.registered("s", record("a"))
    await client.registered("s", record("a", "b=0"))
    assert code(await client.delete("/subjects/s?permanent=true")) == (404, 40405)
    assert (await client.delete("/subjects/s")).json() == [1, 2]
    assert code(await client.delete("/subjects/s")) == (404, 40404)
    assert (await client.get("/subjects")).json() == []
    assert (await client.get("/subjects?deleted=true")).json() == ["s"]
    assert (await client.get("/subjects?deletedOnly=true")).json() == ["s"]
    assert code(await client.get("/subjects/s/versions")) == (404, 40401)
    answer = await client.get("/subjects/s/versions/latest")
    assert code(answer) == (404, 40401)
    assert await client.registered("s", record("a")) == 1
    assert (await client.get("/subjects/s/versions")).json() == [3]
    await client.delete("/subjects/s")
    assert (await client.delete("/subjects/s?permanent=true")).json() == [2, 3]
    assert code(await client.delete("/subjects/s")) == (404, 40401)
    assert await client.registered("s", record("a")) == 1
    assert (await client.get("/subjects/s/versions")).json() == [1]


async def test_soft_deleted_ids_keep_resolving_and_have_no_uses(client: Client) -> None:
    await client.registered("s", '"string"')
    await client.delete("/subjects/s")
    assert (await client.get("/schemas/ids/1")).json() == {"schema": '"string"'}
    assert (await client.get("/schemas/ids/1/subjects")).json() == []
    assert (await client.get("/schemas/ids/1/versions")).json() == []
    assert (await client.get("/schemas/ids/1/versions?deleted=true")).json() == [{"subject": "s", "version": 1}]


async def test_unknown_ids(client: Client) -> None:
    answer = await client.get("/schemas/ids/7")
    assert code(answer) == (404, 40403)
    assert answer.json()["message"] == "Schema 7 not found"
    answer = await client.get("/schemas/ids/7/versions")
    assert (code(answer), answer.json()["message"]) == ((404, 40403), "Schema not found")
    for path in ("/schemas/ids/abc", "/schemas/ids/99999999999", "/subjects?limit=x"):
        answer = await client.get(path)
        assert (code(answer), answer.json()["message"]) == ((404, 404), "HTTP 404 Not Found")


@pytest.mark.parametrize("token", ["0", "-2", "foo", "1.5", "99999999999"])
async def test_bad_version_tokens(client: Client, token: str) -> None:
    await client.registered("s", '"string"')
    assert code(await client.get(f"/subjects/s/versions/{token}")) == (422, 42202)


async def test_latest_in_any_spelling(client: Client) -> None:
    await client.registered("s", '"string"')
    for token in ("latest", "LATEST", "-1", "1"):
        assert (await client.get(f"/subjects/s/versions/{token}")).json()["version"] == 1


@pytest.mark.parametrize(
    "name",
    ["a/b", "100%", "a+b", "with space", "a.b.c", "a:b", ":ctx:plain", "прилад", "日本", "x" * 500, "a%2Fb", "?&#"],
)
async def test_subject_names_travel_byte_for_byte(client: Client, name: str) -> None:
    path = f"/subjects/{quote(name, safe='')}"
    assert (await client.post(f"{path}/versions", json={"schema": '"string"'})).status_code == 200
    assert (await client.get("/subjects")).json() == [name]
    assert (await client.get(f"{path}/versions/1")).json()["subject"] == name
    assert (await client.get(f"{path}/versions/")).json() == [1]
    assert (await client.delete(path)).json() == [1]


@pytest.mark.parametrize("name", ["__GLOBAL", "__EMPTY", "a\nb", ":.__GLOBAL:x"])
async def test_subjects_that_cannot_be(client: Client, name: str) -> None:
    answer = await client.post(f"/subjects/{quote(name, safe='')}/versions", json={"schema": '"string"'})
    assert code(answer) == (422, 42208)


async def test_bytes_that_are_not_utf8_are_a_400(client: Client) -> None:
    answer = await client.get("/subjects/%FC/versions")
    assert code(answer) == (400, 400)


async def test_paging(client: Client) -> None:
    for name in "edcba":
        await client.registered(name, '"string"')
    assert (await client.get("/subjects")).json() == list("abcde")
    assert (await client.get("/subjects?offset=1&limit=2")).json() == ["b", "c"]
    assert (await client.get("/subjects?limit=-1")).json() == list("abcde")
    assert (await client.get("/subjects?limit=0&offset=3")).json() == ["d", "e"]
    assert (await client.get("/subjects?subjectPrefix=c")).json() == ["c"]
    assert len((await client.get("/schemas")).json()) == 5
    assert [each["subject"] for each in (await client.get("/schemas?offset=4")).json()] == ["e"]


async def test_references(client: Client) -> None:
    inner = {"type": "record", "name": "B", "namespace": "n", "fields": [{"name": "x", "type": "int"}]}
    outer = {"type": "record", "name": "A", "namespace": "n", "fields": [{"name": "b", "type": "n.B"}]}
    await client.registered("b", inner)
    reference = [{"name": "n.B", "subject": "b", "version": 1}]
    number = await client.registered("a", outer, references=reference)
    assert (await client.get(f"/schemas/ids/{number}")).json()["references"] == reference
    assert (await client.get("/subjects/b/versions/1/referencedby")).json() == [number]
    assert code(await client.delete("/subjects/b/versions/1")) == (422, 42206)
    assert code(await client.delete("/subjects/b")) == (422, 42206)
    resolved = (await client.get(f"/schemas/ids/{number}?format=resolved")).json()["schema"]
    assert '"fields":[{"name":"x","type":"int"}]' in resolved
    latest = await client.registered("c", outer, references=[{"name": "n.B", "subject": "b", "version": -1}])
    assert latest == number
    await client.delete("/subjects/a")
    await client.delete("/subjects/c")
    assert (await client.get("/subjects/b/versions/1/referencedby")).json() == []
    assert (await client.delete("/subjects/b")).json() == [1]
    assert code(await client.delete("/subjects/b?permanent=true")) == (422, 42206)


async def test_a_schema_that_inlines_its_references_is_found(client: Client) -> None:
    inner = {"type": "record", "name": "B", "fields": [{"name": "x", "type": "int"}]}
    outer = {"type": "record", "name": "A", "fields": [{"name": "b", "type": "B"}]}
    whole = {"type": "record", "name": "A", "fields": [{"name": "b", "type": inner}]}
    await client.registered("b", inner)
    number = await client.registered("a", outer, references=[{"name": "B", "subject": "b", "version": 1}])
    assert await client.registered("a", whole) == number
    assert (await client.post("/subjects/a", json={"schema": __import__("json").dumps(whole)})).json()["id"] == number


async def test_metadata_is_inherited_and_makes_an_identity(client: Client) -> None:
    first = await client.registered("s", record("a"), metadata={"properties": {"owner": "bob"}})
    assert await client.registered("s", record("a")) == first
    second = await client.registered("s", record("a"), metadata={"properties": {"owner": "eve"}})
    assert second != first
    assert (await client.get("/subjects/s/versions/2")).json()["metadata"] == {"properties": {"owner": "eve"}}
    found = await client.get("/subjects/s/metadata?key=owner&value=bob")
    assert found.json()["version"] == 1
    assert code(await client.get("/subjects/s/metadata?key=owner&value=nobody")) == (404, 40403)
    assert code(await client.get("/subjects/x/metadata?key=owner&value=nobody")) == (404, 40401)


async def test_metadata_alone_can_change(client: Client) -> None:
    await client.registered("s", record("a"))
    answer = await client.post("/subjects/s/versions", json={"metadata": {"properties": {"owner": "bob"}}})
    assert answer.status_code == 200
    latest = (await client.get("/subjects/s/versions/latest")).json()
    assert (latest["version"], latest["metadata"]) == (2, {"properties": {"owner": "bob"}})
    assert code(await client.post("/subjects/new/versions", json={"metadata": {}})) == (422, 42201)


async def test_rules_are_kept(client: Client) -> None:
    rule = {
        "name": "r1",
        "kind": "TRANSFORM",
        "mode": "WRITEREAD",
        "type": "ENCRYPT",
        "tags": ["PII"],
        "disabled": False,
    }
    await client.registered("s", record("a"), ruleSet={"domainRules": [rule]})
    assert (await client.get("/subjects/s/versions/1")).json()["ruleSet"] == {"domainRules": [rule]}
    assert [each["subject"] for each in (await client.get("/schemas?ruleType=ENCRYPT")).json()] == ["s"]
    assert (await client.get("/schemas?ruleType=CEL")).json() == []


async def test_confluent_version_is_written(client: Client) -> None:
    await client.registered("s", record("a"), version=1)
    assert (await client.get("/subjects/s/versions/1")).json()["metadata"]["properties"] == {"confluent:version": "1"}
    assert await client.registered("s", record("a")) == 1


async def test_guids(client: Client) -> None:
    await client.registered("s", '"string"')
    guid = "095d71cf-1255-6b9d-5e33-0ad575b3df5d"
    answer = await client.get(f"/schemas/guids/{guid}")
    assert answer.json() == {"schema": '"string"', "guid": guid}
    assert (await client.get(f"/schemas/guids/{guid.replace('-', '')}")).status_code == 200
    assert (await client.get(f"/schemas/guids/{guid}/ids")).json() == [{"context": ".", "id": 1}]
    assert (await client.get(f"/schemas/guids/{guid[::-1]}/ids")).json() == []
    assert code(await client.get("/schemas/guids/nonsense")) == (404, 40403)


async def test_max_id(client: Client) -> None:
    await client.registered("s", '"string"')
    await client.registered("t", '"int"')
    assert (await client.get("/schemas/ids/1?fetchMaxId=true")).json()["maxId"] == 2
    assert "maxId" not in (await client.get("/schemas/ids/1?fetchMaxId=false")).json()


async def test_normalize(client: Client) -> None:
    text = '{"type":"record","name":"R","fields":[{"name":"a","type":"double","default":1}],"z":1,"b":2}'
    plain = await client.registered("s", text)
    assert (await client.post("/subjects/s/versions?normalize=True", json={"schema": text})).json()["id"] != plain
    latest = (await client.get("/subjects/s/versions/latest")).json()["schema"]
    assert latest.endswith('"default":1.0}],"b":2,"z":1}')


async def test_tags_endpoint_registers_a_tagged_copy(client: Client) -> None:
    await client.registered("s", record("ssn", name="User"))
    body = {
        "newVersion": 2,
        "tagsToAdd": [{"schemaEntity": {"entityPath": "User.ssn", "entityType": "sr_field"}, "tags": ["PII"]}],
    }
    assert (await client.post("/subjects/s/versions/1/tags", json=body)).status_code == 200
    latest = (await client.get("/subjects/s/versions/latest")).json()
    assert '"confluent:tags":["PII"]' in latest["schema"]
    assert latest["metadata"]["properties"]["confluent:version"] == "2"
    assert code(await client.post("/subjects/s/versions/9/tags", json=body)) == (404, 40402)
