"""The fakes themselves: each product's shapes, as its documentation has them, seen by a plain HTTP client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from decapolis_translators.testing.fakes import PROFILES, DialectFake, Loopback

FAMILIES = {name: profile.family for name, profile in PROFILES.items()}
AVRO = {"schema": '"string"'}
JSON = {"schema": '{"type":"object"}', "schemaType": "JSON"}

Client = Callable[[str], Awaitable[tuple[httpx.AsyncClient, DialectFake]]]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with AsyncExitStack() as stack:

        async def opened(profile: str) -> tuple[httpx.AsyncClient, DialectFake]:
            fake = DialectFake(PROFILES[profile])
            http = httpx.AsyncClient(transport=httpx.ASGITransport(app=fake), base_url="http://fake.test")
            return await stack.enter_async_context(http), fake

        yield opened


async def seen(http: httpx.AsyncClient, call: str, body: Any = None) -> tuple[int, Any]:
    method, path = call.split(" ", 1)
    answer = await http.request(method, path, json=body) if body is not None else await http.request(method, path)
    return answer.status_code, json.loads(answer.content)


TABLE: list[tuple[str, Any, dict[str, tuple[int, Any]]]] = [
    ("GET /", None, {"*": (200, {})}),
    ("GET /schemas/types", None, {"*": (200, ["JSON", "PROTOBUF", "AVRO"])}),
    (
        "GET /nowhere",
        None,
        {
            "confluent": (404, {"error_code": 404, "message": "HTTP 404 Not Found"}),
            "karapace": (404, "Not Found"),
            "redpanda": (404, {"message": "Not found", "code": 404}),
        },
    ),
    (
        "PATCH /subjects",
        None,
        {
            "confluent": (405, {"error_code": 405, "message": "HTTP 405 Method Not Allowed"}),
            "karapace": (405, "Method Not Allowed"),
        },
    ),
    (
        "PUT /mode",
        {"mode": "READONLY"},
        {"karapace": (405, "Method Not Allowed"), "redpanda": (200, {"mode": "READONLY"})},
    ),
    ("GET /subjects", None, {"*": (200, ["s"])}),
    ("GET /subjects?subjectPrefix=x", None, {"*": (200, []), "karapace": (200, ["s"])}),
    (
        "GET /subjects/s/versions/1/schema",
        None,
        {
            "confluent": (200, "string"),
            "karapace": (500, {"error_code": 500, "message": "Internal server error"}),
        },
    ),
    ("GET /subjects/s/versions/0", None, {"*": (422, 42202)}),
    ("GET /subjects/s/versions/first", None, {"*": (422, 42202)}),
    ("GET /subjects/s/versions/7", None, {"*": (404, 40402)}),
    ("GET /subjects/x/versions", None, {"*": (404, 40401)}),
    ("GET /schemas/ids/99", None, {"*": (404, 40403)}),
    ("GET /schemas/ids/abc", None, {"confluent": (404, 404), "karapace": (404, "Not Found")}),
    ("GET /schemas/ids/1/schema", None, {"confluent": (200, "string"), "karapace": (404, "Not Found")}),
    (
        "GET /schemas/ids/1/subjects",
        None,
        {"confluent": (200, ["s"]), "redpanda": (200, ["s"]), "karapace": (404, "Not Found")},
    ),
    ("GET /schemas/ids/1/versions", None, {"*": (200, [{"subject": "s", "version": 1}])}),
    ("POST /subjects/s/versions", {"schema": ""}, {"*": (422, 42201)}),
    ("POST /subjects/s/versions", {"schema": '{"type":"x"}'}, {"*": (422, 42201), "redpanda": (422, 422)}),
    ("POST /subjects/s/versions", {"schema": '{"type":"record"}'}, {"confluent": (422, 42201)}),
    ("POST /subjects/s/versions", {"schema": "[{"}, {"confluent": (422, 42201)}),
    ("POST /subjects/s/versions", {"schema": '["null",5]'}, {"confluent": (422, 42201)}),
    ("POST /subjects/s/versions", {"schema": "[]", "schemaType": "JSON"}, {"confluent": (422, 42201)}),
    ("POST /subjects/s/versions", {"schema": "?", "schemaType": "PROTOBUF"}, {"confluent": (422, 42201)}),
    ("POST /subjects/s/versions", {"schema": "?", "schemaType": "THRIFT"}, {"confluent": (422, 42201)}),
    ("POST /subjects/s/versions", {**AVRO, "surprise": 1}, {"*": (200, {"id": 1}), "redpanda": (422, 422)}),
    (
        "POST /subjects/s/versions",
        {**AVRO, "references": None},
        {"*": (200, {"id": 1}), "redpanda": (422, 422)},
    ),
    ("POST /subjects/s/versions", {**AVRO, "metadata": None, "ruleSet": None}, {"*": (200, {"id": 1})}),
    (
        "POST /subjects/s/versions",
        {**AVRO, "id": 777, "version": 7},
        {"karapace": (200, {"id": 1}), "redpanda-24": (200, {"id": 777}), "confluent": (422, 42205)},
    ),
    (
        "POST /subjects/s/versions",
        {**AVRO, "ruleSet": {"domainRules": []}},
        {"*": (200, {"id": 1}), "redpanda": (422, 422)},
    ),
    ("POST /subjects/s/versions", {"schema": '"int"', "version": 9}, {"confluent": (422, 42201)}),
    (
        "POST /subjects/s/versions",
        {**JSON, "references": [{"name": "n", "subject": "s", "version": 1}]},
        {"*": (200, {"id": 2}), "karapace": (422, 44302)},
    ),
    (
        "POST /subjects/s/versions",
        {**AVRO, "references": [{"name": "n", "subject": "x", "version": 1}]},
        {"*": (422, 42201)},
    ),
    ("POST /subjects/s", {"schema": '{"type":"x"}'}, {"*": (422, 42201), "redpanda": (500, 500)}),
    ("POST /subjects/x", {"schema": '{"type":"x"}'}, {"*": (404, 40401)}),
    (
        "POST /compatibility/subjects/x/versions/latest",
        AVRO,
        {"confluent": (200, {"is_compatible": True}), "karapace": (404, 40402), "redpanda": (404, 40401)},
    ),
    ("POST /compatibility/subjects/x/versions/3", AVRO, {"*": (404, 40402)}),
    ("POST /compatibility/subjects/s/versions/none", AVRO, {"*": (422, 42202)}),
    (
        "POST /compatibility/subjects/s/versions/1?verbose=true",
        {"schema": ""},
        {
            "confluent": (
                200,
                {"is_compatible": False, "messages": ["Invalid schema, details: Empty schema"]},
            ),
            "karapace": (422, 42201),
        },
    ),
    ("POST /compatibility/subjects/s/versions/1", {"schema": ""}, {"*": (422, 42201)}),
    (
        "POST /compatibility/subjects/s/versions",
        AVRO,
        {"confluent": (200, {"is_compatible": True}), "karapace": (404, "Not Found")},
    ),
    ("GET /config/s", None, {"*": (404, 40408)}),
    ("GET /config/x", None, {"*": (404, 40408), "karapace": (404, 40401)}),
    ("GET /config/s?defaultToGlobal=true", None, {"*": (200, {"compatibilityLevel": "BACKWARD"})}),
    (
        "PUT /config/s",
        {"compatibility": "full"},
        {"confluent": (200, {"compatibility": "full"}), "karapace": (422, 42203)},
    ),
    ("PUT /config/s", {"compatibility": "FULL", "alias": "x"}, {"redpanda": (422, 422)}),
    ("DELETE /config/x", None, {"*": (404, 40401), "karapace": (200, {"compatibility": "BACKWARD"})}),
    (
        "DELETE /config",
        None,
        {"confluent": (200, {"compatibilityLevel": "BACKWARD"}), "karapace": (405, "Method Not Allowed")},
    ),
    (
        "GET /mode/s",
        None,
        {"confluent": (404, 40409), "karapace": (200, {"mode": "READWRITE"}), "redpanda": (404, 40409)},
    ),
    ("PUT /mode/s", {"mode": "FORWARD"}, {"confluent": (422, 42204), "redpanda": (422, 42204)}),
    ("DELETE /mode/s", None, {"confluent": (404, 40401), "redpanda": (404, 40401)}),
    (
        "GET /contexts",
        None,
        {"confluent": (200, ["."]), "karapace": (404, "Not Found"), "redpanda-26": (200, ["."])},
    ),
    ("DELETE /subjects/s?permanent=true", None, {"*": (404, 40405)}),
    ("DELETE /subjects/x", None, {"*": (404, 40401)}),
]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("call", "body", "expected"), TABLE)
async def test_every_product_answers_in_its_own_way(
    client: Client, profile: str, call: str, body: Any, expected: dict[str, tuple[int, Any]]
) -> None:
    keys = [profile, FAMILIES[profile], "*"]
    wanted = next((expected[key] for key in keys if key in expected), None)
    if wanted is None:
        return
    http, _ = await client(profile)
    await http.post("/subjects/s/versions", json=AVRO)
    status, answer = await seen(http, call, body)
    told = answer.get("error_code") if isinstance(answer, dict) and isinstance(wanted[1], int) else answer
    told = {"id": told["id"]} if isinstance(told, dict) and call.endswith("/s/versions") and "id" in told else told
    assert (status, told) == wanted


async def test_shapes_before_and_since_8(client: Client) -> None:
    old, _ = await client("confluent-7")
    new, _ = await client("confluent-8")
    assert await seen(old, "POST /subjects/s/versions", AVRO) == (200, {"id": 1})
    whole = {"id": 1, "version": 1, "schema": '"string"', "schemaType": "AVRO"}
    assert await seen(new, "POST /subjects/s/versions", AVRO) == (200, whole)
    assert await seen(old, "GET /schemas/ids/1") == (200, {"schema": '"string"'})
    _, by_id = await seen(new, "GET /schemas/ids/1")
    assert {"subject", "version", "ts", "deleted"} <= set(by_id)


async def test_purged_ids(client: Client) -> None:
    for profile, status in (("karapace-6", 200), ("redpanda-24", 404), ("confluent-8", 404)):
        http, fake = await client(profile)
        await http.post("/subjects/s/versions", json=AVRO)
        await http.delete("/subjects/s")
        await http.delete("/subjects/s?permanent=true")
        assert (await http.get("/schemas/ids/1")).status_code == status
        fake.restart()
        assert (await http.get("/schemas/ids/1")).status_code == 404
        _, again = await seen(http, "POST /subjects/s/versions", {"schema": '"int"'})
        assert again["id"] == 2, "ids are not given twice"


async def test_ids_may_be_given_out_again_on_request(client: Client) -> None:
    http, fake = await client("confluent-8")
    fake.reissue_ids = True
    assert fake.reissue_ids
    await http.post("/subjects/s/versions", json=AVRO)
    await http.delete("/subjects/s")
    await http.delete("/subjects/s?permanent=true")
    _, again = await seen(http, "POST /subjects/s/versions", {"schema": '"int"'})
    assert again["id"] == 1


async def test_a_wipe_forgets_everything(client: Client) -> None:
    http, fake = await client("confluent-8")
    await http.post("/subjects/s/versions", json=AVRO)
    fake.restart(keep=False)
    assert await seen(http, "GET /subjects") == (200, [])
    _, again = await seen(http, "POST /subjects/s/versions", {"schema": '"int"'})
    assert again["id"] == 1


async def test_a_soft_deleted_version_with_the_same_id_makes_room(client: Client) -> None:
    http, _ = await client("confluent-8")
    await http.post("/subjects/s/versions", json=AVRO)
    await http.delete("/subjects/s/versions/1")
    _, again = await seen(http, "POST /subjects/s/versions", AVRO)
    assert (again["id"], again["version"]) == (1, 2)
    assert await seen(http, "GET /subjects/s/versions?deleted=true") == (200, [2])
    await http.delete("/subjects/s")
    assert await seen(http, "GET /subjects?deletedOnly=true") == (200, ["s"])


async def test_metadata_is_inherited(client: Client) -> None:
    http, _ = await client("confluent-8")
    owned = {**AVRO, "metadata": {"properties": {"owner": "bob"}}}
    await http.post("/subjects/s/versions", json=owned)
    _, again = await seen(http, "POST /subjects/s/versions", AVRO)
    assert again["metadata"] == {"properties": {"owner": "bob"}}
    assert again["version"] == 1


async def test_contexts_have_their_own_settings(client: Client) -> None:
    http, _ = await client("confluent-8")
    await http.put("/config/:.c:", json={"compatibility": "NONE"})
    await http.put("/mode/:.c:", json={"mode": "IMPORT"})
    assert (await http.post("/subjects/:.c:s/versions", json=AVRO)).status_code == 422
    assert (await http.post("/subjects/:.c:s/versions", json={**AVRO, "id": 9})).status_code == 200
    assert (await http.put("/mode/:.c:", json={"mode": "IMPORT"})).status_code == 422
    _, listed = await seen(http, "GET /schemas?subjectPrefix=:.c:")
    assert [each["id"] for each in listed] == [9]
    assert await seen(http, "GET /schemas") == (200, [])
    assert await seen(http, "GET /subjects?subjectPrefix=:*:s") == (200, [":.c:s"])


async def test_read_only_forbids_writes_and_deletes(client: Client) -> None:
    http, _ = await client("redpanda-24")
    await http.post("/subjects/s/versions", json=AVRO)
    await http.put("/mode", json={"mode": "READONLY"})
    for call, body in (("POST /subjects/s/versions", {"schema": '"int"'}), ("DELETE /subjects/s", None)):
        status, answer = await seen(http, call, body)
        assert (status, answer["error_code"]) == (422, 42205)


async def test_wrong_bodies(client: Client) -> None:
    http, _ = await client("confluent-8")
    assert (
        await http.post("/subjects/s/versions", content=b"{", headers={"content-type": "application/json"})
    ).status_code == 400
    assert (
        await http.post("/subjects/s/versions", content=b"{}", headers={"content-type": "text/plain"})
    ).status_code == 415
    assert (await http.post("/subjects/s/versions", json=[1])).status_code == 422


async def test_controls_count_and_break_calls(client: Client) -> None:
    http, fake = await client("confluent-8")
    await http.post("/subjects/a%2Fb/versions", json=AVRO)
    await http.get("/subjects")
    await http.get("/nowhere")
    assert fake.calls == {"POST /subjects/{subject}/versions": 1, "GET /subjects": 1, "GET (unknown)": 1}
    assert fake.writes == 1
    assert fake.requests[0].segments == ("subjects", "a/b", "versions")
    fake.fail_next(503, "<html>", times=2, path="/subjects")
    assert (await http.get("/config")).status_code == 200
    assert [(await http.get("/subjects")).status_code for _ in range(3)] == [503, 503, 200]
    fake.reset()
    with pytest.raises(ConnectionResetError):
        await http.get("/subjects")
    fake.lose_answers(path="/subjects")
    with pytest.raises(ConnectionResetError):
        await http.post("/subjects/lost/versions", json=AVRO)
    assert "lost" in (await http.get("/subjects")).json()
    fake.fail_next(500)
    fake.calm()
    assert (await http.get("/subjects")).status_code == 200


async def test_what_hangs_goes_on_when_calm_returns(client: Client) -> None:
    http, fake = await client("confluent-8")
    fake.hang()
    fake.latency = 0.001
    waiting = asyncio.ensure_future(http.get("/subjects"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    fake.calm()
    assert (await waiting).status_code == 200


async def test_token_endpoint_refuses_strangers(client: Client) -> None:
    http, fake = await client("confluent-8")
    fake.door.oauth = ("id", "secret")
    assert (await http.post("/oauth/token", data={"grant_type": "client_credentials"})).status_code == 401
    assert (await http.post("/oauth/token", data={"grant_type": "x"}, auth=("id", "secret"))).status_code == 400
    assert (await http.get("/subjects")).status_code == 401


def test_a_port_survives_a_stop_and_a_start() -> None:
    fake = DialectFake()
    served = Loopback(fake)
    served.stop()
    with served:
        url = served.url
        assert httpx.get(f"{url}/subjects").json() == []
    with served:
        assert served.url == url
        assert httpx.head(f"{url}/subjects").status_code == 405
