"""What is special about the type `redpanda`, before and after 26.1."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from decapolis_formats import Format, Metadata, Schema
from decapolis_translators import errors
from decapolis_translators.contract import Feature
from decapolis_translators.testing.fakes import REDPANDA_24, REDPANDA_26, Content, DialectFake
from decapolis_translators.testing.samples import sample

from .conftest import Opening

SCHEMA = Schema(Format.AVRO, '"string"')
OWNED = Schema(Format.AVRO, '"string"', metadata=Metadata(properties={"owner": "bob"}))


async def test_contexts_and_metadata_count_as_missing_until_they_are_found(connect: Opening) -> None:
    registry = await connect("redpanda", DialectFake(REDPANDA_26))
    assert "not been probed" in registry.capabilities.why_not(Feature.CONTEXTS)
    with pytest.raises(errors.Unsupported):
        await registry.versions(":.ctx:s")
    await registry.ping()
    assert registry.capabilities.has(Feature.CONTEXTS)
    assert registry.capabilities.has(Feature.METADATA)
    assert not registry.capabilities.has(Feature.METADATA_TAGS)


async def test_an_older_server_says_so(connect: Opening) -> None:
    registry = await connect("redpanda", DialectFake(REDPANDA_24))
    ping = await registry.ping()
    assert ping.facts == {"contexts": False}
    assert "26.1" in registry.capabilities.why_not(Feature.METADATA)
    assert await registry.subjects() == []


async def test_nothing_unknown_and_no_null_is_sent(connect: Opening) -> None:
    fake = DialectFake(REDPANDA_24)
    registry = await connect("redpanda", fake)
    await registry.register("s", SCHEMA)
    await registry.set_config("s", {"compatibilityLevel": "full"})
    sent = [json.loads(request.body) for request in fake.requests if request.body]
    assert sent == [
        {"schema": '"string"', "schemaType": "AVRO"},
        {"schema": '"string"', "schemaType": "AVRO"},
        {"compatibility": "FULL"},
    ]


async def test_metadata_properties_are_kept_from_26_1_on(connect: Opening) -> None:
    registry = await connect("redpanda", DialectFake(REDPANDA_26))
    assert (await registry.register("s", OWNED)).schema.metadata == OWNED.metadata
    older = await connect("redpanda", DialectFake(REDPANDA_24))
    with pytest.raises(errors.Unsupported):
        await older.register("s", OWNED)


@pytest.mark.parametrize("profile", [REDPANDA_24, REDPANDA_26], ids=lambda profile: profile.name)
async def test_an_invalid_schema_is_refused_in_every_question(connect: Opening, profile: object) -> None:
    fake = DialectFake(REDPANDA_24 if profile is REDPANDA_24 else REDPANDA_26)
    registry = await connect("redpanda", fake)
    await registry.register("s", SCHEMA)
    bad = Schema(Format.AVRO, '{"type":"nothing"}')
    with pytest.raises(errors.SchemaRefused):
        await registry.register("s", bad)
    with pytest.raises(errors.SchemaRefused):
        await registry.lookup("s", bad)
    assert not (await registry.check("s", bad)).compatible
    fake.fail_next(500, {"error_code": 500, "message": "Internal server error"})
    with pytest.raises(errors.RegistryFault) as raised:
        await registry.lookup("s", SCHEMA)
    assert type(raised.value) is errors.RegistryFault


async def test_two_writers_at_once_are_a_conflict(connect: Opening) -> None:
    fake = DialectFake(REDPANDA_24)
    registry = await connect("redpanda", fake)
    fake.fail_next(503, {"error_code": 50301, "message": "Too many retries on write collision"})
    with pytest.raises(errors.WriteConflict):
        await registry.register("s", SCHEMA)


async def test_an_imposed_id_needs_no_mode_before_25_3(connect: Opening) -> None:
    registry = await connect("redpanda", DialectFake(REDPANDA_24))
    with pytest.raises(errors.NotPermitted):
        await registry.set_mode("s", "IMPORT")
    stored = await registry.register("s", SCHEMA, native_id=500, version=5)
    assert (stored.native_id, stored.version) == (500, 5)
    newer = await connect("redpanda", DialectFake(REDPANDA_26))
    with pytest.raises(errors.NotPermitted):
        await newer.register("s", SCHEMA, native_id=500)


async def test_its_check_walks_the_history_under_a_transitive_level(connect: Opening) -> None:
    fake = DialectFake(REDPANDA_24)
    registry = await connect("redpanda", fake)
    for variant in range(3):
        await registry.register("s", sample(Format.AVRO, variant))
    oldest = sample(Format.AVRO, 0).text

    def only_the_oldest_objects(candidate: Content, history: Sequence[Content], level: str) -> list[str]:
        return ["old"] if history[0].text == oldest else []

    fake.judge = only_the_oldest_objects
    assert (await registry.check("s", sample(Format.AVRO, 4))).compatible
    await registry.set_config(None, {"compatibilityLevel": "BACKWARD_TRANSITIVE"})
    verdict = await registry.check("s", sample(Format.AVRO, 4))
    assert (verdict.compatible, verdict.messages) == (False, ("old",))
    fake.judge = lambda candidate, history, level: []
    assert (await registry.check("s", sample(Format.AVRO, 4))).compatible
    assert (await registry.check("nobody", SCHEMA)).compatible
    with pytest.raises(errors.VersionNotFound):
        await registry.check("nobody", SCHEMA, 1)


async def test_deleted_uses_are_found_one_by_one(connect: Opening) -> None:
    registry = await connect("redpanda", DialectFake(REDPANDA_24))
    stored = await registry.register("a", SCHEMA)
    await registry.register("b", sample(Format.AVRO))
    await registry.register("b", SCHEMA)
    await registry.delete("b", 2)
    assert await registry.usages(stored.native_id) == [("a", 1)]
    assert await registry.usages(stored.native_id, deleted=True) == [("a", 1), ("b", 2)]


async def test_the_global_mode_cannot_be_forgotten(connect: Opening) -> None:
    registry = await connect("redpanda", DialectFake(REDPANDA_26))
    with pytest.raises(errors.Unsupported, match="global mode"):
        await registry.set_mode(None, None)
    with pytest.raises(errors.Unsupported, match="global level"):
        await registry.clear_config(None)


async def test_a_type_around_a_string_stays(connect: Opening) -> None:
    registry = await connect("redpanda", DialectFake(REDPANDA_24))
    assert (await registry.register("s", Schema(Format.AVRO, '{"type": "string"}'))).schema.text == '{"type":"string"}'
