"""What is special about the type `karapace`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from decapolis_formats import Format, Reference, Schema
from decapolis_translators import errors
from decapolis_translators.contract import HasContexts, HoldsModes
from decapolis_translators.testing.fakes import KARAPACE_6, Content, DialectFake
from decapolis_translators.testing.samples import sample

from .conftest import Opening

SCHEMA = Schema(Format.AVRO, '"string"')


@pytest.fixture
def fake() -> DialectFake:
    return DialectFake(KARAPACE_6)


async def test_a_ping_tells_the_version(connect: Opening, fake: DialectFake) -> None:
    registry = await connect("karapace", fake)
    ping = await registry.ping()
    assert (ping.version, ping.cluster_id, ping.facts) == ("6.2.0", None, {"healthy": True})
    assert not isinstance(registry, HoldsModes | HasContexts)


@pytest.mark.parametrize("answer", [(404, b'"Not Found"'), (500, b"<html>"), (200, b"[]"), (200, b"half")])
async def test_a_health_report_may_be_missing(connect: Opening, fake: DialectFake, answer: tuple[int, bytes]) -> None:
    fake.fail_next(*answer, path="/_health")
    ping = await (await connect("karapace", fake)).ping()
    assert (ping.version, ping.facts) == (None, {"healthy": "unknown"})


async def test_a_sick_broker_does_not_hold_the_ping(
    connect: Opening, fake: DialectFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decapolis_translators.karapace._HEALTH_SECONDS", 0.05)
    fake.hang(path="/_health")
    assert (await (await connect("karapace", fake)).ping()).version is None


async def test_levels_are_sent_in_capitals(connect: Opening, fake: DialectFake) -> None:
    registry = await connect("karapace", fake)
    await registry.set_config("s", {"compatibilityLevel": "backward"})
    assert json.loads(fake.requests[-1].body) == {"compatibility": "BACKWARD"}
    await registry.set_config("s", {"compatibilityLevel": None})
    await registry.set_config("s", {"compatibilityLevel": None})
    await registry.set_config("s", {})
    with pytest.raises(errors.Unsupported, match="global level"):
        await registry.set_config(None, {"compatibilityLevel": None})


async def test_deleted_subjects_are_those_that_have_versions(connect: Opening, fake: DialectFake) -> None:
    registry = await connect("karapace", fake)
    await registry.register("buried", SCHEMA)
    await registry.delete("buried")
    await registry.register("alive", SCHEMA)
    await registry.set_config("only-a-level", {"compatibilityLevel": "FULL"})
    assert await registry.subjects() == ["alive"]
    assert await registry.subjects(deleted=True) == ["alive", "buried"]


async def test_names_that_look_qualified_are_neither_sent_nor_listed(connect: Opening, fake: DialectFake) -> None:
    fake.state.register(":.ctx:s", fake.state.content_of({"schema": '"int"'}, "s"), {})
    registry = await connect("karapace", fake)
    assert await registry.subjects() == []
    with pytest.raises(errors.Unsupported, match="no contexts"):
        await registry.versions(":.ctx:s")
    assert not any(":.ctx" in request.raw_path for request in fake.requests)


async def test_json_references_are_refused_before_anything_is_sent(connect: Opening, fake: DialectFake) -> None:
    registry = await connect("karapace", fake)
    referring = replace(sample(Format.JSON_SCHEMA), references=(Reference("a", "b", 1),))
    with pytest.raises(errors.Unsupported, match="does not resolve references"):
        await registry.register("s", referring)
    with pytest.raises(errors.Unsupported):
        await registry.check("s", referring)
    assert not fake.requests
    await registry.register("s", sample(Format.JSON_SCHEMA))
    assert await registry.lookup("s", referring) is None


async def test_the_text_of_a_version_is_never_fetched(connect: Opening, fake: DialectFake) -> None:
    registry = await connect("karapace", fake)
    stored = await registry.register("s", SCHEMA)
    await registry.fetch("s")
    await registry.fetch_by_id(stored.native_id)
    assert not any(request.raw_path.endswith("/schema") for request in fake.requests)


async def test_keys_come_back_sorted(connect: Opening, fake: DialectFake) -> None:
    registry = await connect("karapace", fake)
    stored = await registry.register("s", Schema(Format.AVRO, '{"type":"fixed","size":4,"name":"F"}'))
    assert stored.schema.text == '{"name":"F","size":4,"type":"fixed"}'


async def test_a_plus_is_not_a_space(connect: Opening, fake: DialectFake) -> None:
    registry = await connect("karapace", fake)
    await registry.register("a+b c", SCHEMA)
    assert fake.requests[0].raw_path == "/subjects/a%2Bb%20c/versions"
    assert await registry.subjects() == ["a+b c"]


async def test_its_check_obeys_the_level(connect: Opening, fake: DialectFake) -> None:
    registry = await connect("karapace", fake)
    for variant in range(3):
        await registry.register("s", sample(Format.AVRO, variant))
    seen: list[int] = []

    def count(candidate: Content, history: Sequence[Content], level: str) -> list[str]:
        seen.append(len(history))
        return []

    fake.judge = count
    await registry.check("s", sample(Format.AVRO, 4))
    await registry.set_config("s", {"compatibilityLevel": "FULL_TRANSITIVE"})
    await registry.check("s", sample(Format.AVRO, 4))
    assert seen == [1, 3]
    assert (await registry.check("nobody", SCHEMA)).compatible


async def test_a_level_of_an_unknown_subject_is_none(connect: Opening, fake: DialectFake) -> None:
    registry = await connect("karapace", fake)
    assert await registry.config("nobody") is None
    with pytest.raises(errors.ConfigNotFound):
        await registry.clear_config("nobody")
