"""confluent-kafka's registry client, sync and async: every call it has, against the running gateway."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest
from confluent_kafka.schema_registry import (
    AsyncSchemaRegistryClient,
    ConfigCompatibilityLevel,
    Metadata,
    MetadataProperties,
    Rule,
    RuleKind,
    RuleMode,
    RuleSet,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    SchemaRegistryError,
    ServerConfig,
)

from .schemas import BROKEN_ORDER_AVRO, CUSTOMER_AVRO, CUSTOMER_JSON, ORDER_AVRO, text

CUSTOMER = Schema(text(CUSTOMER_AVRO))
WIDER = Schema(
    text({**CUSTOMER_AVRO, "fields": [*CUSTOMER_AVRO["fields"], {"name": "x", "type": "int", "default": 0}]})
)
BROKEN = Schema(text({**CUSTOMER_AVRO, "fields": [*CUSTOMER_AVRO["fields"], {"name": "x", "type": "int"}]}))


class Asked:
    """Either client behind one spelling: whatever it answers is awaited where it must be."""

    def __init__(self, client: SchemaRegistryClient | AsyncSchemaRegistryClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        async def call(*arguments: Any, **named: Any) -> Any:
            answer = method(*arguments, **named)
            return await answer if inspect.isawaitable(answer) else answer

        return call


@pytest.fixture(params=["sync", "async"])
async def client(request: pytest.FixtureRequest, url: str) -> AsyncIterator[Asked]:
    """The client with its default settings, retries included."""
    if request.param == "sync":
        with SchemaRegistryClient({"url": url}) as plain:
            yield Asked(plain)
    else:
        async with AsyncSchemaRegistryClient({"url": url}) as waiting:
            yield Asked(waiting)


async def refused(call: Any) -> tuple[int, int]:
    """Status and code of the refusal that a call ends in."""
    with pytest.raises(SchemaRegistryError) as found:
        await call
    return found.value.http_status_code, found.value.error_code


async def test_register_and_read_back(client: Asked, topic: str) -> None:
    number = await client.register_schema(topic, CUSTOMER)
    full = await client.register_schema_full_response(f"{topic}-other", CUSTOMER)
    assert (full.schema_id, full.version) == (number, 1)
    assert full.guid
    assert (await client.get_schema(number)).schema_str == text(CUSTOMER_AVRO).replace(": ", ":").replace(", ", ",")
    assert (await client.get_schema(number, subject_name=topic)).schema_type == "AVRO"
    assert (await client.get_schema_by_guid(full.guid)).schema_type == "AVRO"
    assert {topic, f"{topic}-other"} <= set(await client.get_subjects_by_schema_id(number))
    assert topic in {each.subject for each in await client.get_schema_versions(number)}
    assert sorted(await client.get_schema_types()) == ["AVRO", "JSON", "PROTOBUF"]


async def test_lookup(client: Asked, topic: str) -> None:
    number = await client.register_schema(topic, CUSTOMER)
    found = await client.lookup_schema(topic, Schema(text(dict(reversed(CUSTOMER_AVRO.items())))))
    assert (found.subject, found.version, found.schema_id) == (topic, 1, number)
    assert await refused(client.lookup_schema(topic, WIDER, normalize_schemas=True)) == (404, 40403)
    assert await refused(client.lookup_schema(f"{topic}-none", WIDER)) == (404, 40401)


async def test_versions(client: Asked, topic: str) -> None:
    for schema in (CUSTOMER, WIDER):
        await client.register_schema(topic, schema)
    assert await client.get_versions(topic) == [1, 2]
    assert await client.get_versions(topic, offset=1, limit=1) == [2]
    assert (await client.get_version(topic, 1)).version == 1
    assert (await client.get_latest_version(topic)).version == 2
    assert topic in await client.get_subjects()
    assert await client.get_subjects(subject_prefix=topic) == [topic]
    assert await refused(client.get_version(topic, 7)) == (404, 40402)
    assert await refused(client.get_latest_version(f"{topic}-none")) == (404, 40401)


async def test_a_breaking_change_is_refused(client: Asked, topic: str) -> None:
    await client.register_schema(topic, CUSTOMER)
    assert await refused(client.register_schema(topic, BROKEN)) == (409, 409)
    assert await refused(client.register_schema(topic, Schema("{"))) == (422, 42201)
    assert await refused(client.register_schema(topic, Schema("x", schema_type="XML"))) == (422, 42201)


async def test_compatibility_checks(client: Asked, topic: str) -> None:
    await client.register_schema(topic, CUSTOMER)
    for ask in (client.test_compatibility, client.test_compatibility_all_versions):
        assert await ask(topic, WIDER) is True
        assert await ask(topic, BROKEN) is False
    assert await client.test_compatibility(topic, BROKEN, version=1) is False
    assert await refused(client.test_compatibility(topic, WIDER, version=5)) == (404, 40402)


async def test_soft_and_hard_deletes(client: Asked, topic: str) -> None:
    number = await client.register_schema(topic, CUSTOMER)
    await client.register_schema(topic, WIDER)
    assert await refused(client.delete_subject(topic, permanent=True)) == (404, 40405)
    assert await client.delete_version(topic, 1) == 1
    assert await client.get_versions(topic) == [2]
    assert await client.get_versions(topic, deleted=True) == [1, 2]
    assert (await client.get_version(topic, 1, deleted=True)).schema_id == number
    assert await client.delete_version(topic, 1, permanent=True) == 1
    assert await client.delete_subject(topic) == [2]
    assert topic not in await client.get_subjects()
    assert topic in await client.get_subjects(deleted=True)
    assert await client.delete_subject(topic, permanent=True) == [2]
    assert topic not in await client.get_subjects(deleted=True)
    await client.clear_caches()
    assert (await client.get_schema(number)).schema_type == "AVRO"  # messages go on carrying the id


async def test_references(client: Asked, topic: str) -> None:
    await client.register_schema(f"{topic}-customer", CUSTOMER)
    reference = SchemaReference("shop.Customer", f"{topic}-customer", 1)
    order = Schema(text(ORDER_AVRO), references=[reference])
    number = await client.register_schema(topic, order)
    found = await client.get_latest_version(topic)
    assert [(each.name, each.subject, each.version) for each in found.schema.references] == [
        ("shop.Customer", f"{topic}-customer", 1)
    ]
    assert await client.get_referenced_by(f"{topic}-customer", 1) == [number]
    assert await refused(client.delete_subject(f"{topic}-customer")) == (422, 42206)
    assert await client.register_schema(topic, order, normalize_schemas=True) == number
    broken = Schema(text(BROKEN_ORDER_AVRO), references=[reference])
    assert await client.test_compatibility(topic, broken) is False


async def test_metadata_and_rules(client: Asked, topic: str) -> None:
    rule = Rule("r", None, RuleKind.TRANSFORM, RuleMode.WRITEREAD, "ENCRYPT", ["PII"], None, None, None, None, False)
    owned = Schema(
        text(CUSTOMER_AVRO),
        metadata=Metadata(None, MetadataProperties({"owner": "bob"}), None),
        rule_set=RuleSet(None, [rule]),
    )
    await client.register_schema(topic, owned)
    found = await client.get_latest_with_metadata(topic, {"owner": "bob"})
    assert found.schema.metadata.properties.properties == {"owner": "bob"}
    assert found.schema.rule_set.domain_rules[0].type == "ENCRYPT"
    assert await refused(client.get_latest_with_metadata(topic, {"owner": "eve"})) == (404, 40403)


async def test_subject_settings(client: Asked, topic: str) -> None:
    assert await refused(client.get_compatibility(topic)) == (404, 40408)
    assert await client.set_compatibility(topic, "full_transitive") == {"compatibility": "FULL_TRANSITIVE"}
    assert await client.get_compatibility(topic) == "FULL_TRANSITIVE"
    await client.set_config(topic, ServerConfig(ConfigCompatibilityLevel.FORWARD, compatibility_group="major"))
    config = await client.get_config(topic)
    assert (config.compatibility_level, config.compatibility_group) == ("FORWARD", "major")
    assert await refused(client.set_compatibility(topic, "sideways")) == (422, 42203)
    assert (await client.delete_config(topic)).compatibility_level == "FORWARD"
    assert await refused(client.get_mode(topic)) == (404, 40409)
    assert await client.update_mode(topic, "READONLY") == "READONLY"
    assert await refused(client.register_schema(topic, CUSTOMER)) == (422, 42205)
    assert await client.get_mode(topic) == "READONLY"
    assert await client.delete_mode(topic) == "READONLY"


async def test_contexts(client: Asked, topic: str) -> None:
    subject = f":.{topic}:orders"
    assert await client.register_schema(subject, CUSTOMER) == 1
    assert await client.register_schema(subject, WIDER) == 2
    assert f".{topic}" in await client.get_contexts()
    assert (await client.get_schema(1, subject_name=subject)).schema_type == "AVRO"
    assert (await client.get_latest_version(subject)).subject == subject
    assert await client.get_subjects(subject_prefix=f":.{topic}:") == [subject]
    assert await client.delete_subject(subject) == [1, 2]


async def test_a_context_by_its_url(url: str, topic: str) -> None:
    with SchemaRegistryClient({"url": f"{url}/contexts/.{topic}"}) as client:
        assert client.register_schema("orders", CUSTOMER) == 1
        assert client.get_subjects() == [f":.{topic}:orders"]
        assert client.get_latest_version("orders").subject == f":.{topic}:orders"
        assert client.get_schema(1, subject_name="orders").schema_type == "AVRO"
        assert client.test_compatibility("orders", BROKEN) is False
        assert client.delete_version("orders", 1) == 1


async def test_json_schemas(client: Asked, topic: str) -> None:
    number = await client.register_schema(topic, Schema(text(CUSTOMER_JSON), schema_type="JSON"))
    found = await client.get_schema(number)
    assert found.schema_type == "JSON"
    assert await client.register_schema(topic, Schema(text(CUSTOMER_JSON), schema_type="JSON")) == number


@pytest.mark.parametrize("name", ["a/b", "100%", "a+b c", "прилад", "a:b"])
async def test_subjects_of_any_spelling(client: Asked, topic: str, name: str) -> None:
    subject = f"{topic} {name}"
    await client.register_schema(subject, CUSTOMER)
    assert subject in await client.get_subjects()
    assert (await client.get_latest_version(subject)).subject == subject
    assert await client.delete_subject(subject) == [1]


def test_global_settings(own_url: str) -> None:
    with SchemaRegistryClient({"url": own_url}) as client:
        assert client.get_compatibility() == "BACKWARD"
        assert client.set_compatibility(level="NONE") == {"compatibility": "NONE"}
        assert client.get_config().compatibility_level == "NONE"
        assert client.delete_config().compatibility_level == "NONE"
        assert client.get_compatibility() == "BACKWARD"
        assert client.get_global_mode() == "READWRITE"
        assert client.update_global_mode("READONLY") == "READONLY"
        assert client.update_global_mode("READWRITE") == "READWRITE"
        assert client.get_contexts() == ["."]
