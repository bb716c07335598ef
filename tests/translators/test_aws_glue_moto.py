"""The type `aws_glue` before moto, somebody else's idea of Glue: every way to log in, and what the contract does not ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from decapolis_formats import Format
from decapolis_translators import errors
from decapolis_translators.aws_glue import GlueConfig, GlueRegistry
from decapolis_translators.testing.samples import sample
from tests.facades.aws_glue import Moto

from .conftest import ConnectingGlue

FORMATS = (Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF)


@pytest.fixture
def moto() -> Iterator[Moto]:
    facade = Moto()
    reason = facade.available()
    if reason is not None:
        pytest.skip(reason)
    facade.start()
    yield facade
    facade.stop()


@pytest.fixture
async def registry(moto: Moto, connect_glue: ConnectingGlue) -> GlueRegistry:
    given = dict(moto.config())
    return await connect_glue(given.pop("endpoint_url"), **given)


@pytest.mark.parametrize("way", ["keys", "environment", "role"])
async def test_each_way_to_log_in(way: str, moto: Moto, connect_glue: ConnectingGlue, monkeypatch: Any) -> None:
    given: dict[str, Any] = dict(moto.config())
    keys = {name: given.pop(name) for name in ("aws_access_key_id", "aws_secret_access_key")}
    if way == "environment":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.pop("aws_access_key_id"))
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.pop("aws_secret_access_key"))
    if way == "role":
        role = "arn:aws:iam::123456789012:role/schemas"
        given |= {"role_arn": role, "sts_endpoint_url": given["endpoint_url"]}
    registry = await connect_glue(given.pop("endpoint_url"), who=keys, **given)
    assert (await registry.ping()).facts == {"registry": "dev-schemas", "region": "us-east-1", "exists": False}


async def test_the_blueprints_registry_and_region_are_seen(registry: GlueRegistry, moto: Moto) -> None:
    await registry.register("s", sample(Format.AVRO))
    assert list(moto.moto.backend.registries) == ["dev-schemas"]
    assert (await registry.ping()).cluster_id == "arn:aws:glue:us-east-1:123456789012:registry/dev-schemas"
    assert isinstance(registry.settings, GlueConfig)


@pytest.mark.parametrize("kind", FORMATS)
async def test_every_format_is_kept_as_it_was_given(kind: Format, registry: GlueRegistry) -> None:
    stored = await registry.register("s", sample(kind))
    assert await registry.fetch_by_id(stored.native_id) == sample(kind)
    assert (await registry.fetch("s")).native_id == stored.native_id
    assert [(each.version, each.native_id) for each in await registry.listed("s")] == [(1, stored.native_id)]


async def test_notes_and_deletes(registry: GlueRegistry) -> None:
    for variant in range(3):
        await registry.register("s", sample(Format.AVRO, variant))
    await registry.note("s", 2, "id=1")
    await registry.note("s", 2, "id=2")
    assert await registry.notes("s") == {2: "id=2"}
    await registry.set_own_note("ledger=1")
    assert await registry.own_note() == "ledger=1"
    assert await registry.delete("s", 2, permanent=True) == [2]
    assert await registry.versions("s") == [1, 3]
    with pytest.raises(errors.VersionNotFound):
        await registry.fetch("s", 2)


async def test_what_moto_does_not_know_is_a_fault_and_no_empty_answer(moto: Moto, registry: GlueRegistry) -> None:
    with pytest.raises(errors.RegistryFault):
        await registry._call(
            "CheckSchemaVersionValidity", {"DataFormat": "AVRO", "SchemaDefinition": "{}"}, registry._asked()
        )
