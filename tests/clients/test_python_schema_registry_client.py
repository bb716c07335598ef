"""python-schema-registry-client, sync and async, with its serializers."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from schema_registry.client import AsyncSchemaRegistryClient, SchemaRegistryClient
from schema_registry.client.errors import ClientError
from schema_registry.client.schema import AvroSchema, JsonSchema
from schema_registry.serializers import (
    AsyncAvroMessageSerializer,
    AsyncJsonMessageSerializer,
    AvroMessageSerializer,
    JsonMessageSerializer,
)

from .schemas import CUSTOMER_AVRO, CUSTOMER_JSON, ORDER, text

CUSTOMER = AvroSchema(text(CUSTOMER_AVRO))
FIELDS = CUSTOMER_AVRO["fields"]
WIDER = AvroSchema(text({**CUSTOMER_AVRO, "fields": [*FIELDS, {"name": "x", "type": "int", "default": 0}]}))
BROKEN = AvroSchema(text({**CUSTOMER_AVRO, "fields": [*FIELDS, {"name": "x", "type": "int"}]}))

KINDS = {
    "sync": (SchemaRegistryClient, AvroMessageSerializer, JsonMessageSerializer),
    "async": (AsyncSchemaRegistryClient, AsyncAvroMessageSerializer, AsyncJsonMessageSerializer),
}


async def had(answer: Any) -> Any:
    """What either kind of client answers."""
    return await answer if inspect.isawaitable(answer) else answer


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def client(kind: str, url: str) -> Any:
    """The client as documented: a URL, no credentials, so it sends empty ones."""
    return KINDS[kind][0](url)


async def test_register_and_read_back(client: Any, topic: str) -> None:
    number = await had(client.register(topic, CUSTOMER))
    assert (await had(client.get_by_id(number))).name == "shop.Customer"
    found = await had(client.get_schema(topic))
    assert (found.subject, found.schema_id, found.version) == (topic, number, 1)
    assert (await had(client.get_schema(topic, version=1))).schema_id == number
    assert await had(client.get_schema(topic, version=9)) is None
    assert topic in await had(client.get_subjects())
    assert topic in {each.subject for each in await had(client.get_schema_subject_versions(number))}
    assert await had(client.get_versions(topic)) == [1]
    assert await had(client.get_versions(f"{topic}-none")) == []
    assert await had(client.get_by_id(999_999)) is None


async def test_check_before_register(client: Any, kind: str, url: str, topic: str) -> None:
    assert await had(client.check_version(topic, CUSTOMER)) is None
    number = await had(client.register(topic, CUSTOMER))
    other = KINDS[kind][0](url)  # remembers nothing
    assert (await had(other.check_version(topic, CUSTOMER))).schema_id == number
    assert await had(other.register(topic, CUSTOMER)) == number


async def test_compatibility(client: Any, topic: str) -> None:
    await had(client.register(topic, CUSTOMER))
    assert await had(client.test_compatibility(topic, WIDER)) is True
    assert await had(client.test_compatibility(topic, BROKEN)) is False
    told = await had(client.test_compatibility(topic, BROKEN, verbose=True))
    assert told["messages"]
    with pytest.raises(ClientError) as refused:
        await had(client.register(topic, BROKEN))
    assert refused.value.http_code == 409
    assert await had(client.update_compatibility("NONE", topic)) is True
    assert await had(client.get_compatibility(topic)) == "NONE"
    assert await had(client.register(topic, BROKEN)) > 0


async def test_deletes(client: Any, topic: str) -> None:
    await had(client.register(topic, CUSTOMER))
    await had(client.register(topic, WIDER))
    assert await had(client.delete_version(topic, 2)) == 2
    assert await had(client.delete_version(topic, 9)) is None
    assert await had(client.delete_subject(topic)) == [1]
    assert await had(client.delete_subject(f"{topic}-none")) == []


async def test_avro_messages(client: Any, kind: str, url: str, topic: str) -> None:
    customer = ORDER["customer"]
    writer, reader = (KINDS[kind][1](each) for each in (client, KINDS[kind][0](url)))
    payload = await had(writer.encode_record_with_schema(topic, CUSTOMER, customer))
    assert await had(reader.decode_message(payload)) == customer
    number = int.from_bytes(payload[1:5], "big")
    again = await had(reader.encode_record_with_schema_id(number, customer))
    assert again == payload


async def test_json_messages(client: Any, kind: str, url: str, topic: str) -> None:
    customer = ORDER["customer"]
    writer, reader = (KINDS[kind][2](each) for each in (client, KINDS[kind][0](url)))
    payload = await had(writer.encode_record_with_schema(topic, JsonSchema(text(CUSTOMER_JSON)), customer))
    assert json.loads(payload[5:]) == customer
    assert await had(reader.decode_message(payload)) == customer
