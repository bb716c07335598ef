"""Snowflake beyond the contract of catalogs: statements, plans, names, listings, and the SQL API's own ways."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decapolis_formats import Format
from decapolis_formats.types import Decimal, Integer, List, Map, Struct, Text, Variant
from decapolis_translators import errors
from decapolis_translators.catalog import Document, Step
from decapolis_translators.snowflake import SnowflakeCatalog
from decapolis_translators.snowflake.column_types import read_type
from decapolis_translators.snowflake.naming import Naming, decoded, encoded
from decapolis_translators.snowflake.planning import planned
from decapolis_translators.snowflake.statements import identifier, literal
from decapolis_translators.snowflake.tables import marked, unmarked
from decapolis_translators.testing.catalog_suite import FIRST, WIDER, model_of, record
from decapolis_translators.testing.fakes.snowflake import SnowflakeFake
from decapolis_translators.testing.fakes.snowflake_tables import HeldColumn
from decapolis_translators.testing.samples import sample

from .snowflake import STATEMENTS, follow, opened

NAMES = Naming("DB", "PUBLIC")


@pytest.fixture
def fake() -> SnowflakeFake:
    return SnowflakeFake()


@pytest.fixture
async def catalog(fake: SnowflakeFake) -> AsyncIterator[SnowflakeCatalog]:
    async with opened(fake) as catalog:
        yield catalog


# --- names


@pytest.mark.parametrize(
    ("subject", "table"),
    [
        ("orders-value", "DB.PUBLIC.orders"),
        ("orders-key", "DB.PUBLIC.orders__key"),
        ("orders", "DB.PUBLIC.orders__record"),
        ("com.acme.Order", "DB.PUBLIC.com$2eacme$2e$4frder__record"),
        ("orders__key-value", "DB.PUBLIC.orders$5f$5fkey"),
        ("DB.SALES.ORDERS", "DB.SALES.ORDERS"),
        ("DB.PUBLIC.ORDERS", "DB.PUBLIC.ORDERS"),
        ("DB.PUBLIC.a.b", "DB.PUBLIC.a.b"),
    ],
)
def test_a_subject_has_its_table(subject: str, table: str) -> None:
    assert NAMES.table_of(subject) == table
    assert NAMES.subject_of(table) == subject


@pytest.mark.parametrize("subject", ["DB.PUBLIC.orders", "", ":.ctx:a", "a\nb", "é" * 50, f"DB.S.{'x' * 256}"])
def test_a_subject_without_a_table_is_refused(subject: str) -> None:
    with pytest.raises(errors.SubjectRefused):
        NAMES.table_of(subject)


def test_a_template_stands_around_the_names_of_topics() -> None:
    names = Naming("DB", "PUBLIC", "kafka_{name}_t")
    assert names.table_of("orders-value") == "DB.PUBLIC.kafka_orders_t"
    assert names.table_of("DB.PUBLIC.orders") == "DB.PUBLIC.orders"
    assert names.subject_of("DB.PUBLIC.kafka_orders_t") == "orders-value"
    assert names.subject_of("DB.PUBLIC.kafka_t") == "DB.PUBLIC.kafka_t"
    with pytest.raises(errors.SubjectRefused, match="'orders-value'"):
        names.table_of("DB.PUBLIC.kafka_orders_t")


_pieces = st.sampled_from(["DB", "PUBLIC", ".", "-value", "-key", "__key", "__record", "$", "5f", "a", "A", "_", "é"])
_subjects = st.one_of(st.text(max_size=12), st.lists(_pieces, max_size=7).map("".join))


@given(st.lists(_subjects, min_size=2, max_size=6, unique=True), st.sampled_from(["{name}", "a{name}", "{name}__key"]))
def test_two_subjects_never_have_one_table(subjects: list[str], template: str) -> None:
    names = Naming("DB", "PUBLIC", template)
    tables = []
    for subject in subjects:
        try:
            tables.append(names.table_of(subject))
        except errors.SubjectRefused:
            continue
        assert names.subject_of(tables[-1]) == subject
    assert len(set(tables)) == len(tables)


@given(_subjects.filter(bool))
def test_every_table_is_one_subjects(name: str) -> None:
    """A name that is nobody's escaped form is shown under its three parts, and that leads back to it."""
    if decoded(name) is not None:
        assert encoded(decoded(name) or "") == name
    subject = NAMES.subject_of(f"DB.PUBLIC.{name}")
    try:
        assert NAMES.table_of(subject) == f"DB.PUBLIC.{name}"
    except errors.SubjectRefused:
        assert not name.isprintable()


@given(st.text(), st.text())
def test_names_and_texts_cannot_end_early(name: str, text: str) -> None:
    assert identifier(name)[1:-1].replace('""', "") == name.replace('"', "")
    inner = literal(text)[1:-1].replace("\\\\", "").replace("\\'", "")
    assert "'" not in inner


@given(st.one_of(st.none(), st.text(min_size=1)), st.text())
def test_the_mark_comes_back(doc: str | None, subject: str) -> None:
    assert unmarked(marked(doc, subject)) == (doc, subject)


@pytest.mark.parametrize("comment", [None, "", "words", "decapolis:{", 'decapolis:{"subject":1}', "decapolis:[]"])
def test_what_is_no_mark_marks_nothing(comment: str | None) -> None:
    assert unmarked(comment)[1] is None


# --- types


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("NUMBER(38,0)", Decimal(38, 0)),
        ("VARCHAR(16777216)", Text()),
        ("VARCHAR(134217728)", Text()),
        ("VARCHAR(10)", Text(10)),
        ("ARRAY", List(Variant(), nullable=True)),
        ("OBJECT", Variant()),
        ("ARRAY(NUMBER(10,0) NOT NULL)", List(Decimal(10, 0))),
        ("MAP(VARCHAR(16777216), VARCHAR(5) NOT NULL)", Map(Text(), Text(5))),
        ("GEOGRAPHY", Text()),
        ("VECTOR(FLOAT, 3)", Text()),
        ("NUMBER(38", Text()),
    ],
)
def test_types_are_read(text: str, type: Any) -> None:
    assert read_type(text) == type


def test_members_are_read_with_their_names() -> None:
    read = read_type('OBJECT(city VARCHAR(16777216), "a ""b""" OBJECT(Zip NUMBER(5,0) NOT NULL) NOT NULL)')
    assert isinstance(read, Struct)
    assert [(each.name, each.nullable) for each in read.fields] == [("city", True), ('a "b"', False)]
    inner = read.fields[1].type
    assert isinstance(inner, Struct)
    assert [(each.name, each.type, each.nullable) for each in inner.fields] == [("Zip", Decimal(5, 0), False)]


# --- plans


async def test_the_statement_that_makes_a_table(catalog: SnowflakeCatalog) -> None:
    body = json.loads(FIRST) | {"doc": "who's who"}
    body["fields"][0]["doc"] = "it's"
    plan = catalog.plan("orders-value", model_of(json.dumps(body)), None)
    assert len(plan.steps) == 1
    assert plan.steps[0].text == (
        'CREATE TABLE IF NOT EXISTS "DB"."PUBLIC"."orders" (\n'
        "  \"id\" NUMBER(19, 0) NOT NULL COMMENT 'it\\'s',\n"
        '  "name" VARCHAR\n'
        ') COMMENT = \'who\\\'s who\\ndecapolis:{"subject":"orders-value"}\''
    )
    assert str(plan.losses[0]).startswith("id: that it is a binary whole number")


def _optional(name: str, kind: Any = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": ["null", kind], "default": None, **more}


def _number(precision: int, scale: int = 0) -> dict[str, Any]:
    return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}


def _texts(*fields: Any) -> str:
    return json.dumps({"type": "record", "name": "R", "fields": list(fields)})


POSSIBLE: list[tuple[list[Any], list[Any], list[str]]] = [
    ([_optional("a")], [_optional("a"), _optional("b")], ["add"]),
    ([_optional("a")], [_optional("a"), {"name": "b", "type": "int", "default": 3}], ["add"]),
    ([_optional("a")], [_optional("a"), {"name": "b", "type": "string", "default": "it's"}], ["add"]),
    ([_optional("a"), _optional("b")], [_optional("a")], ["drop"]),
    ([_optional("a", "int")], [_optional("a", "long")], ["type"]),
    ([_optional("a", _number(5, 2))], [_optional("a", _number(9, 2))], ["type"]),
    ([{"name": "a", "type": "int"}], [_optional("a", "int")], ["relax"]),
    ([_optional("a", "int")], [{"name": "a", "type": "int"}], ["tighten"]),
    ([_optional("a")], [_optional("a", doc="new")], ["comment"]),
    ([_optional("a", doc="old")], [_optional("a")], ["comment"]),
    ([_optional("a")], [_optional("z", aliases=["a"])], ["rename"]),
    ([_optional("a", "int")], [_optional("z", "long", aliases=["a"])], ["rename", "type"]),
    ([_optional("a", "float")], [_optional("a", "double")], []),
]
_IN = {"type": "record", "name": "In", "fields": [{"name": "x", "type": "int"}]}
_IN_WIDER = {**_IN, "fields": [*_IN["fields"], _optional("y")]}
IMPOSSIBLE: list[tuple[Any, Any, str]] = [
    (_optional("a"), _optional("a", "int"), "column a: from VARCHAR.* to NUMBER.*, because .* different one"),
    (
        _optional("a", "long"),
        _optional("a", "int"),
        "column a: from NUMBER.19,0. to NUMBER.10, 0., because .* narrower",
    ),
    (_optional("a", _number(5, 2)), _optional("a", _number(9, 3)), "because Snowflake never changes the scale"),
    (_optional("a", "int"), _optional("a", "double"), "to FLOAT, because"),
    (_optional("a", _IN), _optional("a", _IN_WIDER), "inside a structured column"),
    (_optional("a"), {"name": "b", "type": "bytes"}, "column b: Snowflake adds a required column of BINARY only with"),
]


@pytest.mark.parametrize(("before", "after", "kinds"), POSSIBLE, ids=lambda given: None)
async def test_what_can_be_done_is_planned_and_taken(
    catalog: SnowflakeCatalog, before: list[Any], after: list[Any], kinds: list[str]
) -> None:
    await follow(catalog, "orders-value", _texts(*before))
    plan = await follow(catalog, "orders-value", _texts(*after))
    assert [step.what for step in plan.steps] == kinds
    for step in plan.steps:  # once more changes nothing
        await catalog.apply("DB.PUBLIC.orders", step)
    assert (await follow(catalog, "orders-value", _texts(*after))).steps == ()


@pytest.mark.parametrize(("before", "after", "words"), IMPOSSIBLE, ids=lambda given: None)
async def test_what_cannot_be_done_is_told_and_the_engine_agrees(
    catalog: SnowflakeCatalog, fake: SnowflakeFake, before: Any, after: Any, words: str
) -> None:
    await follow(catalog, "orders-value", _texts(before))
    writes = fake.account.table_writes
    plan = await follow(catalog, "orders-value", _texts(after))
    assert len(plan.impossible) == 1
    assert re.search(words, plan.impossible[0]), plan.impossible
    assert fake.account.table_writes == writes
    fake.tables()["orders"].rows.append({before["name"]: "x"})
    columns = planned("orders-value", "DB.PUBLIC.orders", model_of(_texts(after)), None, None).steps[0].text
    new = columns.splitlines()[1].strip()
    name, _, type = new.partition(" ")
    added = f"ADD COLUMN {new}" if name != '"a"' else f"ALTER COLUMN {name} SET DATA TYPE {type}"
    with pytest.raises(errors.Incompatible):
        await catalog.apply("DB.PUBLIC.orders", Step("type", "a", f'ALTER TABLE "DB"."PUBLIC"."orders" {added}'))


async def test_the_engine_refuses_what_a_plan_did_not_know(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    await follow(catalog, "orders-value", FIRST)
    fake.tables()["orders"].rows.append({"id": 1, "name": None})
    step = Step("tighten", "name", 'ALTER TABLE "DB"."PUBLIC"."orders" ALTER COLUMN "name" SET NOT NULL')
    with pytest.raises(errors.Incompatible, match="contains null values"):
        await catalog.apply("DB.PUBLIC.orders", step)
    step = Step("type", "name", 'ALTER TABLE "DB"."PUBLIC"."orders" ALTER COLUMN "name" SET DATA TYPE FLOAT')
    with pytest.raises(errors.Incompatible, match="cannot change column"):
        await catalog.apply("DB.PUBLIC.orders", step)


async def test_a_table_that_went_is_a_conflict(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    await follow(catalog, "orders-value", FIRST)
    plan = catalog.plan("orders-value", model_of(WIDER), await catalog.table("DB.PUBLIC.orders"))
    fake.tables().clear()
    with pytest.raises(errors.WriteConflict, match="moved"):
        await catalog.apply("DB.PUBLIC.orders", plan.steps[0])


async def test_letter_case_and_order(catalog: SnowflakeCatalog) -> None:
    await follow(catalog, "orders-value", _texts(_optional("a"), _optional("A")))
    plan = await follow(catalog, "orders-value", _texts(_optional("a"), _optional("b"), _optional("A")))
    table = await catalog.table("DB.PUBLIC.orders")
    assert table is not None
    assert [each.name for each in table.columns] == ["a", "A", "b"]
    assert {loss.path for loss in plan.losses if "place" in loss.what} == {"b", "A"}


async def test_tables_of_iceberg_evolve_inside(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    await follow(catalog, "orders-value", _texts(_optional("a", _IN)))
    fake.tables()["orders"].iceberg = True
    plan = await follow(catalog, "orders-value", _texts(_optional("a", _IN_WIDER)))
    assert [step.text.partition(" ALTER")[0] for step in plan.steps] == ['ALTER ICEBERG TABLE "DB"."PUBLIC"."orders"']
    assert fake.tables()["orders"].column("a") == HeldColumn(
        "a", "OBJECT(x NUMBER(10,0) NOT NULL, y VARCHAR(16777216))", nullable=True
    )


async def test_subjects_as_tags_where_there_are_any(fake: SnowflakeFake) -> None:
    async with opened(fake, tag="DB.PUBLIC.SR_SUBJECT") as catalog:
        plan = await follow(catalog, "orders-value", FIRST)
        assert [step.what for step in plan.steps] == ["create", "tag", "tag"]
        assert fake.tables()["orders"].tags == {"SR_SUBJECT": "orders-value"}
        fake.account.tags_supported = False
        await follow(catalog, "users-value", FIRST)
    assert fake.tables()["users"].tags == {}


async def test_a_missing_schema_is_named_before_anything_is_made(fake: SnowflakeFake) -> None:
    async with opened(fake, schema="NOWHERE") as catalog:
        with pytest.raises(errors.NotPermitted, match=r"Schema DB.NOWHERE does not exist, or the role lacks USAGE"):
            await catalog.table(catalog.table_of("orders-value"))


async def test_a_schema_that_a_subject_names_may_be_missing(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    name = "DB.SALES.ORDERS"
    assert await catalog.table(name) is None
    assert "Schema DB.SALES does not exist" in catalog.plan(name, model_of(FIRST), None).impossible[0]
    fake.account.databases["DB"]["SALES"] = {}
    assert not (await follow(catalog, name, FIRST)).impossible
    assert list(fake.tables("SALES")) == ["ORDERS"]


# --- listings and calls


async def test_many_tables_are_listed_in_one_call_and_more_in_pages(fake: SnowflakeFake) -> None:
    for number in range(1_050):
        fake.put(f"T{number:05}", HeldColumn("ID", "NUMBER(38,0)"))
    async with opened(fake) as catalog:
        assert len(await catalog.tables()) == 1_050
    assert fake.calls[STATEMENTS] == 1
    assert fake.calls["GET /api/v2/statements/{handle}"] == 1, "the second part of the answer"
    for number in range(1_050, 20_001):
        fake.put(f"T{number:05}", HeldColumn("ID", "NUMBER(38,0)"))
    fake.partition_rows = 100_000
    async with opened(fake) as catalog:
        assert len(await catalog.tables()) == 20_001
    assert fake.calls[STATEMENTS] == 1 + 3


async def test_globs_and_schemas_choose_what_is_shown(fake: SnowflakeFake) -> None:
    fake.account.databases["DB"] |= {"SALES": {}, "HIDDEN": {}}
    for schema in ("PUBLIC", "SALES", "HIDDEN"):
        fake.put("ORDERS", HeldColumn("ID", "NUMBER(38,0)"), schema=schema)
        fake.put("TMP", HeldColumn("ID", "NUMBER(38,0)"), schema=schema)
    async with opened(fake, schemas=["SALES"], tables=["*.ORDERS"]) as catalog:
        assert await catalog.tables() == ["DB.PUBLIC.ORDERS", "DB.SALES.ORDERS"]


async def test_calls_per_operation(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    """The figures of docs/registries/snowflake.md."""
    document = Document("orders-value", 1, 7, sample(Format.AVRO), created_ms=1)

    async def calls(work: Any) -> int:
        before = fake.calls.total()
        await work
        return fake.calls.total() - before

    assert await calls(catalog.ping()) == 1
    assert await calls(catalog.tables()) == 1
    assert await calls(catalog.table("DB.PUBLIC.orders")) == 1
    assert await calls(follow(catalog, "orders-value", FIRST)) == 1 + 1
    assert await calls(catalog.table("DB.PUBLIC.orders")) == 2
    assert await calls(follow(catalog, "orders-value", WIDER)) == 2 + 1
    assert await calls(catalog.mirror(document)) == 1 + 3, "the first copy makes the table"
    assert await calls(catalog.mirror(replace(document, version=2))) == 1
    assert await calls(catalog.mirrored()) == 1
    assert await calls(catalog.unmirror("orders-value", 1)) == 1
    assert await calls(catalog.drop("DB.PUBLIC.orders")) == 1
    assert {each.raw_path.split("/statements")[0] for each in fake.requests} == {"/api/v2"}


async def test_every_name_is_quoted_and_values_are_bound(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    await catalog.mirror(Document("it's'; DROP", 1, 7, sample(Format.AVRO), created_ms=1))
    await catalog.unmirror("it's'; DROP", 1)
    merge = next(text for text in fake.engine.statements if text.startswith("MERGE"))
    assert "DROP" not in "".join(fake.engine.statements)
    assert merge.count("?") == 11


# --- the history


async def test_a_version_is_claimed_once(fake: SnowflakeFake) -> None:
    made = Document("s", 1, 7, sample(Format.AVRO), created_ms=1_000)
    async with opened(fake) as first, opened(fake) as second:
        await asyncio.gather(*(catalog.mirror(made) for catalog in (first, second)))
        assert list(await second.mirrored()) == [made]
        with pytest.raises(errors.WriteConflict, match="another gateway's"):
            await second.mirror(replace(made, public_id=8, created_ms=999))
        await second.mirror(replace(made, public_id=9, created_ms=1_001))
        assert [each.public_id for each in await first.mirrored()] == [9]


async def test_without_a_mirror_nothing_is_kept(fake: SnowflakeFake) -> None:
    async with opened(fake, mirror=False) as catalog:
        await catalog.mirror(Document("s", 1, 7, sample(Format.AVRO)))
        await catalog.unmirror("s", 1)
        assert await catalog.mirrored() == ()
    assert fake.calls.total() == 0


async def test_a_history_that_cannot_be_read_is_told(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    await catalog.mirror(Document("s", 1, 7, sample(Format.AVRO), created_ms=1))
    fake.tables("SR_GATEWAY")["SCHEMA_VERSIONS"].rows[0]["metadata"] = "{"
    with pytest.raises(errors.Garbled, match="row of the history"):
        await catalog.mirrored()


# --- the API's own ways


async def test_long_statements_are_waited_for(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    fake.polls = 2
    await follow(catalog, "orders-value", FIRST)
    assert list(fake.tables()) == ["orders"]
    fake.refuse_next("000604", "57014", "SQL execution canceled")
    with pytest.raises(errors.Unreachable, match="ended"):
        await catalog.tables()


async def test_statements_that_run_too_long_are_given_up(fake: SnowflakeFake) -> None:
    fake.polls = 1_000
    async with opened(fake, timeout=0.3) as catalog:
        with pytest.raises(errors.Unreachable) as caught:
            await catalog.drop("DB.PUBLIC.orders")
    assert caught.value.sent


async def test_a_lost_answer_is_asked_for_under_the_same_id(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> None:
    await follow(catalog, "orders-value", FIRST)
    body = _texts({"name": "id", "type": "long"}, _optional("name"), {"name": "c", "type": "int", "default": 1})
    fake.lose_answers(path="/api/v2/statements", method="POST", times=1)
    plan = catalog.plan("orders-value", model_of(body), await _seen(catalog, fake))
    fake.lose_answers(path="/api/v2/statements", method="POST")
    before = len(fake.engine.statements)
    await catalog.apply("DB.PUBLIC.orders", plan.steps[0])
    first, again = list(fake.requests)[-2:]
    assert first.query["requestId"] == again.query["requestId"]
    assert uuid.UUID(first.query["requestId"])
    assert (first.flag("retry"), again.flag("retry")) == (False, True)
    assert len(fake.engine.statements) == before + 1, "it ran once"


async def _seen(catalog: SnowflakeCatalog, fake: SnowflakeFake) -> Any:
    with pytest.raises(errors.Unreachable):
        await catalog.table("DB.PUBLIC.orders")
    fake.calm()
    return await catalog.table("DB.PUBLIC.orders")


async def test_a_statement_stays_alone(catalog: SnowflakeCatalog) -> None:
    with pytest.raises(errors.Incompatible, match="statement count"):
        await catalog.apply("DB.PUBLIC.x", Step("drop", "", 'DROP TABLE "a"; DROP TABLE "b"'))


# --- Horizon


async def test_horizon_is_asked_only_where_that_is_wished(fake: SnowflakeFake) -> None:
    async with opened(fake) as catalog:
        assert (await catalog.ping()).facts["horizon"] == "not asked: `horizon` is false"
    async with opened(fake, horizon=True) as catalog:
        assert (await catalog.ping()).facts["horizon"].startswith("does not answer")
        fake.horizon = True
        assert (await catalog.ping()).facts["horizon"] == "answers, prefix DB"


async def test_tables_of_iceberg_are_read_through_horizon(fake: SnowflakeFake) -> None:
    fake.horizon = True
    columns = (HeldColumn("ID", "NUMBER(10,0)", nullable=False), HeldColumn("NAME", "VARCHAR(16777216)"))
    made = fake.put("ICE", *columns, iceberg=True)
    async with opened(fake, horizon=True) as catalog:
        table = await catalog.table("DB.PUBLIC.ICE")
        assert table is not None
        assert (table.kind, table.native_ref) == ("iceberg", f"{made.uuid}/0")
        assert [(each.name, each.type, each.id) for each in table.model.fields] == [
            ("ID", Integer(32), 1),
            ("NAME", Text(), 2),
        ]
        fake.horizon = False
        table = await catalog.table("DB.PUBLIC.ICE")
        assert table is not None
        assert table.model.fields[0].type == Decimal(10, 0), "as SQL shows it"


async def test_a_plan_compares_columns_as_sql_shows_them(fake: SnowflakeFake) -> None:
    fake.horizon = True
    fake.put("ICE", HeldColumn("ID", "NUMBER(10,0)", nullable=False), iceberg=True)
    async with opened(fake, horizon=True) as catalog:
        current = await catalog.table("DB.PUBLIC.ICE")
        plan = catalog.plan("DB.PUBLIC.ICE", model_of(record(("ID", "int"))), current)
        assert [step.what for step in plan.steps] == ["comment"], "it only becomes ours"
