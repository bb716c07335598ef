"""confluent-kafka's serializers and deserializers with their settings, and a real broker protocol between them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import (
    AsyncSchemaRegistryClient,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    SchemaRegistryError,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import (
    AsyncAvroDeserializer,
    AsyncAvroSerializer,
    AvroDeserializer,
    AvroSerializer,
)
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from .schemas import (
    CUSTOMER_AVRO,
    CUSTOMER_JSON,
    ORDER,
    ORDER_AVRO,
    ORDER_JSON,
    WIDER_ORDER_AVRO,
    order_class,
    order_message,
    text,
)

Settings = dict[str, Any]


@pytest.fixture
def client(url: str) -> Iterator[SchemaRegistryClient]:
    """A registry client as an application makes it."""
    with SchemaRegistryClient({"url": url}) as made:
        yield made


def value_of(topic: str) -> SerializationContext:
    """The place of a message's value."""
    return SerializationContext(topic, MessageField.VALUE)


def id_in(payload: bytes | None) -> int:
    """The schema id that a message carries."""
    assert payload is not None
    magic, number = struct.unpack(">bI", payload[:5])
    assert magic == 0
    return int(number)


def avro_order(client: SchemaRegistryClient, topic: str, schema: dict[str, Any] = ORDER_AVRO) -> Schema:
    client.register_schema(f"{topic}-customer", Schema(text(CUSTOMER_AVRO)))
    return Schema(text(schema), "AVRO", [SchemaReference("shop.Customer", f"{topic}-customer", 1)])


def json_order(client: SchemaRegistryClient, topic: str) -> Schema:
    client.register_schema(f"{topic}-customer", Schema(text(CUSTOMER_JSON), "JSON"))
    return Schema(text(ORDER_JSON), "JSON", [SchemaReference("http://shop/customer.json", f"{topic}-customer", 1)])


def avro_serializer(client: SchemaRegistryClient, topic: str, settings: Settings) -> AvroSerializer:
    return AvroSerializer(client, avro_order(client, topic), conf=settings)


def json_serializer(client: SchemaRegistryClient, topic: str, settings: Settings) -> JSONSerializer:
    return JSONSerializer(json_order(client, topic), client, conf=settings)


def protobuf_serializer(client: SchemaRegistryClient, _: str, settings: Settings) -> ProtobufSerializer:
    return ProtobufSerializer(order_class(), client, conf=settings)


def read_avro(client: SchemaRegistryClient, topic: str, payload: bytes | None) -> Any:
    return AvroDeserializer(client)(payload, value_of(topic))


def read_json(client: SchemaRegistryClient, topic: str, payload: bytes | None) -> Any:
    return JSONDeserializer(None, schema_registry_client=client)(payload, value_of(topic))


def read_protobuf(client: SchemaRegistryClient, topic: str, payload: bytes | None) -> Any:
    found = ProtobufDeserializer(order_class(), schema_registry_client=client)(payload, value_of(topic))
    return {"number": found.number, "customer": {"name": found.customer.name}}


FORMATS = {
    "avro": (avro_serializer, read_avro, lambda: ORDER),
    "json": (json_serializer, read_json, lambda: ORDER),
    "protobuf": (protobuf_serializer, read_protobuf, order_message),
}
Format = tuple[Callable[..., Any], Callable[..., Any], Callable[[], Any]]


@pytest.fixture(params=list(FORMATS))
def format(request: pytest.FixtureRequest) -> Format:
    """A serializer, its reader and one order."""
    return FORMATS[request.param]


@pytest.mark.parametrize("settings", [{}, {"normalize.schemas": True}], ids=["plain", "normalize"])
def test_there_and_back(client: SchemaRegistryClient, url: str, topic: str, format: Format, settings: Settings) -> None:
    serializer, read, order = format
    payload = serializer(client, topic, settings)(order(), value_of(topic))
    assert client.get_latest_version(f"{topic}-value").schema_id == id_in(payload)
    assert client.get_latest_version(f"{topic}-value").schema.references
    with SchemaRegistryClient({"url": url}) as other:  # a consumer that remembers nothing
        assert read(other, topic, payload) == ORDER


@pytest.mark.parametrize(
    "settings",
    [
        {"auto.register.schemas": False},
        {"auto.register.schemas": False, "use.latest.version": True},
        {"auto.register.schemas": False, "normalize.schemas": True},
    ],
    ids=["lookup", "latest", "lookup-normalized"],
)
def test_a_producer_that_may_not_register(
    client: SchemaRegistryClient, url: str, topic: str, format: Format, settings: Settings
) -> None:
    serializer, read, order = format
    with SchemaRegistryClient({"url": url, "max.retries": 0}) as other:
        with pytest.raises(SchemaRegistryError) as refusal:
            serializer(other, topic, settings)(order(), value_of(topic))
        assert refusal.value.error_code == 40401
    normalizing = {"normalize.schemas": settings.get("normalize.schemas", False)}
    number = id_in(serializer(client, topic, normalizing)(order(), value_of(topic)))
    with SchemaRegistryClient({"url": url}) as other:
        payload = serializer(other, topic, settings)(order(), value_of(topic))
        assert id_in(payload) == number
        assert read(other, topic, payload) == ORDER


def test_a_reader_of_an_older_schema(client: SchemaRegistryClient, topic: str) -> None:
    payload = avro_serializer(client, topic, {})(ORDER, value_of(topic))
    wider = avro_order(client, topic, WIDER_ORDER_AVRO)
    client.register_schema(f"{topic}-value", wider)
    assert AvroDeserializer(client, wider)(payload, value_of(topic)) == {**ORDER, "note": ""}
    latest = AvroDeserializer(client, conf={"use.latest.version": True})
    assert latest(payload, value_of(topic)) == {**ORDER, "note": ""}


def test_a_schema_in_the_header(client: SchemaRegistryClient, url: str, topic: str) -> None:
    serializer = avro_serializer(client, topic, {"schema.id.serializer": header_schema_id_serializer})
    place = SerializationContext(topic, MessageField.VALUE, headers={})
    payload = serializer(ORDER, place)
    with SchemaRegistryClient({"url": url}) as other:
        assert AvroDeserializer(other)(payload, place) == ORDER


async def test_async_serdes(url: str, topic: str) -> None:
    async with AsyncSchemaRegistryClient({"url": url}) as client:
        serializer = await AsyncAvroSerializer(client, text(CUSTOMER_AVRO))
        payload = await serializer(ORDER["customer"], value_of(topic))
        deserializer = await AsyncAvroDeserializer(client)
        assert await deserializer(payload, value_of(topic)) == ORDER["customer"]


@pytest.fixture(scope="module")
def broker() -> Iterator[tuple[Producer, str]]:
    """librdkafka's own mock cluster: it lives as long as the producer that started it."""
    producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock"})
    # the brokers' real ports are told in the metadata only
    brokers = producer.list_topics(timeout=10).brokers.values()
    yield producer, ",".join(f"{each.host}:{each.port}" for each in brokers)
    producer.flush(5)


def test_produce_and_consume(
    client: SchemaRegistryClient, url: str, topic: str, format: Format, broker: tuple[Producer, str]
) -> None:
    producer, bootstrap = broker
    serializer, read, order = format
    payload = serializer(client, topic, {})(order(), value_of(topic))
    for _ in range(3):
        producer.produce(topic, value=payload)
    assert producer.flush(10) == 0
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        messages = consumer.consume(3, timeout=20)
    finally:
        consumer.close()
    assert [message.error() for message in messages] == [None, None, None]
    with SchemaRegistryClient({"url": url}) as other:
        assert [read(other, topic, message.value()) for message in messages] == [ORDER] * 3
