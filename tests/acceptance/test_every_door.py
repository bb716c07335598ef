"""One client suite for every registry, through its door and by its route: the same calls, the same answers (rows 19-21,
32-40, 54, 56-58, 89-102). What a test `proves` is a row of the table in `docs/registries/index.md`."""

from __future__ import annotations

import base64
import json
from uuid import uuid4

import httpx
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from tests.gateway.conftest import code, record

from .conftest import DOORS, Door, Estate

UNKNOWN_ID = 987_654
PROTO_INNER = 'syntax = "proto3";\npackage p;\n\nmessage Inner {\n  string a = 1;\n}\n'
PROTO_OUTER = 'syntax = "proto3";\npackage p;\n\nimport "inner.proto";\n\nmessage Outer {\n  Inner inner = 1;\n}\n'


@pytest.mark.proves("evolve, fetch, list, delete softly and for good")
def test_a_subject_from_its_first_version_to_its_end(door: Door) -> None:
    subject = door.subject()
    ids = [door.registered(subject, record(*fields)) for fields in (("a",), ("a", "b=0"), ("a", "b=0", "c=0"))]
    assert door.registered(subject, record("a", "b=0", "c=0")) == ids[2]
    assert door.told("GET", f"/subjects/{subject}/versions") == [1, 2, 3]
    latest = door.told("GET", f"/subjects/{subject}/versions/latest")
    assert (latest["version"], latest["id"], latest["subject"]) == (3, ids[2], subject)
    assert door.told("GET", f"/schemas/ids/{ids[2]}")["schema"] == latest["schema"]
    assert door.told("POST", f"/subjects/{subject}", {"schema": latest["schema"]})["version"] == 3
    assert door.told("GET", f"/subjects/{subject}/versions/1")["id"] == ids[0]
    assert code(door.ask("GET", f"/subjects/{subject}/versions/99")) == (404, 40402)
    assert code(door.ask("GET", f"/schemas/ids/{UNKNOWN_ID}")) == (404, 40403)
    assert door.told("DELETE", f"/subjects/{subject}/versions/3") == 3
    assert door.told("GET", f"/subjects/{subject}/versions/latest")["version"] == 2
    assert code(door.ask("DELETE", f"/subjects/{subject}/versions/3")) == (404, 40406)
    left = [1, 2]
    if door.lacks("permanent deletes of single versions"):
        assert code(door.ask("DELETE", f"/subjects/{subject}/versions/3?permanent=true")) == (422, 42205)
        left = [1, 2, 3]
    else:
        assert door.told("DELETE", f"/subjects/{subject}/versions/3?permanent=true") == 3
    assert door.told("DELETE", f"/subjects/{subject}") == [1, 2]
    assert code(door.ask("GET", f"/subjects/{subject}/versions")) == (404, 40401)
    assert door.told("DELETE", f"/subjects/{subject}?permanent=true") == left
    assert door.told("GET", f"/schemas/ids/{ids[0]}")["schema"], "messages go on carrying the id"


@pytest.mark.proves("evolve, fetch, list, delete softly and for good")
def test_subjects_are_listed_by_prefix_and_sorted(door: Door) -> None:
    run = door.subject()
    for last in ("b", "c", "a"):
        door.registered(f"{run}-{last}", '"int"')
    assert door.told("GET", f"/subjects?subjectPrefix={run}") == [f"{run}-{last}" for last in "abc"]
    assert door.told("GET", f"/subjects?subjectPrefix={run}&offset=1&limit=1") == [f"{run}-b"]
    assert door.told("GET", f"/subjects?subjectPrefix={run}-b") == [f"{run}-b"]


@pytest.mark.proves("check and refuse, with reasons")
def test_a_check_judges_one_version_and_says_what_breaks(door: Door) -> None:
    subject = door.subject()
    door.registered(subject, record("a"))
    door.told("PUT", f"/config/{subject}", {"compatibility": "NONE"})
    door.registered(subject, record("b=0"))
    door.told("PUT", f"/config/{subject}", {"compatibility": "BACKWARD"})
    body = {"schema": '{"type":"record","name":"R","fields":[{"name":"b","type":"int"}]}'}
    path = f"/compatibility/subjects/{subject}/versions"
    assert door.told("POST", f"{path}/latest", body) == {"is_compatible": True}
    assert door.told("POST", f"{path}/1", body) == {"is_compatible": False}
    assert code(door.ask("POST", f"{path}/9", body)) == (404, 40402)
    told = "".join(door.told("POST", f"{path}/1?verbose=true", body)["messages"])
    for part in ("READER_FIELD_MISSING_DEFAULT_VALUE", "/fields/0", "oldSchemaVersion: 1"):
        assert part in told


@pytest.mark.proves("levels")
def test_levels_of_a_subject(door: Door, own_door: Door) -> None:
    subject = door.subject()
    door.registered(subject, record("a", "b=0"))
    assert code(door.ask("GET", f"/config/{subject}")) == (404, 40408)
    before = own_door.told("GET", "/config")["compatibilityLevel"]
    assert door.told("GET", f"/config/{subject}?defaultToGlobal=true")["compatibilityLevel"] == before
    assert door.told("PUT", f"/config/{subject}", {"compatibility": "full"})["compatibility"] == "FULL"
    assert door.told("GET", f"/config/{subject}")["compatibilityLevel"] == "FULL"
    refused = door.ask("POST", f"/subjects/{subject}/versions", {"schema": '"int"'})
    assert code(refused) == (409, 409)
    assert code(door.ask("PUT", f"/config/{subject}", {"compatibility": "SIDEWAYS"})) == (422, 42203)


@pytest.mark.proves("levels")
def test_the_global_level_judges(own_door: Door) -> None:
    before = own_door.told("GET", "/config")["compatibilityLevel"]
    subject = own_door.subject()
    own_door.registered(subject, record("a"))
    body = {"schema": json.dumps(record("b=0"))}  # with a default, which tables of any engine can follow
    try:
        for level, status in (("FULL", 409), ("NONE", 200)):
            assert own_door.told("PUT", "/config", {"compatibility": level})["compatibility"] == level
            assert own_door.ask("POST", f"/subjects/{subject}/versions", body).status_code == status
    finally:
        own_door.told("PUT", "/config", {"compatibility": before})


@pytest.mark.proves("metadata and rules, kept or refused")
def test_metadata_and_rules_are_kept_or_refused(door: Door) -> None:
    rules = {
        "domainRules": [{"name": "r", "kind": "TRANSFORM", "mode": "WRITEREAD", "type": "ENCRYPT", "disabled": False}]
    }
    for key, value in (("metadata", {"properties": {"owner": "bob"}}), ("ruleSet", rules)):
        subject = door.subject()
        answer = door.ask("POST", f"/subjects/{subject}/versions", {"schema": '"int"', key: value})
        if answer.status_code == 200:
            assert door.told("GET", f"/subjects/{subject}/versions/1")[key] == value
        else:
            assert code(answer) == (422, 42205)
            assert code(door.ask("GET", f"/subjects/{subject}/versions")) == (404, 40401)


@pytest.mark.proves("three formats")
@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        ("AVRO", '"long"'),
        ("JSON", '{"type":"object","properties":{"a":{"type":"string"}}}'),
        ("PROTOBUF", PROTO_INNER),
    ],
)
def test_three_formats(door: Door, kind: str, schema: str) -> None:
    subject = door.subject()
    number = door.registered(subject, schema, schemaType=kind)
    for path in (f"/schemas/ids/{number}", f"/subjects/{subject}/versions/latest"):
        found = door.told("GET", path)
        assert found.get("schemaType", "AVRO") == kind
        assert found["schema"] == schema


@pytest.mark.proves("references")
def test_protobuf_with_an_import_as_text_and_serialized(door: Door) -> None:
    inner, outer = door.subject(), door.subject()
    door.registered(inner, PROTO_INNER, schemaType="PROTOBUF")
    references = [{"name": "inner.proto", "subject": inner, "version": 1}]
    if door.lacks("references of PROTOBUF"):
        body = {"schema": PROTO_OUTER, "schemaType": "PROTOBUF", "references": references}
        assert code(door.ask("POST", f"/subjects/{outer}/versions", body)) == (422, 42205)
        return
    number = door.registered(outer, PROTO_OUTER, schemaType="PROTOBUF", references=references)
    found = door.told("GET", f"/schemas/ids/{number}")
    assert (found["schema"], found["references"]) == (PROTO_OUTER, references)
    for path in (f"/schemas/ids/{number}", f"/subjects/{outer}/versions/1"):
        serialized = door.told("GET", f"{path}?format=serialized")["schema"]
        assert b"inner.proto" in base64.b64decode(serialized, validate=True)
    assert code(door.ask("DELETE", f"/subjects/{inner}")) == (422, 42206)


@pytest.mark.proves("references")
def test_json_with_references(door: Door) -> None:
    inner, outer = door.subject(), door.subject()
    door.registered(inner, '{"type":"string"}', schemaType="JSON")
    body = {
        "schemaType": "JSON",
        "schema": '{"type":"object","properties":{"a":{"$ref":"inner.json"}}}',
        "references": [{"name": "inner.json", "subject": inner, "version": 1}],
    }
    answer = door.ask("POST", f"/subjects/{outer}/versions", body)
    if door.name == "karapace-6":
        assert code(answer) == (422, 42205)
        assert "references" in answer.json()["message"]
    else:
        assert answer.status_code == 200, answer.text


@pytest.mark.proves("normalisation")
def test_normalizing_finds_the_schema_that_is_only_spelled_otherwise(door: Door) -> None:
    subject = door.subject()
    texts = (
        '{"type":"record","name":"R","fields":[],"y":1,"z":2}',
        '{"type":"record","name":"R","fields":[],"z":2,"y":1}',
    )
    path = f"/subjects/{subject}/versions?normalize=true"
    one, other = (door.told("POST", path, {"schema": text})["id"] for text in texts)
    assert one == other
    assert door.told("GET", f"/subjects/{subject}/versions") == [1]


@pytest.mark.proves("what tools ask first")
@pytest.mark.parametrize("path", ["/", "/subjects/", "/contexts", "/schemas/types", "/mode", "/config"])
def test_what_tools_ask_first(own_door: Door, path: str) -> None:
    answer = own_door.client.get(path, headers={"Accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].endswith("json")


@pytest.mark.proves("three formats")
@pytest.mark.parametrize("draft", ["draft-04", "draft-06", "draft-07", "2019-09", "2020-12"])
def test_json_schema_in_every_draft_and_spelling(door: Door, draft: str) -> None:
    subject = door.subject()
    middle = f"{draft}/schema#" if draft.startswith("draft-0") else f"draft/{draft}/schema"
    schema = {"$schema": f"http{'' if middle.endswith('#') else 's'}://json-schema.org/{middle}", "type": "object"}
    if door.lacks(draft):
        body = {"schema": json.dumps(schema), "schemaType": "JSON"}
        assert code(door.ask("POST", f"/subjects/{subject}/versions", body)) == (422, 42201)
        return
    number = door.registered(subject, schema, schemaType="JSON")
    assert door.registered(subject, schema, schemaType="JSON_SCHEMA") == number
    assert door.registered(subject, schema, schemaType="json_schema") == number
    changed = {**schema, "type": "string"}
    refused = door.ask(
        "POST", f"/subjects/{subject}/versions", {"schema": str(changed).replace("'", '"'), "schemaType": "JSON"}
    )
    level = door.told("GET", f"/config/{subject}?defaultToGlobal=true")["compatibilityLevel"]
    assert refused.status_code == (200 if level == "NONE" else 409)


@pytest.mark.proves("modes and import")
def test_a_subject_that_may_only_be_read(door: Door) -> None:
    subject = door.subject()
    number = door.registered(subject, record("a"))
    assert door.told("PUT", f"/mode/{subject}", {"mode": "READONLY"}) == {"mode": "READONLY"}
    assert code(door.ask("POST", f"/subjects/{subject}/versions", {"schema": '"int"'})) == (422, 42205)
    assert code(door.ask("DELETE", f"/subjects/{subject}")) == (422, 42205)
    assert door.told("GET", f"/subjects/{subject}/versions/1")["id"] == number
    assert door.told("DELETE", f"/mode/{subject}") == {"mode": "READONLY"}
    assert door.registered(subject, record("a", "b=0")) != number


@pytest.mark.proves("modes and import")
def test_a_schema_under_a_given_id_or_a_refusal_that_says_why(own_door: Door) -> None:
    subject = own_door.subject()
    number = 10_000 + int(uuid4().hex[:4], 16)  # well inside of the range that every registry is given
    mode = own_door.ask("PUT", f"/mode/{subject}", {"mode": "IMPORT"})
    body = {"schema": json.dumps(record(f"f{number}")), "id": number, "version": 3}
    answer = own_door.ask("POST", f"/subjects/{subject}/versions", body)
    if mode.status_code == 200 and answer.status_code == 200:
        assert answer.json()["id"] == number
        assert own_door.told("GET", f"/subjects/{subject}/versions/3")["id"] == number
    else:
        refused = answer if mode.status_code == 200 else mode
        assert code(refused) == (422, 42205)
        assert len(refused.json()["message"]) > 20, "in words"


@pytest.mark.proves("serialize and consume")
@pytest.mark.parametrize("kind", ["AVRO", "JSON"])
def test_a_client_writes_and_another_reads(door: Door, kind: str) -> None:
    topic = door.subject()
    place = SerializationContext(topic, MessageField.VALUE)
    with SchemaRegistryClient({"url": str(door.client.base_url).rstrip("/")}) as one:
        if kind == "AVRO":
            payload = AvroSerializer(one, json.dumps(record("a")))({"a": 42}, place)
        else:
            schema = {"title": "R", "type": "object", "properties": {"a": {"type": "integer"}}}
            payload = JSONSerializer(json.dumps(schema), one)({"a": 42}, place)
    with SchemaRegistryClient({"url": str(door.client.base_url).rstrip("/")}) as other:
        reader = AvroDeserializer(other) if kind == "AVRO" else JSONDeserializer(None, schema_registry_client=other)
        assert reader(payload, place) == {"a": 42}


@pytest.fixture(scope="module")
def before_restart(estate: Estate) -> dict[str, tuple[str, list[int], str]]:
    """For each registry a subject, its ids, and the text of the first, as told by a gateway that was ended since."""
    found = {}
    for name in DOORS:
        with httpx.Client(base_url=f"{estate.gateway.url}/registries/{name}", timeout=30) as client:
            door = Door(name, client, "door")
            subject = door.subject()
            ids = [door.registered(subject, record(*fields)) for fields in (("a",), ("a", "b=0"))]
            door.told("PUT", f"/config/{subject}", {"compatibility": "FULL"})
            found[name] = (subject, ids, door.told("GET", f"/schemas/ids/{ids[0]}")["schema"])
    estate.restart()
    return found


@pytest.mark.proves("restart")
def test_a_new_gateway_goes_on(
    registry: str, before_restart: dict[str, tuple[str, list[int], str]], own_door: Door
) -> None:
    subject, ids, text = before_restart[registry]
    assert own_door.registered(subject, record("a")) == ids[0]
    assert own_door.told("GET", f"/schemas/ids/{ids[0]}")["schema"] == text
    assert own_door.told("GET", f"/subjects/{subject}/versions/latest")["id"] == ids[1]
    assert own_door.told("GET", f"/config/{subject}")["compatibilityLevel"] == "FULL"
    assert own_door.registered(subject, record("a", "b=0", "c=0")) not in ids
