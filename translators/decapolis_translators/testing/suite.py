"""The contract of `decapolis_translators.contract` as tests: each guarantee has one that is named after it.

    class TestMine(TranslatorContract):
        @pytest.fixture
        async def registry(self): ...   # yields an opened translator; the registry may be a shared one

Runs under pytest-asyncio in auto mode. A test is skipped only where the capabilities say that a feature is
missing, and then with their own sentence.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import replace

import pytest

from decapolis_formats import Format, Metadata, Reference, Rule, RuleSet, Schema
from decapolis_translators import errors
from decapolis_translators.contract import Feature, HoldsModes

from .samples import referring, sample
from .suite_features import FeatureContract
from .suite_fixtures import ContractFixtures, Registry, at_once, needs

AWKWARD_NAMES = (
    "a/b c+d%e",
    "%2F",
    "ünï-日本",
    "semi;colon=1&b?c#d",
    "dots...and.more",
    "colon:inside",
    "x" * 200,
)
"""Names that must travel byte for byte or be refused."""


class TranslatorContract(FeatureContract, ContractFixtures):
    """Subclass it, give it a fixture `registry`, and every guarantee becomes a test of yours."""

    # 1 ------------------------------------------------------------------------------------------

    async def test_1_one_instance_serves_many_tasks(self, registry: Registry, subject: str) -> None:
        schema = sample(self.format_of(registry))
        names = [f"{subject}-{number}" for number in range(12)]
        stored = await asyncio.gather(*(registry.register(name, schema) for name in names))
        assert [each.subject for each in stored] == names
        fetched = await asyncio.gather(*(registry.fetch(name) for name in names))
        assert [each.native_id for each in fetched] == [each.native_id for each in stored]

    # 2 ------------------------------------------------------------------------------------------

    async def test_2_open_and_close_may_be_called_twice(self, registry: Registry, subject: str) -> None:
        await registry.open()
        with pytest.raises(errors.SubjectNotFound):
            await registry.versions(subject)
        await registry.close()
        await registry.close()
        await registry.open()
        with pytest.raises(errors.SubjectNotFound):
            await registry.versions(subject)

    async def test_2_opening_needs_no_network(self, unreachable: Registry | None) -> None:
        if unreachable is None:
            pytest.skip("this type has no network to be without")
        await unreachable.open()
        with pytest.raises(errors.Unreachable):
            await unreachable.subjects()
        await unreachable.close()

    # 3 ------------------------------------------------------------------------------------------

    async def test_3_an_unknown_subject_is_absent(self, registry: Registry, subject: str, schema: Schema) -> None:
        with pytest.raises(errors.SubjectNotFound):
            await registry.versions(subject)
        with pytest.raises(errors.SubjectNotFound):
            await registry.fetch(subject)
        with pytest.raises((errors.SubjectNotFound, errors.VersionNotFound)):
            await registry.fetch(subject, 1)
        with pytest.raises(errors.SubjectNotFound):
            await registry.lookup(subject, schema)
        with pytest.raises(errors.SubjectNotFound):
            await registry.delete(subject, permanent=at_once(registry))

    async def test_3_an_unknown_version_is_absent(self, registry: Registry, subject: str, schema: Schema) -> None:
        await registry.register(subject, schema)
        for version in (99, 0, -5, 2**31):
            with pytest.raises(errors.VersionNotFound):
                await registry.fetch(subject, version)
        with pytest.raises(errors.VersionNotFound):
            await registry.delete(subject, 99, permanent=at_once(registry))

    async def test_3_an_unknown_id_is_absent(self, registry: Registry) -> None:
        needs(registry, Feature.INTEGER_IDS)
        for native_id in (2_000_000_000, 0, -1, 2**40):
            with pytest.raises(errors.SchemaNotFound):
                await registry.fetch_by_id(native_id)

    async def test_3_a_lookup_without_a_match_is_none(self, registry: Registry, subject: str, schema: Schema) -> None:
        await registry.register(subject, schema)
        assert await registry.lookup(subject, sample(schema.format, 5)) is None

    async def test_3_a_soft_deleted_version_is_absent_unless_asked_for(self, registry: Registry, subject: str) -> None:
        needs(registry, Feature.SOFT_DELETE, Feature.DELETE_VERSION)
        kind = self.format_of(registry)
        first = await registry.register(subject, sample(kind, 0))
        second = await registry.register(subject, sample(kind, 1))
        assert await registry.delete(subject, second.version) == [second.version]
        assert await registry.versions(subject) == [first.version]
        assert await registry.versions(subject, deleted=True) == [first.version, second.version]
        assert (await registry.fetch(subject)).version == first.version
        assert (await registry.fetch(subject, deleted=True)).version == first.version
        with pytest.raises(errors.VersionNotFound):
            await registry.fetch(subject, second.version)
        buried = await registry.fetch(subject, second.version, deleted=True)
        assert (buried.deleted, buried.native_id) == (True, second.native_id)
        assert not (await registry.fetch(subject, first.version, deleted=True)).deleted
        assert await registry.lookup(subject, sample(kind, 1)) is None
        found = await registry.lookup(subject, sample(kind, 1), deleted=True)
        assert found is not None
        assert (found.version, found.deleted) == (second.version, True)

    async def test_3_a_soft_deleted_subject_is_absent_unless_asked_for(
        self, registry: Registry, subject: str, schema: Schema
    ) -> None:
        needs(registry, Feature.SOFT_DELETE)
        stored = await registry.register(subject, schema)
        assert await registry.delete(subject) == [stored.version]
        assert subject not in await registry.subjects()
        assert subject in await registry.subjects(deleted=True)
        with pytest.raises(errors.SubjectNotFound):
            await registry.versions(subject)
        with pytest.raises(errors.SubjectNotFound):
            await registry.fetch(subject)
        with pytest.raises(errors.VersionNotFound):
            await registry.fetch(subject, deleted=True)
        with pytest.raises(errors.SubjectNotFound):
            await registry.lookup(subject, schema)
        assert await registry.lookup(subject, schema, deleted=True) is not None
        assert (await registry.fetch_by_id(stored.native_id)).text == stored.schema.text

    # deletes ------------------------------------------------------------------------------------------

    async def test_deletes_keep_their_order(self, registry: Registry, subject: str) -> None:
        needs(registry, Feature.SOFT_DELETE, Feature.DELETE_VERSION)
        kind = self.format_of(registry)
        for variant in (0, 1):
            await registry.register(subject, sample(kind, variant))
        with pytest.raises(errors.VersionNotSoftDeleted):
            await registry.delete(subject, 1, permanent=True)
        with pytest.raises(errors.SubjectNotSoftDeleted):
            await registry.delete(subject, permanent=True)
        await registry.delete(subject, 1)
        with pytest.raises(errors.VersionSoftDeleted):
            await registry.delete(subject, 1)
        assert await registry.delete(subject, 1, permanent=True) == [1]
        assert await registry.delete(subject) == [2]
        with pytest.raises(errors.SubjectSoftDeleted):
            await registry.delete(subject)
        assert await registry.delete(subject, permanent=True) == [2]
        assert subject not in await registry.subjects(deleted=True)

    # 4, 5 ------------------------------------------------------------------------------------------

    async def test_4_cancellation_leaves_as_it_came(self, registry: Registry) -> None:
        task = asyncio.ensure_future(registry.subjects())
        await asyncio.sleep(0)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError | list), "cancelled, or already done"
        assert isinstance(await registry.subjects(), list)

    async def test_4_an_unreadable_schema_is_refused(self, registry: Registry, subject: str) -> None:
        if self.format_of(registry) not in {Format.AVRO, Format.JSON_SCHEMA}:
            pytest.skip("only texts in JSON are unreadable to everybody")
        with pytest.raises(errors.Refused):
            await registry.register(subject, Schema(self.format_of(registry), '{"type": '))

    async def test_5_answers_are_not_cached(self, registry: Registry, subject: str, schema: Schema) -> None:
        with pytest.raises(errors.SubjectNotFound):
            await registry.versions(subject)
        await registry.register(subject, schema)
        assert await registry.versions(subject) == [1]
        assert (await registry.fetch(subject)).version == 1

    # 6 ------------------------------------------------------------------------------------------

    async def test_6_an_identical_registration_answers_the_version_that_holds_it(
        self, registry: Registry, subject: str
    ) -> None:
        kind = self.format_of(registry)
        first = await registry.register(subject, sample(kind, 0))
        await registry.register(subject, sample(kind, 1))
        again = await registry.register(subject, sample(kind, 0))
        assert (again.version, again.native_id) == (first.version, first.native_id)
        assert await registry.versions(subject) == [1, 2]

    @pytest.mark.parametrize(
        ("feature", "metadata"),
        [
            (Feature.METADATA, Metadata(properties={"owner": "bob"})),
            (Feature.METADATA_TAGS, Metadata(tags={"**.f0": ("PII",)})),
            (Feature.METADATA_TAGS, Metadata(properties={"owner": "bob"}, sensitive=("owner",))),
        ],
    )
    async def test_6_metadata_is_kept_or_refused(
        self, registry: Registry, subject: str, schema: Schema, feature: Feature, metadata: Metadata
    ) -> None:
        await self._kept_or_refused(registry, subject, replace(schema, metadata=metadata), feature)

    async def test_6_rule_sets_are_kept_or_refused(self, registry: Registry, subject: str, schema: Schema) -> None:
        rule = Rule(name="hide", kind="TRANSFORM", mode="WRITEREAD", type="ENCRYPT", tags=("PII",), params={"a": "b"})
        guarded = replace(schema, rule_set=RuleSet(domain_rules=(rule,)))
        await self._kept_or_refused(registry, subject, guarded, Feature.RULE_SETS)

    async def _kept_or_refused(self, registry: Registry, subject: str, schema: Schema, feature: Feature) -> None:
        await registry.ping()
        if registry.capabilities.has(feature):
            await registry.register(subject, schema)
            stored = (await registry.fetch(subject)).schema
            assert (stored.metadata, stored.rule_set) == (schema.metadata, schema.rule_set)
            return
        with pytest.raises(errors.Unsupported) as refused:
            await registry.register(subject, schema)
        assert len(str(refused.value)) > 20
        with pytest.raises(errors.SubjectNotFound):
            await registry.versions(subject)

    async def test_6_an_imposed_id_is_obeyed_or_refused(self, registry: Registry, subject: str, schema: Schema) -> None:
        await registry.ping()
        if not registry.capabilities.has(Feature.IMPORT_IDS):
            with pytest.raises(errors.Unsupported):
                await registry.register(subject, schema, native_id=777_777)
            return
        await self._import_mode(registry, subject)
        native_id = 700_000_000 + uuid.uuid4().int % 100_000_000
        stored = await registry.register(subject, schema, native_id=native_id, version=3)
        assert (stored.native_id, stored.version) == (native_id, 3)
        assert (await registry.fetch_by_id(native_id)).text == stored.schema.text
        with pytest.raises((errors.IdTaken, errors.NotPermitted)):
            await registry.register(subject, sample(schema.format, 4), native_id=native_id, version=4)

    async def _import_mode(self, registry: Registry, subject: str) -> None:
        """Old servers import in any mode, and know no mode for it."""
        if isinstance(registry, HoldsModes) and registry.capabilities.has(Feature.MODES):
            try:
                await registry.set_mode(subject, "IMPORT")
            except errors.NotPermitted:
                return

    async def test_6_references_resolve_or_are_refused(
        self, registry: Registry, subject: str, other_subject: str
    ) -> None:
        for kind in sorted(registry.capabilities.formats):
            name = f"{other_subject}-{kind}"
            target = await registry.register(name, sample(kind))
            candidate = referring(kind, name, target.version)
            if kind not in registry.capabilities.references:
                with pytest.raises(errors.Unsupported):
                    await registry.register(f"{subject}-{kind}", candidate)
                continue
            stored = await registry.register(f"{subject}-{kind}", candidate)
            assert stored.schema.references == candidate.references
            found = await registry.lookup(f"{subject}-{kind}", candidate)
            assert found is not None
            assert found.schema.references == candidate.references

    async def test_6_a_dangling_reference_is_refused(self, registry: Registry, subject: str, schema: Schema) -> None:
        dangling = replace(schema, references=(Reference("Nobody", f"{subject}-nobody", 1),))
        with pytest.raises(errors.Refused):
            await registry.register(subject, dangling)

    # 7 ------------------------------------------------------------------------------------------

    async def test_7_versions_are_never_renumbered(self, registry: Registry, subject: str) -> None:
        kind = self.format_of(registry)
        stored = [await registry.register(subject, sample(kind, variant)) for variant in range(3)]
        numbers = [each.version for each in stored]
        assert numbers == sorted(set(numbers))
        assert min(numbers) > 0
        if not registry.capabilities.has(Feature.DELETE_VERSION):
            return
        await registry.delete(subject, numbers[1], permanent=at_once(registry))
        assert await registry.versions(subject) == [numbers[0], numbers[2]]
        assert (await registry.register(subject, sample(kind, 7))).version > numbers[2]

    async def test_7_lists_are_sorted(self, registry: Registry, subject: str, schema: Schema) -> None:
        for suffix in ("b", "a", "C"):
            await registry.register(f"{subject}-{suffix}", schema)
        names = await registry.subjects()
        assert names == sorted(names)
        assert {f"{subject}-{suffix}" for suffix in "abC"} <= set(names)

    # 8 ------------------------------------------------------------------------------------------

    async def test_8_every_way_to_a_text_gives_the_same(self, registry: Registry, subject: str) -> None:
        for kind in sorted(registry.capabilities.formats):
            sent = sample(kind, 2)
            stored = await registry.register(f"{subject}-{kind}", sent)
            found = await registry.lookup(f"{subject}-{kind}", sent)
            assert found is not None
            texts = {
                stored.schema.text,
                found.schema.text,
                (await registry.fetch(f"{subject}-{kind}")).schema.text,
                (await registry.fetch(f"{subject}-{kind}", 1)).schema.text,
                (await registry.fetch_by_id(stored.native_id)).text,
            }
            assert len(texts) == 1
            assert (await registry.fetch_by_id(stored.native_id)).format is kind
            if kind in {Format.PARQUET, Format.SQL_DDL}:
                assert texts.pop() == sent.text, "nobody has a canonical form of it"
            elif kind is not Format.PROTOBUF:
                assert json.loads(texts.pop()) == json.loads(sent.text)

    # 9 ------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", AWKWARD_NAMES)
    async def test_9_a_subject_travels_byte_for_byte_or_is_refused(
        self, registry: Registry, subject: str, schema: Schema, name: str
    ) -> None:
        awkward = f"{name} {subject}"
        try:
            stored = await registry.register(awkward, schema)
        except errors.SubjectRefused:
            return
        assert stored.subject == awkward
        assert awkward in await registry.subjects()
        assert await registry.versions(awkward) == [stored.version]
        assert await registry.delete(awkward, permanent=at_once(registry)) == [stored.version]

    @pytest.mark.parametrize("name", ["", ".", "..", "lone\ud800surrogate"])
    async def test_9_what_cannot_travel_is_refused(self, registry: Registry, schema: Schema, name: str) -> None:
        with pytest.raises((errors.SubjectRefused, errors.SubjectNotFound)):
            await registry.versions(name)
