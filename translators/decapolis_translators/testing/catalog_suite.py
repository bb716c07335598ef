"""The contract of `decapolis_translators.catalog` as tests, for every type of catalog.

    class TestMine(CatalogContract):
        @pytest.fixture
        async def catalog(self): ...   # yields an opened catalog that may make tables; it may be a shared one

Runs under pytest-asyncio in auto mode. What an engine cannot do is a plan that says so, and then nothing was changed.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import replace
from typing import Any

import pytest

from decapolis_formats import Format, Metadata, Reference, Rule, RuleSet, Schema
from decapolis_formats.transform import read_model
from decapolis_formats.types import Model, Struct
from decapolis_translators import errors
from decapolis_translators.catalog import Catalog, Document, Plan

from .samples import sample

AnyCatalog = Catalog[Any]

AWKWARD = ("Upper", "dots.and.more", "a/b c+d%e", "ünï-日本", "colon:in", "_x41_", "x" * 300, "semi;--'\"`\\")
"""Subjects whose tables must not meet."""


def record(*fields: tuple[str, Any]) -> str:
    """An Avro record; a type in a list with null is nullable."""
    made = [
        {"name": name, "type": kind, **({"default": None} if isinstance(kind, list) else {})} for name, kind in fields
    ]
    return json.dumps({"type": "record", "name": "Row", "fields": made}, separators=(",", ":"))


FIRST = record(("id", "long"), ("name", ["null", "string"]))
WIDER = record(("id", "long"), ("name", ["null", "string"]), ("note", ["null", "string"]))


def model_of(text: str) -> Model:
    """The type model of an Avro text."""
    return read_model(text, Format.AVRO).model


class CatalogContract:
    """Subclass it, give it a fixture `catalog`, and every guarantee becomes a test of yours."""

    @pytest.fixture
    def subject(self) -> str:
        """A subject that nobody has used; in a shared catalog too."""
        return f"contract_{uuid.uuid4().hex[:12]}"

    @pytest.fixture
    def unreachable(self) -> AnyCatalog | None:
        """An instance whose catalog cannot be reached; None for types without a network."""
        return None

    async def followed(self, catalog: AnyCatalog, subject: str, text: str) -> Plan:
        """The plan for a document, done."""
        name = catalog.table_of(subject)
        plan = catalog.plan(subject, model_of(text), await catalog.table(name))
        assert not plan.impossible
        for step in plan.steps:
            await catalog.apply(name, step)
        return plan

    # --- tables

    async def test_opening_twice_and_closing_twice(self, catalog: AnyCatalog) -> None:
        await catalog.open()
        await catalog.close()
        await catalog.close()
        await catalog.open()
        await catalog.ping()

    async def test_opening_needs_no_network(self, unreachable: AnyCatalog | None) -> None:
        if unreachable is None:
            pytest.skip("this type has no network to be without")
        await unreachable.open()
        with pytest.raises(errors.RegistryFault):
            await unreachable.tables()
        await unreachable.close()

    async def test_what_is_not_there_is_none(self, catalog: AnyCatalog, subject: str) -> None:
        assert await catalog.table(catalog.table_of(subject)) is None
        await catalog.drop(catalog.table_of(subject))
        await catalog.unmirror(subject, 1)

    async def test_a_table_is_made_and_seen(self, catalog: AnyCatalog, subject: str) -> None:
        await self.followed(catalog, subject, FIRST)
        name = catalog.table_of(subject)
        table = await catalog.table(name)
        assert table is not None
        assert (table.name, table.subject) == (name, subject)
        assert [(each.name, each.nullable) for each in table.columns] == [("id", False), ("name", True)]
        assert [each.name for each in table.model.fields] == ["id", "name"]
        assert name in await catalog.tables()

    async def test_a_plan_that_was_done_is_empty(self, catalog: AnyCatalog, subject: str) -> None:
        await self.followed(catalog, subject, FIRST)
        assert (await self.followed(catalog, subject, FIRST)).steps == ()

    async def test_a_table_follows(self, catalog: AnyCatalog, subject: str) -> None:
        await self.followed(catalog, subject, FIRST)
        before = await catalog.table(catalog.table_of(subject))
        plan = await self.followed(catalog, subject, WIDER)
        after = await catalog.table(catalog.table_of(subject))
        assert before is not None
        assert after is not None
        assert plan.steps
        assert [each.name for each in after.columns] == ["id", "name", "note"]
        assert before.fingerprint != after.fingerprint

    async def test_steps_may_be_repeated(self, catalog: AnyCatalog, subject: str) -> None:
        name = catalog.table_of(subject)
        for text in (FIRST, WIDER):
            plan = catalog.plan(subject, model_of(text), await catalog.table(name))
            for step in (*plan.steps, *plan.steps):
                try:
                    await catalog.apply(name, step)
                except errors.WriteConflict:
                    break  # who sees that the table moved plans again
        table = await catalog.table(name)
        assert table is not None
        assert [each.name for each in table.columns] == ["id", "name", "note"]

    async def test_what_cannot_be_done_is_said_and_not_done(self, catalog: AnyCatalog, subject: str) -> None:
        """From text to a number no engine goes; those that hold descriptions alone just write the new one."""
        await self.followed(catalog, subject, FIRST)
        name = catalog.table_of(subject)
        before = await catalog.table(name)
        plan = catalog.plan(subject, model_of(record(("id", "long"), ("name", ["null", "int"]))), before)
        if not plan.impossible:
            for step in plan.steps:
                await catalog.apply(name, step)
        assert all(len(sentence) > 5 for sentence in plan.impossible)
        after = await catalog.table(name)
        assert before is not None
        assert after is not None
        assert (after.fingerprint == before.fingerprint) is bool(plan.impossible)

    async def test_a_dropped_table_is_gone(self, catalog: AnyCatalog, subject: str) -> None:
        await self.followed(catalog, subject, FIRST)
        name = catalog.table_of(subject)
        await catalog.drop(name)
        assert await catalog.table(name) is None
        assert name not in await catalog.tables()

    async def test_many_tasks_at_once(self, catalog: AnyCatalog, subject: str) -> None:
        subjects = [f"{subject}_{number}" for number in range(6)]
        await asyncio.gather(*(self.followed(catalog, each, FIRST) for each in subjects))
        tables = await asyncio.gather(*(catalog.table(catalog.table_of(each)) for each in subjects))
        assert [table.subject if table else None for table in tables] == subjects

    @pytest.mark.parametrize("kind", ["boolean", "int", "long", "float", "double", "bytes", "string"])
    async def test_scalars_come_back(self, catalog: AnyCatalog, subject: str, kind: str) -> None:
        await self.followed(catalog, subject, record(("c", ["null", kind])))
        table = await catalog.table(catalog.table_of(subject))
        assert table is not None
        assert len(table.model.fields) == 1
        wanted = model_of(record(("c", ["null", kind])))
        assert not catalog.plan(subject, wanted, table).steps

    async def test_nested_types_come_back(self, catalog: AnyCatalog, subject: str) -> None:
        inner = {"type": "record", "name": "In", "fields": [{"name": "x", "type": "int"}]}
        text = record(
            ("r", inner),
            ("l", {"type": "array", "items": "string"}),
            ("m", {"type": "map", "values": "long"}),
            ("e", {"type": "enum", "name": "E", "symbols": ["A", "B"]}),
            ("d", {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}),
            ("t", {"type": "long", "logicalType": "timestamp-micros"}),
            ("day", {"type": "int", "logicalType": "date"}),
        )
        await self.followed(catalog, subject, text)
        table = await catalog.table(catalog.table_of(subject))
        assert table is not None
        assert not catalog.plan(subject, model_of(text), table).steps
        assert isinstance(table.model, Struct)

    # --- names

    async def test_two_subjects_never_have_one_table(self, catalog: AnyCatalog, subject: str) -> None:
        tables: dict[str, str] = {}
        for name in (*AWKWARD, *(name.upper() for name in AWKWARD), *(name.lower() for name in AWKWARD)):
            try:
                table = catalog.table_of(f"{subject}{name}")
            except errors.SubjectRefused:
                continue
            assert tables.setdefault(table, f"{subject}{name}") == f"{subject}{name}"

    @pytest.mark.parametrize("name", AWKWARD)
    async def test_a_subject_is_kept_byte_for_byte_or_refused(
        self, catalog: AnyCatalog, subject: str, name: str
    ) -> None:
        awkward = f"{subject}{name}"
        try:
            table_name = catalog.table_of(awkward)
        except errors.SubjectRefused:
            return
        await self.followed(catalog, awkward, FIRST)
        table = await catalog.table(table_name)
        assert table is not None
        assert table.subject == awkward

    @pytest.mark.parametrize("text", ["'; drop table x;--", 'a"b`c\\d', "${x}", "é\n\t"])
    async def test_words_of_others_stay_words(self, catalog: AnyCatalog, subject: str, text: str) -> None:
        body = json.loads(FIRST)
        body["fields"][0]["doc"] = text
        await self.followed(catalog, subject, json.dumps(body))
        table = await catalog.table(catalog.table_of(subject))
        assert table is not None
        assert [each.name for each in table.columns] == ["id", "name"]
        assert table.columns[0].doc in {text, None}

    # --- copies

    async def test_copies_come_back_byte_for_byte(self, catalog: AnyCatalog, subject: str) -> None:
        rules = RuleSet(domain_rules=(Rule(name="hide", kind="TRANSFORM", mode="WRITEREAD", type="ENCRYPT"),))
        whole = Schema(
            Format.AVRO, FIRST, (Reference("N", "other", 2),), Metadata(properties={"owner": 'bob\'s "x"'}), rules
        )
        kept = [
            Document(subject, 1, 1_000_000_001, whole, created_ms=1_700_000_000_000),
            Document(subject, 2, 1_000_000_002, sample(Format.JSON_SCHEMA), created_ms=1_700_000_000_001),
            Document(subject, 3, 1_000_000_003, sample(Format.PROTOBUF), created_ms=1_700_000_000_002),
        ]
        await self.followed(catalog, subject, FIRST)
        for document in kept:
            await catalog.mirror(document)
        copies = [copy for copy in await catalog.mirrored() if copy.subject == subject]
        if not copies:
            pytest.skip("this catalog has no place for copies")
        assert sorted(copies, key=lambda copy: copy.version) == kept

    async def test_a_copy_is_brought_up_to_date_and_removed(self, catalog: AnyCatalog, subject: str) -> None:
        await self.followed(catalog, subject, FIRST)
        document = Document(subject, 1, 1_000_000_001, sample(Format.AVRO), created_ms=1_700_000_000_000)
        await catalog.mirror(document)
        if not [copy for copy in await catalog.mirrored() if copy.subject == subject]:
            pytest.skip("this catalog has no place for copies")
        await catalog.mirror(replace(document, deleted=True))
        assert [copy for copy in await catalog.mirrored() if copy.subject == subject] == [
            replace(document, deleted=True)
        ]
        await catalog.unmirror(subject, 1)
        assert [copy for copy in await catalog.mirrored() if copy.subject == subject] == []
