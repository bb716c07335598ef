"""Levels, modes, contexts and compatibility checks at the front, as the reference describes them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from .conftest import EXTRA, Client, Running, code, record


async def check(client: Client, subject: str, schema: Any, where: str = "/latest", query: str = "") -> httpx.Response:
    return await client.post(
        f"/compatibility/subjects/{subject}/versions{where}{query}", json={"schema": json.dumps(schema)}
    )


LEVELS = {
    # level: (history, candidate, status)
    "NONE": [([record("a")], {**record("a"), "fields": [{"name": "a", "type": "string"}]}, 200)],
    "BACKWARD": [([record("a")], record("a", "b"), 409), ([record("a")], record(), 200)],
    "BACKWARD_TRANSITIVE": [([record("a"), record("a", "b=0")], record("a", "b"), 409)],
    "FORWARD": [([record("a")], record(), 409), ([record("a")], record("a", "b"), 200)],
    "FORWARD_TRANSITIVE": [([record("a"), record("a=0")], record(), 409)],
    "FULL": [
        ([record("a")], record("a", "b"), 409),
        ([record("a")], record(), 409),
        ([record("a")], record("a", "b=0"), 200),
    ],
    "FULL_TRANSITIVE": [([record("a"), record("a", "b=0")], record("a", "b"), 409)],
    "FORWARD_FULL": [
        ([record("a"), record("a", "b=0")], record("a", "b"), 409),
        ([record("a"), record("a", "b=0")], record("a", "b=0", "c=0"), 200),
    ],
}


@pytest.mark.parametrize(
    ("level", "history", "candidate", "status"),
    [(level, *case) for level, cases in LEVELS.items() for case in cases],
)
async def test_levels(client: Client, level: str, history: list[Any], candidate: Any, status: int) -> None:
    for schema in history:
        await client.registered("s", schema)
    answer = await client.put("/config/s", json={"compatibility": level.lower()})
    assert answer.json() == {"compatibility": level}
    assert (await client.get("/config/s")).json() == {"compatibilityLevel": level}
    assert (await check(client, "s", candidate, where="")).json() == {"is_compatible": status == 200}
    assert (await client.register("s", candidate)).status_code == status


async def test_plain_levels_look_at_the_latest_only(client: Client) -> None:
    for schema in (record("a"), record("a", "b=0")):
        await client.registered("s", schema)
    assert (await client.register("s", record("a", "b"))).status_code == 200


async def test_config_life(client: Client) -> None:
    assert (await client.get("/config")).json() == {"compatibilityLevel": "BACKWARD"}
    answer = await client.get("/config/s")
    assert code(answer) == (404, 40408)
    assert answer.json()["message"] == "Subject 's' does not have subject-level compatibility configured"
    assert (await client.get("/config/s?defaultToGlobal=TRUE")).json() == {"compatibilityLevel": "BACKWARD"}
    assert (await client.put("/config", json={"compatibility": "FULL"})).json() == {"compatibility": "FULL"}
    assert (await client.get("/config/s?defaultToGlobal=true")).json() == {"compatibilityLevel": "FULL"}
    answer = await client.put("/config/s", json={"alias": "t", "compatibility": "forward"})
    assert answer.json() == {"alias": "t", "compatibility": "FORWARD"}
    assert (await client.get("/config/s")).json() == {"alias": "t", "compatibilityLevel": "FORWARD"}
    answer = await client.put("/config/s", json={"alias": None})
    assert answer.json() == {"compatibility": "FORWARD"}
    assert (await client.delete("/config/s")).json() == {"compatibilityLevel": "FORWARD"}
    assert code(await client.delete("/config/s")) == (404, 40401)
    assert (await client.delete("/config")).json() == {"compatibilityLevel": "FULL"}
    assert (await client.get("/config")).json() == {"compatibilityLevel": "BACKWARD"}


async def test_a_subject_config_without_a_level_means_the_server_default(client: Client) -> None:
    await client.put("/config", json={"compatibility": "FULL"})
    await client.put("/config/s", json={"normalize": True})
    assert (await client.get("/config/s?defaultToGlobal=true")).json() == {
        "compatibilityLevel": "BACKWARD",
        "normalize": True,
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"compatibility": "SIDEWAYS"}, (422, 42203)),
        ({"normalize": "maybe"}, (400, 400)),
        ({"defaultMetadata": 5}, (400, 400)),
        ({"defaultRuleSet": {"domainRules": [{"name": "r"}]}}, (422, 42210)),
    ],
)
async def test_bad_config(client: Client, body: dict[str, Any], expected: tuple[int, int]) -> None:
    assert code(await client.put("/config/s", json=body)) == expected
    assert code(await client.get("/config/s")) == (404, 40408)


async def test_unknown_policy_is_cleared_silently(client: Client) -> None:
    assert (await client.put("/config/s", json={"compatibilityPolicy": "ODD", "compatibility": "FULL"})).json() == {
        "compatibility": "FULL"
    }


async def test_defaults_and_overrides(client: Client) -> None:
    await client.put(
        "/config/s",
        json={
            "defaultMetadata": {"properties": {"owner": "bob", "team": "x"}},
            "overrideMetadata": {"properties": {"team": "y"}},
        },
    )
    await client.registered("s", record("a"), metadata={"properties": {"owner": "eve", "team": "z"}})
    assert (await client.get("/subjects/s/versions/1")).json()["metadata"] == {
        "properties": {"owner": "eve", "team": "y"}
    }


async def test_compatibility_group(client: Client) -> None:
    await client.put("/config/s", json={"compatibilityGroup": "major"})
    await client.registered("s", record("a"), metadata={"properties": {"major": "1"}})
    breaking = record("a", "b")
    assert code(await client.register("s", breaking, metadata={"properties": {"major": "1"}})) == (409, 409)
    await client.registered("s", breaking, metadata={"properties": {"major": "2"}})


async def test_lenient_policy(client: Client) -> None:
    await client.registered("s", {"type": "object", "properties": {"a": {"type": "string"}}}, schemaType="JSON")
    added = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    assert code(await client.register("s", added, schemaType="JSON")) == (409, 409)
    await client.put("/config/s", json={"compatibilityPolicy": "lenient"})
    assert (await client.register("s", added, schemaType="JSON")).status_code == 200


async def test_check_codes(client: Client) -> None:
    assert (await check(client, "nobody", record("a"))).json() == {"is_compatible": True}
    assert (await check(client, "nobody", record("a"), "")).json() == {"is_compatible": True}
    assert (await check(client, "nobody", record("a"), "/")).json() == {"is_compatible": True}
    assert code(await check(client, "nobody", record("a"), "/1")) == (404, 40402)
    await client.registered("s", record("a"))
    assert code(await check(client, "s", record("a"), "/2")) == (404, 40402)
    assert code(await check(client, "s", record("a"), "/x")) == (422, 42202)
    assert code(await check(client, "s", "nonsense")) == (422, 42201)
    answer = (await check(client, "s", "nonsense", query="?verbose=true")).json()
    assert answer["is_compatible"] is False
    assert "nonsense" in answer["messages"][0]
    assert (await check(client, "s", record("a"), query="?verbose=True")).json() == {
        "is_compatible": True,
        "messages": [],
    }
    answer = (await check(client, "s", record("a", "b"), query="?verbose=true")).json()
    assert answer["is_compatible"] is False
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in answer["messages"][0]
    await client.delete("/subjects/s/versions/1")
    assert (await check(client, "s", "int")).json() == {"is_compatible": True}


async def test_another_type_is_incompatible(client: Client) -> None:
    await client.registered("s", record("a"))
    answer = await client.post(
        "/compatibility/subjects/s/versions/latest?verbose=true",
        json={"schema": '{"type":"object"}', "schemaType": "JSON"},
    )
    assert answer.json()["messages"][0] == "Incompatible because of different schema type"


async def test_modes(client: Client) -> None:
    await client.registered("s", '"string"')
    assert (await client.get("/mode")).json() == {"mode": "READWRITE"}
    answer = await client.get("/mode/s")
    assert code(answer) == (404, 40409)
    assert (await client.get("/mode/s?defaultToGlobal=true")).json() == {"mode": "READWRITE"}
    assert (await client.put("/mode/s", json={"mode": "readonly"})).json() == {"mode": "readonly"}
    assert (await client.get("/mode/s")).json() == {"mode": "READONLY"}
    answer = await client.register("s", '"int"')
    assert code(answer) == (422, 42205)
    assert answer.json()["message"] == "Subject s in context . is in read-only mode"
    assert await client.registered("s", '"string"') == 1
    assert code(await client.delete("/subjects/s")) == (422, 42205)
    assert code(await client.delete("/subjects/nobody")) == (404, 40401)
    assert code(await client.put("/config/s", json={"compatibility": "NONE"})) == (422, 42205)
    assert (await client.delete("/mode/s")).json() == {"mode": "READONLY"}
    assert code(await client.delete("/mode/s")) == (404, 40401)
    assert (await client.register("t", '"int"')).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/mode", {"mode": "SIDEWAYS"}, (422, 42204)),
        ("/mode/s", {"mode": "FORWARD"}, (422, 42204)),
        ("/mode/s", {}, (422, 42204)),
        ("/mode/s", {"mode": {}}, (400, 400)),
        ("/mode/__GLOBAL", {"mode": "READONLY"}, (422, 42208)),
    ],
)
async def test_bad_modes(client: Client, path: str, body: dict[str, Any], expected: tuple[int, int]) -> None:
    assert code(await client.put(path, json=body)) == expected


async def test_readonly_front(client: Client) -> None:
    await client.put("/mode", json={"mode": "READONLY"})
    assert code(await client.register("s", '"int"')) == (422, 42205)
    assert code(await client.put("/config", json={"compatibility": "NONE"})) == (422, 42205)
    assert (await client.put("/mode/s", json={"mode": "READWRITE"})).status_code == 200
    assert (await client.register("s", '"int"')).status_code == 200
    assert (await client.delete("/mode")).json() == {"mode": "READONLY"}


async def test_import(client: Client) -> None:
    assert (await client.put("/mode/s", json={"mode": "IMPORT"})).json() == {"mode": "IMPORT"}
    assert code(await client.register("s", record("a"))) == (422, 42205)
    assert await client.registered("s", record("a"), id=50, version=3) == 50
    assert await client.registered("s", record("a", "b"), id=51, version=7) == 51
    assert (await client.get("/subjects/s/versions")).json() == [3, 7]
    answer = await client.register("s", record("z"), id=50, version=9)
    assert code(answer) == (422, 42205)
    assert answer.json()["message"] == "Overwrite new schema with id 50 in context . is not permitted."
    assert await client.registered("s", record("a")) == 50
    await client.put("/mode/s", json={"mode": "READWRITE"})
    assert await client.registered("t", record("q")) == 52
    assert code(await client.put("/mode/t", json={"mode": "IMPORT"})) == (422, 42205)
    assert (await client.put("/mode/t?force=true", json={"mode": "IMPORT"})).status_code == 200
    assert code(await client.put("/mode", json={"mode": "IMPORT"})) == (422, 42205)


async def test_force_skips_the_check(client: Client) -> None:
    await client.registered("s", record("a"))
    answer = await client.post("/subjects/s/versions?force=true", json={"schema": json.dumps(record("a", "b"))})
    assert answer.status_code == 200


async def test_contexts_count_for_themselves(client: Client) -> None:
    assert (await client.get("/contexts")).json() == ["."]
    await client.registered("s", '"string"')
    await client.registered(":.c:s", '"int"')
    await client.registered(":.c:t", '"string"')
    assert (await client.get("/contexts")).json() == [".", ".c"]
    assert (await client.get("/subjects")).json() == [":.c:s", ":.c:t", "s"]
    assert (await client.get("/subjects?subjectPrefix=:.c:")).json() == [":.c:s", ":.c:t"]
    assert (await client.get("/subjects?subjectPrefix=:*:t")).json() == [":.c:t"]
    assert (await client.get("/contexts/.c/subjects")).json() == [":.c:s", ":.c:t"]
    assert (await client.get("/contexts/c/subjects/s/versions/1")).json() == {
        "subject": ":.c:s",
        "version": 1,
        "id": 1,
        "schema": '"int"',
    }
    assert (await client.get("/schemas/ids/1")).json() == {"schema": '"string"'}
    assert (await client.get("/contexts/.c/schemas/ids/1")).json() == {"schema": '"int"'}
    assert (await client.get("/contexts/.c/schemas/ids/2?subject=t")).json() == {"schema": '"string"'}
    assert code(await client.get("/schemas/ids/2?subject=:.c:s")) == (404, 40403)
    assert (await client.get("/schemas/ids/1?subject=wrong")).json() == {"schema": '"string"'}
    assert (await client.get("/schemas/ids/2?subject=t")).json() == {"schema": '"string"'}
    assert [each["subject"] for each in (await client.get("/schemas")).json()] == ["s"]
    assert len((await client.get("/schemas?subjectPrefix=:*:")).json()) == 3
    assert (await client.get("/subjects/t/versions/1")).json()["subject"] == ":.c:t"
    assert code(await client.get("/subjects/t/versions")) == (404, 40401)


@pytest.mark.parametrize("prefix", ["/contexts/.c", "/contexts/c", "/contexts/:.c:", "/contexts/%3A.c%3A"])
async def test_context_prefixes(client: Client, prefix: str) -> None:
    assert (await client.post(f"{prefix}/subjects/s/versions", json={"schema": '"int"'})).json() == {"id": 1}
    assert (await client.get("/subjects/:.c:s/versions/1")).json()["id"] == 1
    assert (await client.put(f"{prefix}/config", json={"compatibility": "FULL"})).status_code == 200
    assert (await client.get("/config/:.c:")).json() == {"compatibilityLevel": "FULL"}
    assert (await client.get(f"{prefix}/config/s?defaultToGlobal=true")).json() == {"compatibilityLevel": "FULL"}
    assert (await client.get("/config")).json() == {"compatibilityLevel": "BACKWARD"}
    assert (await client.get(f"{prefix}/schemas/types")).status_code == 200
    assert (await client.get(f"{prefix}/schemas")).json()[0]["subject"] == ":.c:s"
    assert (await client.get(f"{prefix}/subjects/:.d:s/versions")).status_code == 404
    assert code(await client.get(prefix)) == (405, 405)
    assert code(await client.delete(prefix)) == (422, 42211)


async def test_default_context_prefixes(client: Client) -> None:
    await client.registered("s", '"int"')
    for prefix in ("/contexts/%2E", "/contexts/:.:"):
        assert (await client.get(f"{prefix}/subjects/s/versions")).json() == [1]
        assert (await client.get(f"{prefix}/config")).json() == {"compatibilityLevel": "BACKWARD"}
    answer = await client.get("/contexts/a:b/subjects")
    assert code(answer) == (400, 400)
    assert answer.json()["message"] == "Context name 'a:b' cannot contain a colon"


async def test_deleting_a_context(client: Client) -> None:
    await client.registered(":.c:s", '"int"')
    await client.delete("/subjects/:.c:s")
    assert code(await client.delete("/contexts/.c")) == (422, 42211)
    await client.delete("/subjects/:.c:s?permanent=true")
    answer = await client.delete("/contexts/.c")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get("/contexts")).json() == ["."]
    assert (await client.delete("/contexts/.unknown")).status_code == 204


async def test_named_contexts_never_see_the_default_ones_config(client: Client) -> None:
    await client.put("/config", json={"compatibility": "NONE"})
    assert (await client.get("/config/:.c:s?defaultToGlobal=true")).json() == {"compatibilityLevel": "BACKWARD"}
    await client.put("/config/:.__GLOBAL:", json={"compatibility": "FULL"})
    assert (await client.get("/config/:.c:s?defaultToGlobal=true")).json() == {"compatibilityLevel": "FULL"}
    await client.put("/mode/:.__GLOBAL:", json={"mode": "READONLY"})
    assert code(await client.register(":.c:s", '"int"')) == (422, 42205)
    assert (await client.put("/mode/:.__GLOBAL:", json={"mode": "FORWARD"})).status_code == 200


async def test_aliases(client: Client) -> None:
    await client.registered("real", record("a"))
    await client.put("/config/alias", json={"alias": "real"})
    assert (await client.get("/subjects/alias/versions/1")).json()["subject"] == "real"
    assert (await client.get("/schemas/ids/1?subject=alias", headers=EXTRA)).json()["subject"] == "real"
    assert (await check(client, "alias", record("a", "b"))).json() == {"is_compatible": False}
    assert (await client.get("/config/alias")).json()["alias"] == "real"
    listed = (await client.get("/schemas?aliases=true")).json()
    assert listed[0]["aliases"] == ["alias"]


async def test_permanent_delete_takes_the_settings_along(client: Client) -> None:
    await client.registered("s", '"int"')
    await client.put("/config/s", json={"compatibility": "FULL"})
    await client.put("/mode/s", json={"mode": "READWRITE"})
    await client.delete("/subjects/s")
    assert (await client.get("/config/s")).json() == {"compatibilityLevel": "FULL"}
    await client.delete("/subjects/s?permanent=true")
    assert code(await client.get("/config/s")) == (404, 40408)
    assert code(await client.get("/mode/s")) == (404, 40409)


async def test_recursive_mode_delete(client: Client) -> None:
    await client.registered("s", '"int"')
    await client.put("/mode/s", json={"mode": "READONLY"})
    assert (await client.delete("/mode?recursive=true")).status_code == 200
    assert code(await client.get("/mode/s")) == (404, 40409)


JAVA_ACCEPT = "text/html, image/gif, image/jpeg, */*; q=.2"
PYTHON_ACCEPT = "application/vnd.schemaregistry.v1+json,application/vnd.schemaregistry+json,application/json"
BROWSER_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
GO_ACCEPT = "application/vnd.schemaregistry.v1+json"


@pytest.mark.parametrize("accept", [JAVA_ACCEPT, PYTHON_ACCEPT, BROWSER_ACCEPT, GO_ACCEPT, "*/*", "application/json"])
@pytest.mark.parametrize("path", ["/", "/subjects", "/nowhere", "/schemas/ids/1", "/registries/nope/subjects"])
async def test_json_for_everybody(client: Client, accept: str, path: str) -> None:
    answer = await client.get(path, headers={"Accept": accept})
    expected = "application/json" if accept == "application/json" else "application/vnd.schemaregistry.v1+json"
    assert answer.headers["content-type"] == expected
    answer.json()


async def test_negotiation_refusals(client: Client) -> None:
    assert code(await client.get("/subjects", headers={"Accept": "text/html"})) == (406, 406)
    answer = await client.post("/subjects/s", content="x", headers={"Content-Type": "text/plain"})
    assert code(answer) == (415, 415)
    answer = await client.post("/subjects/s", content=b'{"schema":"\\"int\\""}')
    assert code(answer) == (404, 40401)


async def test_unknown_paths_and_methods(client: Client) -> None:
    for method, path in (
        ("PUT", "/subjects"),
        ("POST", "/schemas/ids/1"),
        ("GET", "/contexts/.c"),
        ("PATCH", "/config"),
    ):
        answer = await client.request(method, path)
        assert (code(answer), answer.json()["message"]) == ((405, 405), "HTTP 405 Method Not Allowed")
    for path in ("/nowhere", "/catalog/v1", "/subjects/s/versions/1/nothing", "/dek-registry/v1/keks"):
        assert code(await client.get(path)) == (404, 404)


async def test_parts_that_a_gateway_has_none_of(client: Client) -> None:
    for path in (
        "/exporters",
        "/associations/resources/-/t?resourceType=topic&associationType=value",
        "/associations/subjects/s",
        "/associations/resources/id",
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (200, [])


async def test_root_and_metadata(client: Client) -> None:
    assert (await client.get("/")).json() == {}
    assert (await client.post("/", json={})).json() == {}
    assert set((await client.get("/v1/metadata/version")).json()) == {"version", "commitId"}
    assert (await client.get("/v1/metadata/id")).json()["scope"]["path"] == []
    assert (await client.get("/v1/metadata/deployment")).json() == {"attributes": []}
    assert sorted((await client.get("/schemas/types")).json()) == ["AVRO", "JSON", "PROTOBUF"]


async def test_request_ids(client: Client) -> None:
    for _ in range(2):
        assert (await client.get("/subjects", headers={"X-Request-ID": "mine"})).headers["x-request-id"] == "mine"
    ids = {(await client.get("/")).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert all(len(each) == 36 for each in ids)


async def test_oversized_bodies(gateways: Running) -> None:
    client = await gateways(limits={"body_bytes": 2000})
    answer = await client.post("/subjects/s/versions", json={"schema": "x" * 3000})
    assert code(answer) == (413, 413)

    async def chunks() -> Any:
        for _ in range(30):
            yield b"x" * 100

    answer = await client.post("/subjects/s/versions", content=chunks(), headers={"Content-Type": "application/json"})
    assert code(answer) == (413, 413)
    assert (await client.get("/subjects")).json() == []


async def test_incompatible_code_is_a_switch(gateways: Running) -> None:
    client = await gateways(dialect={"incompatible_code": 40901, "extra_fields": "always"})
    assert "guid" in (await client.register("s", record("a"))).json()
    assert code(await client.register("s", record("a", "b"))) == (409, 40901)


async def test_health_and_metrics(client: Client) -> None:
    for name in ("live", "ready", "startup"):
        assert (await client.get(f"/health/{name}")).status_code == 200
    await client.registered("secret-subject", '"int"')
    page = (await client.get("/metrics")).text
    for name in (
        "kafka_schema_registry_registered_count 1.0",
        'kafka_schema_registry_schemas_created{schema_type="avro"} 1.0',
        "kafka_schema_registry_api_success_count",
        'decapolis_registry_up{registry="embedded"} 1.0',
    ):
        assert name in page
    assert "secret-subject" not in page
