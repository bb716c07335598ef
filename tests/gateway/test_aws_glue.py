"""A Confluent client before AWS Glue, at its door and behind a route, with the strict fake."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from decapolis.assembly import rebuilt
from decapolis.settings import Configuration, GatewaySettings, RegistryEntry
from decapolis_translators import discovery
from decapolis_translators.testing.fakes.glue import GlueFake
from tests.facades.aws_glue import FakeGlue

from .conftest import Running, code, record
from .test_apicurio import BASES, REFERRING, Door

FIRST = 1_000_000_001
HOME = {"id": "embedded", "type": "embedded"}
ROUTES = {"home": "embedded", "routes": [{"match": "t-*", "registry": "glue"}, {"registry": "embedded"}]}


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The type counts as installed, also where the package was installed before it had one."""

    def found(**wanted: str) -> Any:
        others = [each for each in entry_points(**wanted) if each.name != "aws_glue"]
        return [*others, EntryPoint("aws_glue", "decapolis_translators.aws_glue:GlueRegistry", discovery.GROUP)]

    monkeypatch.setattr(discovery, "entry_points", found)


@pytest.fixture
def facade() -> Iterator[FakeGlue]:
    facade = FakeGlue()
    facade.fake.state.pending_reads = 1
    facade.start()
    yield facade
    facade.stop()


@pytest.fixture
def fake(facade: FakeGlue) -> GlueFake:
    return facade.fake


@pytest.fixture
def entry(facade: FakeGlue) -> dict[str, Any]:
    patient = {"deadline": 30.0, "retries": 0, "breaker_failures": 1000}
    return {"id": "glue", "type": "aws_glue", "config": dict(facade.config()), "resilience": patient}


@pytest.fixture(params=["/registries/glue", ""], ids=["door", "route"])
async def door(request: pytest.FixtureRequest, entry: dict[str, Any], gateways: Running) -> Door:
    return Door(await gateways(HOME, entry, cache={"seconds": 0}, **ROUTES), request.param)


async def test_the_session_of_a_client(door: Door, fake: GlueFake) -> None:
    subject = f"{door.run}-value"
    first = await door.registered(subject, json.dumps(record("a")))
    assert await door.registered(subject, json.dumps(record("a"))) == first
    assert (await door.told("GET", f"/schemas/ids/{first}"))["schema"] == json.dumps(record("a"), separators=(",", ":"))
    assert code(await door.ask("GET", f"/config/{subject}")) == (404, 40408)
    await door.told("PUT", f"/config/{subject}", json={"compatibility": "FULL"})
    assert await door.told("GET", f"/config/{subject}") == {"compatibilityLevel": "FULL"}
    assert fake.state.registries["schemas"].schemas[subject].compatibility == "FULL"
    assert code(await door.register(subject, json.dumps(record("a", "b")))) == (409, 409)
    assert len(fake.state.registries["schemas"].schemas[subject].versions) == 1, "judged before anything is sent"
    second = await door.registered(subject, json.dumps(record("a", "b=0")))
    latest = await door.told("GET", f"/subjects/{subject}/versions/latest")
    assert (latest["version"], latest["id"]) == (2, second)
    assert await door.told("GET", f"/subjects/{subject}/versions") == [1, 2]
    assert (await door.told("POST", f"/subjects/{subject}", json={"schema": json.dumps(record("a"))}))["version"] == 1
    assert code(await door.ask("GET", f"/subjects/{subject}/versions/9")) == (404, 40402)
    assert await door.mine() == [subject]


async def test_three_formats_with_references(door: Door, fake: GlueFake) -> None:
    """References of Avro and JSON are put into the text that Glue gets; those of Protobuf cannot be."""
    for kind, (name, text) in REFERRING.items():
        base, using = f"{door.run}-{kind}-base", f"{door.run}-{kind}-use"
        await door.registered(base, BASES[kind], kind)
        assert (await door.told("GET", f"/subjects/{base}/versions/1")).get("schemaType", "AVRO") == kind
        reference = {"name": name, "subject": base, "version": 1}
        if kind == "PROTOBUF":
            assert code(await door.register(using, text, kind, reference)) == (422, 42205)
            assert using not in fake.state.registries["schemas"].schemas
            continue
        number = await door.registered(using, text, kind, reference)
        assert (await door.told("GET", f"/subjects/{using}/versions/1"))["references"] == [reference]
        assert await door.told("GET", f"/subjects/{base}/versions/1/referencedby") == [number]


async def test_deletes_soft_and_hard(door: Door, fake: GlueFake) -> None:
    subject = f"{door.run}-value"
    first = await door.registered(subject, json.dumps(record("a")))
    await door.registered(subject, json.dumps(record("a", "b=0")))
    assert await door.told("DELETE", f"/subjects/{subject}/versions/1") == 1
    refused = await door.ask("DELETE", f"/subjects/{subject}/versions/1?permanent=true")
    assert code(refused) == (422, 42205)
    assert "version 1 only together with the whole schema" in refused.json()["message"]
    assert await door.told("DELETE", f"/subjects/{subject}") == [2]
    assert await door.mine() == []
    assert await door.told("DELETE", f"/subjects/{subject}?permanent=true") == [1, 2]
    assert fake.count("DeleteSchema") == 1
    assert (await door.told("GET", f"/schemas/ids/{first}"))["schema"] == json.dumps(record("a"), separators=(",", ":"))


async def test_what_other_tools_put_there_is_found_and_never_rewritten(door: Door, fake: GlueFake) -> None:
    name, text = f"{door.run}#2fx", json.dumps(record("z"), indent=2)
    fake.put(name, text)
    subject = f"{door.run}/x"
    assert subject in await door.mine()
    escaped = subject.replace("/", "%2F")
    told = await door.told("GET", f"/subjects/{escaped}/versions/latest")
    assert (told["version"], json.loads(told["schema"])) == (1, record("z"))
    assert await door.registered(escaped, json.dumps(record("z"))) == told["id"]
    assert [each.text for each in fake.state.registries["schemas"].schemas[name].versions.values()] == [text]


async def test_a_lost_answer_is_found_again(door: Door, fake: GlueFake) -> None:
    subject = f"{door.run}-value"
    for text, operation in ((record("a"), "CreateSchema"), (record("a", "b=0"), "RegisterSchemaVersion")):
        fake.lose_answers(path=f"/{operation}/")
        assert code(await door.register(subject, json.dumps(text))) == (500, 50003)
        number = await door.registered(subject, json.dumps(text))
        assert await door.registered(subject, json.dumps(text)) == number
    assert await door.told("GET", f"/subjects/{subject}/versions") == [1, 2]
    assert len(fake.state.registries["schemas"].schemas[subject].versions) == 2


async def test_throttling_is_told_as_such(door: Door, fake: GlueFake) -> None:
    fake.throttle(100, retry_after="3")
    answer = await door.register(f"{door.run}-value", json.dumps(record("a")))
    assert answer.status_code == 429
    fake.calm()


async def test_ids_survive_the_loss_of_the_store(
    gateways: Callable[..., Any], entry: dict[str, Any], tmp_path: Path
) -> None:
    subject = f"t-{uuid.uuid4().hex[:8]}"
    async with AsyncExitStack() as first:
        client = await gateways(HOME, entry, stack_on=first, **ROUTES)
        ids = [await client.registered(subject, record(*fields)) for fields in (("a",), ("a", "b=0"))]
        assert ids == [FIRST, FIRST + 1]
    settings = {**ROUTES, "store": f"sqlite:///{tmp_path}/other.db"}
    registries = [RegistryEntry.model_validate(each) for each in (HOME, entry)]
    configuration = Configuration.assembled(GatewaySettings.model_validate(settings), registries)
    assert (await rebuilt(configuration, "glue")).base == FIRST - 1
    client = await gateways(HOME, entry, **settings)
    for number, fields in zip(ids, (("a",), ("a", "b=0")), strict=True):
        assert json.loads((await client.get(f"/schemas/ids/{number}")).json()["schema"]) == record(*fields)
    assert await client.registered(subject, record("a", "b=0", "c=0")) == FIRST + 2
