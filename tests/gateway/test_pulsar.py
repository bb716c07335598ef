"""A Confluent client before Apache Pulsar, at its door and behind a route: the strict fake, and the real broker."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import httpx
import pytest

from decapolis.assembly import rebuilt
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from decapolis_formats import Format, Schema
from decapolis_translators import discovery
from decapolis_translators.pulsar.documents import DOCUMENT
from decapolis_translators.testing.facade import Facade
from decapolis_translators.testing.fakes.pulsar import PulsarFake
from tests.facades.pulsar import FakePulsar, FakePulsarIdentity, RealPulsar

from .conftest import Running, code, record
from .test_apicurio import BASES, REFERRING, Door

FIRST = 1_000_000_001
HOME = {"id": "embedded", "type": "embedded"}
ROUTES = {"home": "embedded", "routes": [{"match": "t-*", "registry": "pulsar"}, {"registry": "embedded"}]}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The type counts as installed, also where the package was installed before it had one."""

    def found(**wanted: str) -> Any:
        others = [each for each in entry_points(**wanted) if each.name != "pulsar"]
        return [*others, EntryPoint("pulsar", "decapolis_translators.pulsar:PulsarRegistry", discovery.GROUP)]

    monkeypatch.setattr(discovery, "entry_points", found)


@pytest.fixture(params=[FakePulsar, FakePulsarIdentity, RealPulsar], ids=lambda facade: facade.name)
def facade(request: pytest.FixtureRequest) -> Iterator[Facade]:
    facade: Facade = request.param()
    reason = facade.available()
    if reason is not None:
        pytest.skip(reason)
    facade.start()
    yield facade
    facade.stop()


@pytest.fixture
def fake() -> Iterator[FakePulsar]:
    facade = FakePulsar()
    facade.start()
    yield facade
    facade.stop()


def entry_of(facade: Facade) -> dict[str, Any]:
    patient = {"deadline": 30.0, "retries": 0, "breaker_failures": 1000}
    return {"id": "pulsar", "type": "pulsar", "config": dict(facade.config()), "resilience": patient}


@pytest.fixture(params=["/registries/pulsar", ""], ids=["door", "route"])
async def door(request: pytest.FixtureRequest, facade: Facade, gateways: Running) -> Door:
    return Door(await gateways(HOME, entry_of(facade), cache={"seconds": 0}, **ROUTES), request.param)


@pytest.fixture
async def fake_door(fake: FakePulsar, gateways: Running) -> Door:
    return Door(await gateways(HOME, entry_of(fake), cache={"seconds": 0}, **ROUTES), "/registries/pulsar")


async def test_the_session_of_a_client(door: Door) -> None:
    subject = f"{door.run}-value"
    await door.told("PUT", f"/config/{subject}", json={"compatibility": "BACKWARD"})
    first = await door.registered(subject, json.dumps(record("a")))
    assert await door.registered(subject, json.dumps(record("a"))) == first
    assert (await door.told("GET", f"/schemas/ids/{first}"))["schema"] == json.dumps(record("a"), separators=(",", ":"))
    assert await door.told("GET", f"/config/{subject}") == {"compatibilityLevel": "BACKWARD"}
    await door.told("DELETE", f"/config/{subject}")
    assert code(await door.ask("GET", f"/config/{subject}")) == (404, 40408)
    await door.told("PUT", f"/config/{subject}", json={"compatibility": "FULL"})
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
        base, using = f"{door.run}-{kind}-base-value", f"{door.run}-{kind}-use-value"
        first = await door.registered(base, BASES[kind], kind)
        assert (await door.told("GET", f"/subjects/{base}/versions/1")).get("schemaType", "AVRO") == kind
        reference = {"name": name, "subject": base, "version": 1}
        number = await door.registered(using, text, kind, reference)
        assert number != first
        assert (await door.told("GET", f"/subjects/{using}/versions/1"))["references"] == [reference]
        assert await door.told("GET", f"/subjects/{base}/versions/1/referencedby") == [number]
        assert await door.registered(using, text, kind, reference) == number


async def test_metadata_and_rules_are_part_of_a_version(door: Door) -> None:
    subject = f"{door.run}-value"
    text = json.dumps(record("a"))
    rule = {"name": "r", "kind": "CONDITION", "type": "CEL", "mode": "WRITE", "expr": "true"}
    bodies = [{"schema": text}, {"schema": text, "metadata": {"properties": {"owner": "bob"}}}]
    bodies.append({**bodies[1], "ruleSet": {"domainRules": [rule]}})
    ids = [(await door.told("POST", f"/subjects/{subject}/versions", json=body))["id"] for body in bodies]
    assert len(set(ids)) == 3
    told = await door.told("GET", f"/subjects/{subject}/versions/3")
    assert told["metadata"]["properties"] == {"owner": "bob"}
    assert told["ruleSet"]["domainRules"][0]["expr"] == "true"


async def test_deletes_soft_and_hard(door: Door) -> None:
    subject = f"{door.run}-value"
    first = await door.registered(subject, json.dumps(record("a")))
    await door.registered(subject, json.dumps(record("a", "b=0")))
    assert await door.told("DELETE", f"/subjects/{subject}/versions/1") == 1
    refused = await door.ask("DELETE", f"/subjects/{subject}/versions/1?permanent=true")
    assert code(refused) == (422, 42205)
    assert "no single one" in refused.json()["message"]
    assert await door.told("DELETE", f"/subjects/{subject}") == [2]
    assert await door.mine() == []
    assert await door.told("DELETE", f"/subjects/{subject}?permanent=true") == [1, 2]
    assert await door.mine() == []
    assert await door.mine(deleted="true") == []
    assert (await door.told("GET", f"/schemas/ids/{first}"))["schema"] == json.dumps(record("a"), separators=(",", ":"))
    again = await door.registered(subject, json.dumps(record("z")))
    assert (await door.told("GET", f"/subjects/{subject}/versions/latest"))["id"] == again


async def test_a_global_level_is_the_namespaces(facade: Facade, gateways: Running) -> None:
    door = Door(await gateways(HOME, entry_of(facade), cache={"seconds": 0}, **ROUTES), "/registries/pulsar")
    assert await door.told("GET", "/config") == {"compatibilityLevel": "FULL"}
    await door.told("PUT", "/config", json={"compatibility": "NONE"})
    assert await door.told("GET", "/config") == {"compatibilityLevel": "NONE"}
    subject = f"{door.run}-value"
    for fields in (("a",), ("z",)):
        await door.registered(subject, json.dumps(record(*fields)))
    await door.told("PUT", "/config", json={"compatibility": "FULL"})
    assert code(await door.register(subject, json.dumps(record("y")))) == (409, 409)


async def test_what_other_tools_put_there_is_found_and_never_rewritten(fake_door: Door, fake: FakePulsar) -> None:
    topic, text = fake_door.run, json.dumps(record("z"), indent=2)
    fake.fake.put(topic, "AVRO", text)
    fake.fake.put(f"{topic}-words", "STRING", "")
    subject = f"{topic}-value"
    assert await fake_door.mine() == [subject, f"{topic}-words-value"]
    told = await fake_door.told("GET", f"/subjects/{subject}/versions/latest")
    assert (told["version"], json.loads(told["schema"])) == (1, record("z"))
    assert await fake_door.registered(subject, json.dumps(record("z"))) == told["id"]
    assert [each.data for each in fake.fake.home.live(topic)] == [text]
    words = await fake_door.told("GET", f"/subjects/{topic}-words-value/versions/latest")
    assert words["schema"] == '"string"'
    assert code(await fake_door.register(f"{topic}-words-value", json.dumps(record("a"))))[0] in {409, 422}


async def test_a_lost_answer_is_found_again(fake_door: Door, fake: FakePulsar) -> None:
    subject = f"{fake_door.run}-value"
    for text in (record("a"), record("a", "b=0")):
        fake.fake.lose_answers(method="POST", path=f"/admin/v2/schemas/public/default/{fake_door.run}/schema")
        assert code(await fake_door.register(subject, json.dumps(text))) == (500, 50003)
        number = await fake_door.registered(subject, json.dumps(text))
        assert await fake_door.registered(subject, json.dumps(text)) == number
    assert await fake_door.told("GET", f"/subjects/{subject}/versions") == [1, 2]
    assert len(fake.fake.home.live(fake_door.run)) == 2


async def test_ids_survive_the_loss_of_the_store(gateways: Callable[..., Any], facade: Facade, tmp_path: Path) -> None:
    """Versions with references too, wherever their names sort."""
    run, entry = f"t-{uuid.uuid4().hex[:8]}", entry_of(facade)
    name, text = REFERRING["AVRO"]
    using = {"schema": text, "references": [{"name": name, "subject": f"{run}-z-value", "version": 1}]}
    async with AsyncExitStack() as first:
        client = await gateways(HOME, entry, stack_on=first, **ROUTES)
        ids = [await client.registered(f"{run}-z-value", record("a", name="Base"))]
        answer = await client.post(f"/subjects/{run}-a-value/versions", json=using)
        ids.append(answer.json()["id"])
        ids.append(await client.registered(f"{run}-z-value", record("a", "b=0", name="Base")))
        assert ids == [FIRST, FIRST + 1, FIRST + 2]
        before = [(await client.get(f"/schemas/ids/{number}")).json() for number in ids]
    settings = {**ROUTES, "store": f"sqlite:///{tmp_path}/other.db"}
    registries = [RegistryEntry.model_validate(each) for each in (HOME, entry)]
    configuration = Configuration.assembled(GatewaySettings.model_validate(settings), registries)
    assert (await rebuilt(configuration, "pulsar")).base == FIRST - 1
    client = await gateways(HOME, entry, **settings)
    after = [(await client.get(f"/schemas/ids/{number}")).json() for number in ids]
    assert [each["schema"] for each in after] == [each["schema"] for each in before]
    assert after[1]["references"] == using["references"]
    assert await client.registered(f"{run}-z-value", record("a", "b=0", "c=0", name="Base")) == FIRST + 3


async def test_a_topic_without_a_schema_is_no_hindrance(fake_door: Door, fake: FakePulsar) -> None:
    fake.fake.put(f"{fake_door.run}-bare", "AVRO")
    subject = f"{fake_door.run}-value"
    await fake_door.registered(subject, BASES["JSON"], "JSON")
    assert await fake_door.mine() == [subject]
    held: PulsarFake = fake.fake
    assert json.loads(held.home.live(fake_door.run)[0].properties[DOCUMENT])["schemaType"] == "JSON"


async def test_what_was_deleted_for_good_does_not_come_back_with_the_next_gateway(
    fake: FakePulsar, gateways: Running
) -> None:
    """Pulsar goes on listing the topic; a gateway that knows nothing of it yet takes every topic for a subject."""
    entry = entry_of(fake)
    entries = (HOME, {**entry, "config": {**entry["config"], "probes": 0}})
    async with AsyncExitStack() as first:
        door = Door(await gateways(*entries, stack_on=first, **ROUTES), "/registries/pulsar")
        subject = f"{door.run}-value"
        await door.registered(subject, json.dumps(record("a")))
        await door.told("DELETE", f"/subjects/{subject}")
        await door.told("DELETE", f"/subjects/{subject}?permanent=true")
    again = Door(await gateways(*entries, cache={"seconds": 0}, **ROUTES), "/registries/pulsar")
    assert subject not in await again.told("GET", "/subjects?deleted=true")
    async with httpx.AsyncClient() as client:
        listed = (await client.get(f"{fake.config()['url']}/admin/v2/persistent/public/default")).json()
    assert f"persistent://public/default/{subject.removesuffix('-value')}" in listed


async def test_a_place_that_somebody_filled_again_is_listed(
    fake: FakePulsar, gateways: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decapolis.registries.overlay.registry.ERASED_AGAIN", 0.0)
    monkeypatch.setattr("decapolis_translators.pulsar.reading._FRESH", 0.0)
    door = Door(await gateways(HOME, entry_of(fake), cache={"seconds": 0}, **ROUTES), "/registries/pulsar")
    subject = f"{door.run}-value"
    await door.registered(subject, json.dumps(record("a")))
    await door.told("DELETE", f"/subjects/{subject}")
    await door.told("DELETE", f"/subjects/{subject}?permanent=true")
    stranger = fake.translator()
    await stranger.open()
    try:
        await stranger.register(subject, Schema(Format.AVRO, json.dumps(record("b"))))
    finally:
        await stranger.close()
    assert subject in await door.told("GET", "/subjects")
