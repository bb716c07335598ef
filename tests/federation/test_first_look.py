"""What a newcomer asks first: which registries there are, where a subject is, what a number means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from decapolis_translators.testing.fakes import Loopback

from .conftest import Api, Apis, entry, fake_of, record

Fakes = Callable[..., Loopback]
TEXT = json.dumps(record("a"), separators=(",", ":"))
NINE = [
    "id",
    "subject",
    "version",
    "schema_format",
    "schema_content",
    "metadata",
    "registry_type",
    "created_at",
    "created_by",
]  # acceptance rows 74-82


async def direct(loopback: Loopback, subject: str, text: str = TEXT) -> None:
    async with httpx.AsyncClient(base_url=loopback.url) as client:
        (await client.post(f"/subjects/{subject}/versions", json={"schema": text})).raise_for_status()


async def test_the_description_is_whole(api: Api) -> None:
    document = api.document
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "Schema Federation API"
    names = [op["operationId"] for methods in document["paths"].values() for op in methods.values()]
    assert len(names) == len(set(names))
    page = (await api.client.get("/docs")).text
    for path in document["paths"]:
        assert path in page
    assert "//" not in page.replace("://", "").replace("https:", "")  # nothing is loaded from elsewhere


async def test_find_answers_the_nine_fields_by_registry(apis: Apis, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    await direct(main, "orders-value")
    await direct(side, "orders-value")
    await direct(side, "users-value")
    api = await apis(entry("main", main), entry("side", side), home="main")
    found = await api.get("/schemas/find", subject="orders-value")
    assert list(found) == ["main", "side"]
    for each in found.values():
        assert set(NINE) <= set(each)
        assert (each["schema_content"], each["schema_format"], each["version"]) == (TEXT, "avro", 1)
        assert each["metadata"] == {}
    assert (found["main"]["id"], found["side"]["id"]) == (1, 1_000_000_001)
    assert list(await api.get("/schemas/find", subject="users-value")) == ["side"]
    assert await api.get("/schemas/find", subject="nobody-value") == {}
    assert list(await api.get("/schemas/find", subject="orders-value", registry_ids="side")) == ["side"]
    refused = await api.refused("GET", "/schemas/find", params={"subject": "x", "registries": "nope"})
    assert refused == (404, "unknown-registry", "Unknown registry: nope (known: main, side)")


@pytest.mark.parametrize("trouble", ["fail", "hang"])
async def test_one_registry_in_trouble_hides_nobody(apis: Apis, fakes: Fakes, trouble: str) -> None:
    main, side, third = fakes(), fakes(), fakes()
    for each in (main, side, third):
        await direct(each, "orders-value")
    api = await apis(
        *(entry(name, one) for name, one in (("main", main), ("side", side), ("third", third))), home="main"
    )
    assert len(await api.get("/schemas/find", subject="orders-value")) == 3
    if trouble == "hang":
        fake_of(side).hang(times=100)
    else:
        fake_of(side).fail_next(500, times=100)
    began = asyncio.get_running_loop().time()
    answer = await api.ask("GET", "/schemas/find", params={"subject": "orders-value"})
    assert asyncio.get_running_loop().time() - began < 3.0
    assert answer.headers["x-decapolis-partial"] == "true"
    found = answer.json()
    assert set(found["side"]) == {"error", "code"}
    assert "side" in found["side"]["error"]
    assert {found["main"]["version"], found["third"]["version"]} == {1}


async def test_a_number_everywhere(apis: Apis, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    await direct(main, "users-value", json.dumps(record("home")))
    await direct(side, "orders-value", json.dumps(record("side")))
    api = await apis(entry("main", main), entry("side", side), home="main")
    meaning = await api.get("/ids/1")
    assert meaning["reserved_for"] == "main"
    assert meaning["front"]["uses"] == [{"subject": "users-value", "version": 1}]
    assert meaning["results"]["side"][0]["public_id"] == 1_000_000_001
    meaning = await api.get("/ids/1000000001")
    assert (meaning["reserved_for"], meaning["front"]["native_id"], meaning["results"]) == ("side", 1, {})
    assert (await api.get("/ids/77"))["front"] is None
    for wrong in ("0", "-1", "abc", "4294967296"):
        assert (await api.refused("GET", f"/ids/{wrong}"))[:2] == (400, "invalid-id")


async def test_registries_are_listed_tested_and_filtered(apis: Apis, fakes: Fakes) -> None:
    main, side = fakes(), fakes()
    secret = {"username": "u", "password": "very-secret"}
    first = entry("main", main, metadata={"environment": "production", "use_case": "x"})
    second = entry("side", side, type_="karapace", metadata={"environment": "staging"})
    first["config"] |= secret
    api = await apis(first, second, home="main")
    assert [each["id"] for each in await api.get("/registries")] == ["main", "side"]
    assert [each["id"] for each in await api.get("/registries", environment="production")] == ["main"]
    assert [each["id"] for each in await api.get("/registries", type="karapace")] == ["side"]
    assert await api.get("/registries", environment="nowhere") == []
    one = await api.ask("GET", "/registries/main")
    assert "very-secret" not in one.text
    shape = one.json()
    assert (shape["config"]["username"], shape["config"]["url"]) == ("u", main.url)
    assert shape["metadata"]["use_case"] == "x"
    assert "avro" in shape["capabilities"]["formats"]
    found = await api.post("/registries/main/test")
    assert (found["status"], found["error"]) == ("ok", None)
    assert found["latency_ms"] > 0
    fake_of(side).fail_next(500, times=100)
    broken = await api.post("/registries/side/test")
    assert broken["status"] == "error"
    assert broken["error"]
    assert (await api.get("/registries/side"))["health"]["status"] == "down"
    assert await api.refused("POST", "/registries/nope/test") == (
        404,
        "unknown-registry",
        "Unknown registry: nope (known: main, side)",
    )


async def test_subjects_are_registered_read_and_deleted(api: Api) -> None:
    place = "/registries/embedded/subjects/a%2Fb%20c"
    made = await api.post(place + "/versions", {"schema_content": TEXT, "metadata": {"owner": "team", "n": 1}}, 201)
    assert (made["subject"], made["version"], made["metadata"]) == ("a/b c", 1, {"owner": "team", "n": 1})
    assert made["created_by"] == "anonymous"
    again = await api.post(place + "/versions", {"schema_content": TEXT, "metadata": {"owner": "team"}})
    assert again["version"] == 1
    other = json.dumps(record("a", "b"))
    assert (await api.refused("POST", place + "/versions", {"schema_content": other}))[:2] == (
        409,
        "incompatible-schema",
    )
    refused = await api.refused("POST", place + "/versions", {"schema_content": TEXT, "schema_format": "xml"})
    assert refused[:2] == (400, "unknown-format")
    assert "sql_ddl" in refused[2]
    path = place + "/versions/latest/metadata"
    assert await api.put(path, {"owner": "team", "tier": "gold"}) == {"owner": "team", "tier": "gold"}
    assert await api.get(path) == {"owner": "team", "tier": "gold"}
    assert (await api.refused("PUT", path, {"tier": "gold"}))[:2] == (422, "invalid-metadata")
    stale = {"If-Match": '"old"'}
    assert (await api.refused("PUT", path, {"owner": "team"}, headers=stale))[:2] == (412, "changed-meanwhile")
    assert (await api.get("/registries/embedded/subjects"))["items"] == ["a/b c"]
    assert [each["version"] for each in await api.get(place + "/versions")] == [1]
    assert (await api.ask("DELETE", place + "/versions/1")).json()["versions"] == [1]
    assert (await api.refused("GET", place + "/versions/1"))[:2] == (404, "unknown-subject")


async def test_lists_come_in_pages(api: Api) -> None:
    for number in range(7):
        await api.post(f"/registries/embedded/subjects/s{number}/versions", {"schema_content": TEXT}, 201)
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = await api.get("/registries/embedded/subjects", **query)
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"s{number}" for number in range(7)]
    assert (await api.refused("GET", "/registries/embedded/subjects?cursor=%25"))[:2] == (400, "invalid-cursor")
    assert (await api.refused("GET", "/registries/embedded/subjects?limit=0"))[:2] == (400, "invalid-request")


async def test_what_does_not_exist_is_a_problem_too(api: Api) -> None:
    assert (await api.refused("GET", "/nothing/here"))[:2] == (404, "unknown-path")
    answer = await api.ask("PUT", "/routes")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    for body in ("{", "[1]", '"x"'):
        answer = await api.client.post("/api/v1/registries/embedded/subjects/s/versions", content=body)
        assert answer.status_code == 400, body
        assert answer.json()["code"] in {"invalid-json", "invalid-request"}


async def test_registering_what_is_there_reads_no_history(apis: Apis, fakes: Fakes) -> None:
    main = fakes()
    api = await apis(entry("main", main), home="main")
    path = "/registries/main/subjects/s/versions"
    texts = [json.dumps(record("a", *(f"f{number}=0" for number in range(count)))) for count in range(10)]
    for text in texts:
        await api.post(path, {"schema_content": text}, 201)
    before = fake_of(main).calls.total()
    assert (await api.post(path, {"schema_content": texts[-1], "schema_format": "AVRO"}))["version"] == 10
    assert fake_of(main).calls.total() - before < len(texts)
    assert [each["version"] for each in await api.get(path)] == list(range(1, 11))
    assert (await api.refused("GET", "/registries/main/subjects/nobody/versions"))[:2] == (404, "unknown-subject")
