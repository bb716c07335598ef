"""The part of the suite that asks whether a registry can do what its capabilities claim."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress

import pytest

from decapolis_formats import Format, Schema
from decapolis_translators import errors
from decapolis_translators.contract import (
    ChecksNatively,
    Feature,
    HasContexts,
    HoldsConfig,
    HoldsModes,
    ListsReferrers,
    ListsUsages,
)

from .samples import referring, sample
from .suite_fixtures import ContractFixtures, Registry, needs


class FeatureContract(ContractFixtures):
    """Capabilities and the optional protocols."""

    async def test_capabilities_say_why(self, registry: Registry) -> None:
        await registry.ping()
        assert registry.capabilities.formats
        assert registry.capabilities.references <= registry.capabilities.formats
        for feature, reason in registry.capabilities.missing.items():
            assert reason.endswith("."), f"{feature} is missing without a sentence"

    async def test_optional_methods_match_the_capabilities(self, registry: Registry) -> None:
        await registry.ping()
        promises = {
            Feature.LEVELS: HoldsConfig,
            Feature.CONFIG: HoldsConfig,
            Feature.MODES: HoldsModes,
            Feature.USAGES: ListsUsages,
            Feature.REFERRERS: ListsReferrers,
            Feature.NATIVE_CHECK: ChecksNatively,
            Feature.CONTEXTS: HasContexts,
        }
        for feature, protocol in promises.items():
            if registry.capabilities.has(feature):
                assert isinstance(registry, protocol), f"{feature} is claimed without {protocol.__name__}"

    async def test_levels_are_kept_where_they_are_set(self, registry: Registry, subject: str, schema: Schema) -> None:
        needs(registry, Feature.LEVELS)
        assert isinstance(registry, HoldsConfig)
        if registry.capabilities.has(Feature.GLOBAL_LEVEL):
            overall = await registry.config(None)
            assert overall is not None
            assert overall["compatibilityLevel"]
        with suppress(errors.SubjectNotFound):  # where levels belong to subjects that are there
            assert await registry.config(subject) is None
        await registry.register(subject, schema)
        assert await registry.config(subject) is None
        await registry.set_config(subject, {"compatibilityLevel": "full_transitive"})
        kept = await registry.config(subject)
        assert kept is not None
        assert kept["compatibilityLevel"] == "FULL_TRANSITIVE"
        await registry.clear_config(subject)
        assert await registry.config(subject) is None
        with pytest.raises(errors.ConfigNotFound):
            await registry.clear_config(subject)

    async def test_other_settings_are_kept_or_refused(self, registry: Registry, subject: str, schema: Schema) -> None:
        needs(registry, Feature.LEVELS)
        assert isinstance(registry, HoldsConfig)
        await registry.register(subject, schema)
        if not registry.capabilities.has(Feature.CONFIG):
            with pytest.raises(errors.Unsupported):
                await registry.set_config(subject, {"alias": "elsewhere"})
            return
        await registry.set_config(subject, {"alias": "elsewhere", "compatibilityLevel": "NONE"})
        await registry.set_config(subject, {"alias": None})
        kept = await registry.config(subject)
        assert kept is not None
        assert "alias" not in kept
        assert kept["compatibilityLevel"] == "NONE"

    async def test_modes_are_kept_and_obeyed(self, registry: Registry, subject: str, schema: Schema) -> None:
        needs(registry, Feature.MODES)
        assert isinstance(registry, HoldsModes)
        assert await registry.mode(None)
        assert await registry.mode(subject) is None
        await registry.set_mode(subject, "readonly")
        assert await registry.mode(subject) == "READONLY"
        with pytest.raises(errors.NotPermitted):
            await registry.register(subject, schema)
        await registry.set_mode(subject, None)
        assert await registry.mode(subject) is None
        with pytest.raises(errors.ConfigNotFound):
            await registry.set_mode(subject, None)

    async def test_usages_name_every_holder(self, registry: Registry, subject: str, other_subject: str) -> None:
        needs(registry, Feature.USAGES)
        assert isinstance(registry, ListsUsages)
        schema = Schema(Format.AVRO, json.dumps({"type": "enum", "name": "E", "symbols": [f"S{uuid.uuid4().hex}"]}))
        stored = await registry.register(subject, schema)
        twin = await registry.register(other_subject, schema)
        if twin.native_id != stored.native_id:  # a registry with an id for every version
            assert await registry.usages(stored.native_id) == [(subject, 1)]
            assert await registry.usages(twin.native_id) == [(other_subject, 1)]
            return
        assert await registry.usages(stored.native_id) == sorted([(subject, 1), (other_subject, 1)])
        if registry.capabilities.has(Feature.SOFT_DELETE):
            await registry.delete(subject)
            assert await registry.usages(stored.native_id) == [(other_subject, 1)]
            assert len(await registry.usages(stored.native_id, deleted=True)) == 2
        with pytest.raises(errors.SchemaNotFound):
            await registry.usages(2_000_000_000)

    async def test_referrers_protect_what_they_refer_to(
        self, registry: Registry, subject: str, other_subject: str
    ) -> None:
        needs(registry, Feature.REFERRERS, Feature.SOFT_DELETE)
        assert isinstance(registry, ListsReferrers)
        kind = self.format_of(registry)
        await registry.register(other_subject, sample(kind))
        assert await registry.referrers(other_subject, 1) == []
        stored = await registry.register(subject, referring(kind, other_subject, 1))
        assert await registry.referrers(other_subject, 1) == [stored.native_id]
        with pytest.raises(errors.ReferenceExists) as refused:
            await registry.delete(other_subject)
        assert (refused.value.subject, refused.value.version) == (other_subject, 1)

    async def test_a_native_check_answers_a_verdict(self, registry: Registry, subject: str, schema: Schema) -> None:
        needs(registry, Feature.NATIVE_CHECK)
        assert isinstance(registry, ChecksNatively)
        assert (await registry.check(subject, schema)).compatible
        await registry.register(subject, schema)
        assert (await registry.check(subject, schema)).compatible
        assert (await registry.check(subject, schema, 1)).compatible
        with pytest.raises(errors.VersionNotFound):
            await registry.check(subject, schema, 99)

    async def test_contexts_keep_their_own_subjects_and_ids(self, registry: Registry, subject: str) -> None:
        await registry.ping()
        needs(registry, Feature.CONTEXTS)
        assert isinstance(registry, HasContexts)
        context = f".c{uuid.uuid4().hex[:8]}"
        schema = sample(self.format_of(registry), 8)
        stored = await registry.register(f":{context}:{subject}", schema)
        assert stored.subject == f":{context}:{subject}"
        with pytest.raises(errors.SubjectNotFound):
            await registry.fetch(subject)
        with pytest.raises(errors.SubjectNotFound):
            await registry.lookup(subject, schema)
        assert f":{context}:{subject}" in await registry.subjects()
        names = await registry.contexts()
        assert names[0] == "."
        assert context in names
        assert (await registry.fetch_by_id(stored.native_id, context)).text == stored.schema.text

    async def test_without_contexts_a_qualified_name_is_never_sent(
        self, registry: Registry, subject: str, schema: Schema
    ) -> None:
        await registry.ping()
        if registry.capabilities.has(Feature.CONTEXTS):
            pytest.skip("this registry has contexts")
        with pytest.raises((errors.Unsupported, errors.SubjectRefused)):
            await registry.register(f":.ctx:{subject}", schema)
