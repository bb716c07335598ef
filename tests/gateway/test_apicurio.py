"""A Confluent client at the door of an Apicurio Registry, and behind a route: the fake always, a real server too."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import httpx
import pytest

from decapolis_translators import discovery
from decapolis_translators.apicurio import ApicurioRegistry
from decapolis_translators.testing.facade import Facade
from decapolis_translators.testing.fakes import CONFLUENT_8, Loopback
from tests.facades.apicurio import FakeApicurio, FakeApicurio2, RealApicurio

from .conftest import Client, Running, code, entry, record

REFERRING = {
    "PROTOBUF": ("base.proto", 'syntax = "proto3";\nimport "base.proto";\nmessage Use { Base base = 1; }\n'),
    "JSON": ("base.json", '{"type":"object","properties":{"base":{"$ref":"base.json"}}}'),
    "AVRO": ("Base", json.dumps({"type": "record", "name": "Use", "fields": [{"name": "base", "type": "Base"}]})),
}
BASES = {
    "PROTOBUF": 'syntax = "proto3";\n\nmessage Base {\n  int32 a = 1;\n}\n',
    "JSON": '{"type":"object","title":"Base"}',
    "AVRO": json.dumps(record("a", name="Base")),
}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The type counts as installed, also where the package was installed before it had one."""

    def found(**wanted: str) -> Any:
        others = [each for each in entry_points(**wanted) if each.name != ApicurioRegistry.type]
        return [*others, EntryPoint("apicurio", "decapolis_translators.apicurio:ApicurioRegistry", discovery.GROUP)]

    monkeypatch.setattr(discovery, "entry_points", found)


@pytest.fixture(params=[FakeApicurio, FakeApicurio2, RealApicurio], ids=lambda facade: facade.name)
def apicurio(request: pytest.FixtureRequest) -> Iterator[Facade]:
    facade: Facade = request.param()
    reason = facade.available()
    if reason is not None:
        pytest.skip(reason)
    facade.start()
    yield facade
    facade.stop()


def apicurio_entry(facade: Facade, **more: Any) -> dict[str, Any]:
    patient = {"deadline": 30.0, "retries": 0, "breaker_failures": 1000}
    return {"id": "api", "type": "apicurio", "config": dict(facade.config()), "resilience": patient, **more}


class Door:
    """A client whose paths begin at a registry's door, or at the front; its subjects are nobody else's."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self.run = f"t-{uuid.uuid4().hex[:8]}"

    async def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        return await self._client.request(method, self._prefix + path, **given)

    async def told(self, method: str, path: str, **given: Any) -> Any:
        answer = await self.ask(method, path, **given)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    async def register(self, subject: str, text: str, kind: str = "AVRO", *references: Any) -> httpx.Response:
        body = {"schema": text, "schemaType": kind, "references": list(references)}
        return await self.ask("POST", f"/subjects/{subject}/versions", json=body)

    async def registered(self, subject: str, text: str, kind: str = "AVRO", *references: Any) -> int:
        answer = await self.register(subject, text, kind, *references)
        assert answer.status_code == 200, answer.text
        number: int = answer.json()["id"]
        return number

    async def mine(self, **query: str) -> list[str]:
        names: list[str] = await self.told("GET", "/subjects", params={"subjectPrefix": self.run, **query})
        return names


@pytest.fixture(params=["/registries/api", ""], ids=["door", "route"])
async def door(request: pytest.FixtureRequest, apicurio: Facade, gateways: Running, fakes: Callable[..., Any]) -> Door:
    """At the door; and at the front, where a route leads to it and another registry is home."""
    home: Loopback = fakes(CONFLUENT_8)
    routes = [{"match": "t-*", "registry": "api"}, {"registry": "main"}]
    client = await gateways(entry("main", home), apicurio_entry(apicurio), home="main", routes=routes)
    return Door(client, request.param)


async def test_the_session_of_a_client(door: Door) -> None:
    subject = f"{door.run}-value"
    first = await door.registered(subject, json.dumps(record("a")))
    assert await door.registered(subject, json.dumps(record("a"))) == first
    assert (await door.told("GET", f"/schemas/ids/{first}"))["schema"] == json.dumps(record("a"), separators=(",", ":"))
    assert code(await door.ask("GET", f"/config/{subject}")) == (404, 40408)
    await door.told("PUT", f"/config/{subject}", json={"compatibility": "BACKWARD"})
    assert await door.told("GET", f"/config/{subject}") == {"compatibilityLevel": "BACKWARD"}
    assert code(await door.register(subject, json.dumps(record("a", "b")))) == (409, 409)
    second = await door.registered(subject, json.dumps(record("a", "b=0")))
    latest = await door.told("GET", f"/subjects/{subject}/versions/latest")
    assert (latest["version"], latest["id"]) == (2, second)
    assert await door.told("GET", f"/subjects/{subject}/versions") == [1, 2]
    assert (await door.told("POST", f"/subjects/{subject}", json={"schema": json.dumps(record("a"))}))["version"] == 1
    assert code(await door.ask("GET", f"/subjects/{subject}/versions/9")) == (404, 40402)
    assert await door.mine() == [subject]


async def test_three_formats_with_references(door: Door) -> None:
    for kind, (name, text) in REFERRING.items():
        base, use = f"{door.run}-{kind}-base", f"{door.run}-{kind}-use"
        await door.registered(base, BASES[kind], kind)
        reference = {"name": name, "subject": base, "version": 1}
        number = await door.registered(use, text, kind, reference)
        assert await door.registered(use, text, kind, reference) == number
        shown = await door.told("GET", f"/schemas/ids/{number}")
        assert shown["references"] == [reference]
        assert shown.get("schemaType", "AVRO") == kind
        assert await door.told("GET", f"/subjects/{base}/versions/1/referencedby") == [number]
        assert code(await door.ask("DELETE", f"/subjects/{base}")) == (422, 42206)
        dangling = await door.register(f"{use}-2", text, kind, {**reference, "subject": f"{base}-nobody"})
        assert code(dangling) == (422, 42201)


async def test_deletes_soft_and_hard(door: Door) -> None:
    subject = f"{door.run}-value"
    for fields in (("a",), ("a", "b=0"), ("a", "b=0", "c=0")):
        await door.registered(subject, json.dumps(record(*fields)))
    assert await door.told("DELETE", f"/subjects/{subject}/versions/3") == 3
    assert (await door.told("GET", f"/subjects/{subject}/versions/latest"))["version"] == 2
    assert code(await door.ask("DELETE", f"/subjects/{subject}/versions/3")) == (404, 40406)
    assert await door.told("GET", f"/subjects/{subject}/versions", params={"deleted": "true"}) == [1, 2, 3]
    assert code(await door.ask("DELETE", f"/subjects/{subject}/versions/2?permanent=true")) == (404, 40407)
    assert await door.told("DELETE", f"/subjects/{subject}/versions/2") == 2
    assert await door.told("DELETE", f"/subjects/{subject}/versions/2?permanent=true") == 2
    assert await door.told("DELETE", f"/subjects/{subject}") == [1]
    assert await door.mine() == []
    assert await door.mine(deleted="true") == [subject]
    assert code(await door.ask("DELETE", f"/subjects/{subject}")) == (404, 40404)
    assert await door.told("DELETE", f"/subjects/{subject}?permanent=true") == [1, 3]
    assert await door.mine(deleted="true") == []


async def test_a_check_names_what_breaks_where_the_registry_is_silent(door: Door) -> None:
    subject = f"{door.run}-value"
    await door.registered(subject, json.dumps(record("a")))
    await door.told("PUT", f"/config/{subject}", json={"compatibility": "BACKWARD"})
    path = f"/compatibility/subjects/{subject}/versions/latest?verbose=true"
    verdict = await door.told("POST", path, json={"schema": json.dumps(record("a", "b"))})
    assert verdict["is_compatible"] is False
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in "".join(verdict["messages"])


async def test_what_it_cannot_is_refused_with_the_reason(door: Door) -> None:
    subject = f"{door.run}-value"
    body = {"schema": '"int"', "metadata": {"properties": {"owner": "bob"}}}
    answer = await door.ask("POST", f"/subjects/{subject}/versions", json=body)
    assert code(answer) == (422, 42205)
    assert await door.mine(deleted="true") == []
    assert code(await door.register(f"{door.run}-ü", '"int"')) == (422, 42208)


async def test_the_ids_are_those_of_its_confluent_face(apicurio: Facade, gateways: Running) -> None:
    client = await gateways(apicurio_entry(apicurio), home="api")
    subject = f"t-{uuid.uuid4().hex[:8]}"
    number = await client.registered(subject, record("a", f"x{uuid.uuid4().hex}=0"))
    async with httpx.AsyncClient(base_url=f"{apicurio.config()['url']}/apis/ccompat/v7") as native:
        shown = (await native.get(f"/subjects/{subject}/versions/1")).json()
        assert shown["id"] == number
        other = {"schema": json.dumps(record("other", name=f"N{uuid.uuid4().hex}"))}
        theirs = (await native.post(f"/subjects/{subject}-native/versions", json=other)).json()["id"]
    assert "other" in (await client.get(f"/schemas/ids/{theirs}")).json()["schema"]
    assert (await client.get(f"/subjects/{subject}-native/versions/latest")).json()["id"] == theirs


async def test_an_openapi_document_of_another_tool_is_read(gateways: Running) -> None:
    facade = FakeApicurio()
    facade.start()
    document = {"openapi": "3.0.3", "info": {"title": "Orders", "version": "1"}, "paths": {}}
    first = {"content": {"content": json.dumps(document), "contentType": "application/json"}}
    body = {"artifactId": "orders-api", "artifactType": "OPENAPI", "firstVersion": first}
    try:
        async with httpx.AsyncClient(base_url=str(facade.config()["url"])) as native:
            made = await native.post("/apis/registry/v3/groups/default/artifacts", json=body)
            assert made.status_code == 200
        client = await gateways(apicurio_entry(facade), home="api")
        assert (await client.get("/subjects")).json() == ["orders-api"]
        shown = (await client.get("/subjects/orders-api/versions/1")).json()
        assert (json.loads(shown["schema"]), shown["schemaType"]) == (document, "OPENAPI")
    finally:
        facade.stop()


async def test_a_lost_answer_is_found_again(gateways: Running) -> None:
    """The registry took the write, its answer was lost: the same request again gives the same id, one version."""
    facade = FakeApicurio()
    facade.start()
    try:
        client = await gateways(apicurio_entry(facade), home="api")
        artifacts = "/apis/registry/v3/groups/default/artifacts"
        facade.fake.lose_answers(path=artifacts, method="POST")
        assert code(await client.register("s", record("a"))) == (500, 50003)
        number = await client.registered("s", record("a"))
        assert await client.registered("s", record("a")) == number
        assert (await client.get("/subjects/s/versions")).json() == [1]
        assert facade.fake.calls["POST /apis/registry/v3/groups/{group}/artifacts"] == 1
    finally:
        facade.stop()


async def test_the_blueprints_entry_loads_as_it_is_written() -> None:
    auth = {"type": "oidc", "client_id": "gateway", "client_secret": "s3cret"}
    config = ApicurioRegistry.Config.model_validate({"url": "https://apicurio.company.com", "auth": auth})
    assert "s3cret" not in repr(config)
