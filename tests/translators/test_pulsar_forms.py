"""Forms that other tools leave in Pulsar, as the fake and a real broker hold them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from decapolis_formats import Format, Schema
from decapolis_translators import errors
from decapolis_translators.pulsar import PulsarConfig, PulsarRegistry
from decapolis_translators.pulsar.documents import payload_of
from decapolis_translators.testing.facade import Facade
from decapolis_translators.testing.samples import sample
from tests.facades.pulsar import FakePulsar, RealPulsar


@pytest.fixture(params=[FakePulsar, RealPulsar], ids=lambda facade: facade.name)
def facade(request: pytest.FixtureRequest) -> Iterator[Facade]:
    facade: Facade = request.param()
    reason = facade.available()
    if reason is not None:
        pytest.skip(reason)
    facade.start()
    yield facade
    facade.stop()


@pytest.fixture(params=["strip-value", "identity"])
async def registry(request: pytest.FixtureRequest, facade: Facade) -> AsyncIterator[PulsarRegistry]:
    config = {**facade.config(), "subjects": request.param, "erase": request.param == "identity"}
    registry = PulsarRegistry("under-test", PulsarConfig.model_validate(config))
    await registry.open()
    yield registry
    await registry.close()


class Others:
    """Another tool at the same admin API."""

    def __init__(self, registry: PulsarRegistry) -> None:
        settings = registry.settings
        self._base = f"{settings.url[0]}/admin/v2"
        self._where = f"{settings.tenant}/{settings.namespace}"
        self._suffix = "-value" if settings.subjects == "strip-value" else ""

    async def put(self, topic: str, kind: str, text: str, **properties: str) -> str:
        body = {"type": kind, "schema": text, "properties": properties}
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            made = await client.put(f"{self._base}/persistent/{self._where}/{topic}", json={})
            put = await client.post(f"{self._base}/schemas/{self._where}/{topic}/schema", json=body)
        assert (made.status_code, put.status_code) == (204, 200), put.text
        return topic + self._suffix

    async def latest(self, topic: str) -> Any:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            return (await client.get(f"{self._base}/schemas/{self._where}/{topic}/schema")).json()


async def test_keys_and_values(registry: PulsarRegistry) -> None:
    text = json.dumps({"key": "", "value": json.loads(sample(Format.AVRO).text)})
    about = {"key.schema.type": "STRING", "key.schema.name": "k", "key.schema.properties": "{}"}
    about |= {"value.schema.type": "AVRO", "value.schema.name": "v", "value.schema.properties": "{}"}
    await Others(registry).put("pairs", "KEY_VALUE", text, **about, **{"kv.encoding.type": "SEPARATED"})
    assert await registry.subjects() == ["pairs-key", "pairs-value"]
    assert (await registry.fetch("pairs-key")).schema.text == '"string"'
    assert json.loads((await registry.fetch("pairs-value")).schema.text) == json.loads(sample(Format.AVRO).text)


async def test_primitives_and_records_of_json(registry: PulsarRegistry) -> None:
    others = Others(registry)
    words = await others.put("words", "STRING", "")
    assert (await registry.fetch(words)).schema.text == '"string"'
    events = await others.put("events", "JSON", sample(Format.AVRO).text)
    assert (await registry.fetch(events)).schema == sample(Format.AVRO)
    await registry.register(events, sample(Format.AVRO, 1))
    assert (await others.latest("events"))["type"] == "JSON"
    with pytest.raises(errors.NotPermitted):
        await registry.register(words, sample(Format.AVRO))


async def test_native_descriptors_without_our_document(registry: PulsarRegistry) -> None:
    text = 'syntax = "proto3";\n\nimport "google/protobuf/timestamp.proto";\n\n'
    text += "message M {\n  .google.protobuf.Timestamp at = 1;\n}\n"
    payload = payload_of(Schema(Format.PROTOBUF, text), (), None)
    native = await Others(registry).put("native", payload.type, payload.data)
    told = (await registry.fetch(native)).schema
    assert (told.format, told.text) == (Format.PROTOBUF, text)


async def test_a_schema_goes_and_comes_again(registry: PulsarRegistry) -> None:
    first = await registry.register("s-value", sample(Format.JSON_SCHEMA))
    await registry.note("s-value", 1, "base=1")
    assert await registry.notes("s-value") == {1: "base=1"}
    assert await registry.delete("s-value", permanent=True) == [1]
    again = await registry.register("s-value", sample(Format.JSON_SCHEMA))
    assert again.version == (1 if registry.settings.erase else 3)
    assert again.native_id != first.native_id
    assert await registry.notes("s-value") == {}
