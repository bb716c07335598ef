"""Unity Catalog: where subjects have their tables, what each engine can follow, and what an operation costs."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from decapolis_formats import Format
from decapolis_formats.transform import read_model
from decapolis_formats.types import Model
from decapolis_translators import errors
from decapolis_translators.catalog import Document, Plan
from decapolis_translators.testing.fakes.unity_databricks import DatabricksFake
from decapolis_translators.testing.fakes.unity_oss import UnityOssFake
from decapolis_translators.testing.fakes.unity_state import HeldColumn, HeldTable
from decapolis_translators.testing.samples import sample
from decapolis_translators.unity_catalog import UnityCatalog, UnityConfig
from decapolis_translators.unity_catalog.naming import TableNames

from .conftest import ConnectingUnity

OSS = {"storage_location": "s3://lake/sr/"}
BRICKS = {"dialect": "databricks", "warehouse_id": "wh-1"}


def model(*fields: Any, doc: str | None = None) -> Model:
    """An Avro record: a name is an int, a pair has a type, a mapping is a field."""
    made = []
    for each in fields:
        if isinstance(each, str):
            made.append({"name": each, "type": "int"})
        elif isinstance(each, tuple):
            made.append({"name": each[0], "type": each[1]})
        else:
            made.append(each)
    text = {"type": "record", "name": "Row", "fields": made, **({"doc": doc} if doc else {})}
    return read_model(json.dumps(text), Format.AVRO).model


def optional(name: str, kind: Any = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": ["null", kind], "default": None, **more}


async def followed(catalog: UnityCatalog, subject: str, wanted: Model) -> Plan:
    name = catalog.table_of(subject)
    plan = catalog.plan(subject, wanted, await catalog.table(name))
    assert plan.impossible == ()
    for step in plan.steps:
        await catalog.apply(name, step)
    again = catalog.plan(subject, wanted, await catalog.table(name))
    assert (again.steps, again.impossible) == ((), ()), "what was done needs no more"
    return plan


async def refused(catalog: UnityCatalog, subject: str, wanted: Model) -> str:
    plan = catalog.plan(subject, wanted, await catalog.table(catalog.table_of(subject)))
    assert plan.impossible
    return "; ".join(plan.impossible)


async def columns(catalog: UnityCatalog, subject: str) -> list[tuple[str, str, bool]]:
    table = await catalog.table(catalog.table_of(subject))
    assert table is not None
    return [(each.name, each.type, each.nullable) for each in table.columns]


@pytest.fixture
def fake() -> UnityOssFake:
    return UnityOssFake()


@pytest.fixture
def bricks() -> DatabricksFake:
    return DatabricksFake()


@pytest.fixture
async def oss(fake: UnityOssFake, connect_unity: ConnectingUnity) -> UnityCatalog:
    return await connect_unity(fake, **OSS)


@pytest.fixture
async def workspace(bricks: DatabricksFake, connect_unity: ConnectingUnity) -> UnityCatalog:
    return await connect_unity(bricks, **BRICKS)


# --- configuration


def config(**given: Any) -> UnityConfig:
    return UnityConfig.model_validate({"url": "http://unity.test", **given})


def test_the_blueprints_entry_is_one_of_databricks() -> None:
    found = config(url="https://workspace.databricks.com", token="t")
    assert (found.catalog, found.is_databricks) == ("main", True)
    assert config(url="https://adb-1.2.azuredatabricks.net/api/2.1/unity-catalog").is_databricks
    assert not config(url="http://localhost:8080/api/2.1/unity-catalog/").is_databricks
    assert config(url="http://localhost:8080/api/2.1/unity-catalog/").url == ("http://localhost:8080",)
    assert config(warehouse_id="w").is_databricks


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"token": "a", "token_file": "b"}, "not both"),
        ({"client_id": "a"}, "belong together"),
        ({"token": "a", "client_id": "b", "client_secret": "c"}, "give one of"),
        ({"dialect": "databricks", "subject_token": "a"}, "Databricks takes"),
        ({"dialect": "oss", "client_id": "a", "client_secret": "b"}, "for Databricks"),
        ({"table": "fixed"}, "must hold {name}"),
        ({"table": "{name}{name}"}, "must hold {name}"),
        ({"schema": "a.b"}, "schema is a name"),
        ({"properties": {"decapolis.x": "y"}}, "the gateway's own"),
        ({"table_type": "MANAGED"}, "managed table"),
        ({"dialect": "databricks", "table_type": "EXTERNAL"}, "needs storage_location"),
        ({"dialect": "databricks", "table_format": "PARQUET"}, "Delta only"),
        ({"dialect": "databricks", "mirror_functions": "a.b"}, "for the open-source server"),
        ({"dialect": "oss", "mirror_volume": "a.b.c"}, "for Databricks"),
        ({"catalog": "a.b"}, "catalog"),
        ({"warehouse": "x"}, "warehouse"),
    ],
)
def test_what_does_not_fit_together_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        config(**given)
    assert words in str(refusal.value)


# --- names


@pytest.mark.parametrize(
    ("subject", "table"),
    [
        ("orders-value", "main.default.orders"),
        ("orders-key", "main.default.orders__key"),
        ("com.acme.Order", "main.default.com_2eacme_2e_4frder__record"),
        ("orders", "main.default.orders__record"),
        ("orders__key-value", "main.default.orders__key__value"),
        ("Orders-value", "main.default._4frders"),
        ("main.bronze.users", "main.bronze.users"),
        ("dev.bronze.users-value", "main.default.dev_2ebronze_2eusers"),
        ("-value", "main.default._2dvalue__record"),
    ],
)
def test_where_subjects_have_their_tables(subject: str, table: str) -> None:
    for dialect in ("oss", "databricks"):
        names = TableNames(config(dialect=dialect))
        assert names.table_of(subject) == table
        assert names.subject_of(table) == subject


def test_a_mark_must_hold_the_subject() -> None:
    names = TableNames(config())
    assert names.table_of("x" * 249 + "-value") == "main.default." + "x" * 249
    with pytest.raises(errors.SubjectRefused, match="255 characters"):
        names.table_of("x" * 250 + "-value")
    with pytest.raises(errors.SubjectRefused, match="255"):
        names.table_of("ü" * 90 + "-value")


def test_templates() -> None:
    names = TableNames(config(catalog="lake", schema="k_{first}", table="t_{name}_x"))
    assert names.table_of("sales.orders-value") == "lake.k_sales.t_sales_2eorders_x"
    assert names.subject_of("lake.k_sales.t_sales_2eorders_x") == "sales.orders-value"
    assert names.subject_of("lake.other.t_sales_2eorders_x") == "lake.other.t_sales_2eorders_x"


def test_without_a_schema_only_full_names_are_taken() -> None:
    names = TableNames(config(schema=None))
    assert names.table_of("main.default.orders") == "main.default.orders"
    with pytest.raises(
        errors.SubjectRefused, match=r"^Subject must be in format catalog.schema.table, got: orders-value$"
    ):
        names.table_of("orders-value")


def test_a_table_has_one_subject_only() -> None:
    with pytest.raises(errors.SubjectRefused, match="that of subject 'orders-value'"):
        TableNames(config()).table_of("main.default.orders")
    with pytest.raises(errors.SubjectRefused, match="folds names"):
        TableNames(config(dialect="databricks")).table_of("main.bronze.Users")
    assert TableNames(config(dialect="oss")).table_of("main.bronze.Users") == "main.bronze.Users"


pieces = st.sampled_from(
    [
        "main",
        ".",
        "default",
        "bronze",
        "a",
        "A",
        "_",
        "__key",
        "__value",
        "__record",
        "-value",
        "-key",
        "_2d",
        "é",
        "/",
        "_5f",
    ]
)
subjects = st.one_of(st.lists(pieces, min_size=1, max_size=7).map("".join), st.text(min_size=1, max_size=12))
configs = st.sampled_from(
    [
        config(dialect=dialect, **more)
        for dialect in ("oss", "databricks")
        for more in ({}, {"schema": "x{first}", "table": "p_{name}__key"})
    ]
)


@given(first=subjects, second=subjects, chosen=configs)
def test_two_subjects_never_have_one_table(first: str, second: str, chosen: UnityConfig) -> None:
    names = TableNames(chosen)
    found = []
    for subject in (first, second):
        try:
            table = names.table_of(subject)
        except errors.SubjectRefused:
            continue
        assert names.subject_of(table) == subject
        assert names.can_be_shown(table)
        found.append(table.lower() if chosen.is_databricks else table)
    assert len(found) < 2 or first == second or found[0] != found[1]


# --- types


async def test_columns_of_every_type(oss: UnityCatalog, workspace: UnityCatalog) -> None:
    inner = {"type": "record", "name": "In", "fields": [{"name": "x", "type": "int", "doc": "deep"}]}
    wanted = model(
        ("id", "long"),
        optional("name", doc="what's \\ its ${name}\n"),
        ("d", {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}),
        ("u", {"type": "string", "logicalType": "uuid"}),
        ("t", {"type": "long", "logicalType": "timestamp-millis"}),
        ("l", {"type": "long", "logicalType": "local-timestamp-micros"}),
        ("e", {"type": "enum", "name": "E", "symbols": ["A"]}),
        ("r", inner),
        ("a", {"type": "array", "items": {"type": "map", "values": "In"}}),
        doc="Orders",
    )
    for catalog in (oss, workspace):
        plan = await followed(catalog, "orders-value", wanted)
        assert {loss.path for loss in plan.losses} >= {"u", "t", "e"}
        table = await catalog.table("main.default.orders")
        assert table is not None
        assert await columns(catalog, "orders-value") == [
            ("id", "bigint", False),
            ("name", "string", True),
            ("d", "decimal(10,2)", False),
            ("u", "string", False),
            ("t", "timestamp", False),
            ("l", "timestamp_ntz", False),
            ("e", "string", False),
            ("r", "struct<x:int not null>", False),
            ("a", "array<map<string,struct<x:int not null>>>", False),
        ]
        assert (table.doc, table.columns[1].doc) == ("Orders", "what's \\ its ${name}\n")


async def test_the_call_that_makes_a_table(oss: UnityCatalog, fake: UnityOssFake) -> None:
    fake.state.make_schema("main", "bronze")
    await followed(oss, "main.bronze.users", model("id", optional("name")))
    sent = next(each for each in fake.requests if each.method == "POST" and each.raw_path.endswith("/tables"))
    body = json.loads(sent.body)
    assert {key: body[key] for key in ("name", "catalog_name", "schema_name", "table_type", "data_source_format")} == {
        "name": "users",
        "catalog_name": "main",
        "schema_name": "bronze",
        "table_type": "EXTERNAL",
        "data_source_format": "DELTA",
    }
    assert body["storage_location"] == "s3://lake/sr/bronze/users"
    assert [each["nullable"] for each in body["columns"]] == [False, True]
    assert json.loads(body["columns"][0]["type_json"]) == {
        "name": "id",
        "type": "integer",
        "nullable": False,
        "metadata": {},
    }


async def test_columns_as_old_servers_keep_them(oss: UnityCatalog, fake: UnityOssFake) -> None:
    """`type_json` is a bare word, nothing, or nonsense; `nullable` and `position` are missing."""
    body = {
        "columns": [
            {"name": "b", "type_text": "BIGINT", "type_json": "long", "position": 1},
            {"name": "a", "type_text": "int", "type_json": '"integer"', "position": 0, "nullable": False},
            {"name": "c", "type_text": "decimal(5,1)", "position": 2},
            {"name": "d", "type_text": "interval day", "type_json": "{broken", "position": 3},
            {"name": "e", "type_text": "varchar(5)", "type_json": '{"type":"array"}', "position": 4},
        ]
    }
    await oss.ping()
    fake.fail_next(200, body)
    table = await oss.table("main.default.x")
    assert table is not None
    assert [(each.name, each.type) for each in table.columns] == [
        ("a", "int"),
        ("b", "bigint"),
        ("c", "decimal(5,1)"),
        ("d", "interval day"),
        ("e", "varchar(5)"),
    ]


# --- what Databricks can follow


async def test_statements_follow_a_document(workspace: UnityCatalog, bricks: DatabricksFake) -> None:
    struct = {"type": "record", "name": "In", "fields": [{"name": "x", "type": "int"}]}
    await followed(workspace, "s-value", model("a", "b", ("r", struct), "gone"))
    wider = {"type": "record", "name": "In", "fields": [{"name": "x", "type": "long"}, optional("y")]}
    plan = await followed(
        workspace,
        "s-value",
        model(optional("first"), ("b", "long"), optional("mid"), "a", ("r", wider), optional("last")),
    )
    assert {step.what for step in plan.steps} == {"add", "widen", "move", "drop"}
    assert await columns(workspace, "s-value") == [
        ("first", "string", True),
        ("b", "bigint", False),
        ("mid", "string", True),
        ("a", "int", False),
        ("r", "struct<x:bigint not null,y:string>", False),
        ("last", "string", True),
    ]
    assert [step.text for step in plan.steps] == bricks.executed[1:], "the plan is what was executed"


async def test_columns_are_renamed_by_their_aliases(workspace: UnityCatalog, oss: UnityCatalog) -> None:
    for catalog in (workspace, oss):
        await followed(catalog, "s-value", model("old", "b"))
        plan = await followed(catalog, "s-value", model({"name": "new", "type": "int", "aliases": ["old"]}, "b"))
        assert len(plan.steps) == 1
        assert "RENAME COLUMN `old` TO `new`" in plan.steps[0].text or "rename old to new" in plan.steps[0].text
        assert [name for name, _, _ in await columns(catalog, "s-value")] == ["new", "b"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("int", "long"),
        ("int", "double"),
        ("float", "double"),
        ("int", {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 0}),
        ("long", {"type": "bytes", "logicalType": "decimal", "precision": 20, "scale": 0}),
        ({"type": "int", "logicalType": "date"}, {"type": "long", "logicalType": "local-timestamp-micros"}),
    ],
)
async def test_what_widens(workspace: UnityCatalog, before: Any, after: Any) -> None:
    await followed(workspace, "s-value", model(("c", before)))
    plan = await followed(workspace, "s-value", model(("c", after)))
    assert [step.what for step in plan.steps] == ["widen"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("long", "int"),
        ("long", "double"),
        ("int", "string"),
        ("string", "bytes"),
        ("long", {"type": "bytes", "logicalType": "decimal", "precision": 19, "scale": 0}),
        ({"type": "array", "items": "int"}, {"type": "array", "items": "long"}),
        ("int", {"type": "array", "items": "int"}),
    ],
)
async def test_what_does_not(workspace: UnityCatalog, bricks: DatabricksFake, before: Any, after: Any) -> None:
    await followed(workspace, "s-value", model(("c", before)))
    done = len(bricks.executed)
    assert (await refused(workspace, "s-value", model(("c", after)))).startswith("c cannot become ")
    assert len(bricks.executed) == done


async def test_every_plan_is_one_that_the_engine_takes(workspace: UnityCatalog, bricks: DatabricksFake) -> None:
    """All pairs of scalars: what the planner allows, the engine does; what it refuses, the engine refuses too."""
    kinds: list[Any] = ["int", "long", "float", "double", "string", "bytes", "boolean"]
    kinds += [
        {"type": "bytes", "logicalType": "decimal", "precision": p, "scale": s} for p, s in ((10, 2), (12, 2), (20, 0))
    ]
    kinds += [{"type": "int", "logicalType": "date"}, {"type": "long", "logicalType": "local-timestamp-micros"}]
    for number, (before, after) in enumerate((b, a) for b in kinds for a in kinds if a != b):
        subject = f"s{number}-value"
        await followed(workspace, subject, model(("c", before)))
        table = await workspace.table(workspace.table_of(subject))
        plan = workspace.plan(subject, model(("c", after)), table)
        if plan.impossible:
            made = workspace.plan("other-value", model(("c", after)), None).steps[0].text
            kind = made.partition("`c` ")[2].partition(" NOT NULL")[0]
            with pytest.raises(Exception, match="CHANGE COLUMN"):
                bricks.sql.execute(f"ALTER TABLE `main`.`default`.`s{number}` ALTER COLUMN `c` TYPE {kind}")
        else:
            await followed(workspace, subject, model(("c", after)))


async def test_features_that_a_table_lacks(bricks: DatabricksFake, connect_unity: ConnectingUnity) -> None:
    plain = await connect_unity(bricks, **BRICKS, table_features=False)
    await followed(plain, "s-value", model("a", "b"))
    assert "column mapping" in await refused(plain, "s-value", model("a"))
    assert "type widening" in await refused(plain, "s-value", model(("a", "long"), "b"))
    keeping = await connect_unity(bricks, **BRICKS, removed_fields="keep")
    await followed(keeping, "s-value", model("a"))
    assert await columns(keeping, "s-value") == [("a", "int", False), ("b", "int", True)]


async def test_a_required_column_is_added_nullable_or_filled(
    bricks: DatabricksFake, workspace: UnityCatalog, connect_unity: ConnectingUnity
) -> None:
    later = {"name": "b", "type": "string", "default": "it's"}
    await followed(workspace, "s-value", model("a"))
    plan = await followed(workspace, "s-value", model("a", later))
    assert any(loss.path == "b" and "never null" in loss.what for loss in plan.losses)
    assert await columns(workspace, "s-value") == [("a", "int", False), ("b", "string", True)]
    strict = await connect_unity(bricks, **BRICKS, not_null="enforce")
    await followed(strict, "t-value", model("a"))
    bricks.state.table("main.default.t").rows = 5
    plan = await followed(strict, "t-value", model("a", later))
    assert [step.what for step in plan.steps] == ["add", "fill", "tighten"]
    assert await columns(strict, "t-value") == [("a", "int", False), ("b", "string", False)]
    assert "no value for it" in await refused(strict, "t-value", model("a", later, "c"))


async def test_comments_of_people_stay(workspace: UnityCatalog, oss: UnityCatalog) -> None:
    for catalog in (workspace, oss):
        await followed(catalog, "s-value", model({"name": "a", "type": "int", "doc": "ours"}, "b", doc="ours"))
        await followed(catalog, "s-value", model("a", "b", optional("c")))
        table = await catalog.table("main.default.s")
        assert table is not None
        assert (table.doc, table.columns[0].doc) == ("ours", "ours")
        await followed(catalog, "s-value", model({"name": "a", "type": "int", "doc": "new"}, "b", optional("c")))
        table = await catalog.table("main.default.s")
        assert table is not None
        assert table.columns[0].doc == "new"


async def test_views_are_left_alone(workspace: UnityCatalog, bricks: DatabricksFake) -> None:
    held = HeldTable("s", "VIEW", "UNKNOWN_DATA_SOURCE_FORMAT", [HeldColumn("a", "integer", nullable=False)])
    bricks.state.make_schema("main", "default").tables["s"] = held
    assert "only Delta tables" in await refused(workspace, "s-value", model("a", "b"))


async def test_statements_that_take_their_time(bricks: DatabricksFake, connect_unity: ConnectingUnity) -> None:
    catalog = await connect_unity(bricks, **BRICKS)
    bricks.slow_polls = 2
    await followed(catalog, "s-value", model("a"))
    assert bricks.calls["GET /api/2.0/sql/statements/{id}"] == 2
    hurried = await connect_unity(bricks, **{**BRICKS, "statement_timeout": 5})
    hurried.settings.__dict__["statement_timeout"] = 0.3
    bricks.slow_polls = 1000
    plan = hurried.plan("t-value", model("a"), await hurried.table("main.default.t"))
    with pytest.raises(errors.Unreachable, match="did not finish") as late:
        await hurried.apply("main.default.t", plan.steps[0])
    assert late.value.sent
    assert bricks.calls["POST /api/2.0/sql/statements/{id}/cancel"] == 1
    assert "t" not in bricks.state.make_schema("main", "default").tables


async def test_the_only_warehouse_is_taken(bricks: DatabricksFake, connect_unity: ConnectingUnity) -> None:
    catalog = await connect_unity(bricks, dialect="databricks")
    await followed(catalog, "s-value", model("a"))
    assert bricks.calls["GET /api/2.0/sql/warehouses"] == 1
    bricks.warehouses["wh-2"] = "Other"
    fresh = await connect_unity(bricks, dialect="databricks")
    words = await refused(fresh, "s-value", model("a", optional("b")))
    assert "warehouse_id is not configured, and there are several: Starter Warehouse (wh-1), Other (wh-2)" in words
    bricks.fail_next(403, {"error_code": "PERMISSION_DENIED", "message": "words"}, path="/api/2.0/sql")
    await fresh.ping()
    assert "the right CAN USE on a SQL warehouse is missing" in await refused(
        fresh, "s-value", model("a", optional("b"))
    )
    bricks.warehouses.clear()
    await fresh.ping()
    assert "we may use none" in await refused(fresh, "s-value", model("a", optional("b")))


# --- what the open-source server can follow


async def test_all_columns_are_replaced_in_one_transaction(oss: UnityCatalog, fake: UnityOssFake) -> None:
    await followed(oss, "s-value", model("a", "b"))
    before = fake.writes
    plan = await followed(oss, "s-value", model(("b", "string"), optional("c"), doc="now"))
    assert fake.writes == before + 1
    assert [step.text for step in plan.steps] == ["change b from int to string; add c; drop a; comment the table"]
    assert await columns(oss, "s-value") == [("b", "string", False), ("c", "string", True)]


async def test_somebody_else_was_quicker(oss: UnityCatalog, fake: UnityOssFake) -> None:
    await followed(oss, "s-value", model("a"))
    name = oss.table_of("s-value")
    plan = oss.plan("s-value", model("a", optional("b")), await oss.table(name))
    held = fake.state.table(name)
    held.columns.append(HeldColumn("theirs", "string"))
    held.touch()
    with pytest.raises(errors.WriteConflict):
        await oss.apply(name, plan.steps[0])
    assert [each.name for each in held.columns] == ["a", "theirs"]
    await oss.drop(name)
    with pytest.raises(errors.WriteConflict):
        await oss.apply(name, plan.steps[0])


async def test_the_etag_guards_between_reading_and_writing(
    oss: UnityCatalog, fake: UnityOssFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    await followed(oss, "s-value", model("a"))
    name = oss.table_of("s-value")
    plan = oss.plan("s-value", model("a", optional("b")), await oss.table(name))
    held = fake.state.table(name)
    original = fake._dispatch

    def between(request: Any) -> Any:
        if request.method == "POST":
            held.touch()
        return original(request)

    monkeypatch.setattr(fake, "_dispatch", between)
    with pytest.raises(errors.WriteConflict, match="assert-etag"):
        await oss.apply(name, plan.steps[0])


async def test_servers_before_the_delta_api(connect_unity: ConnectingUnity) -> None:
    old = UnityOssFake(delta=False)
    catalog = await connect_unity(old, **OSS)
    await followed(catalog, "s-value", model("a"))
    assert await refused(catalog, "s-value", model("a", optional("b"))) == (
        "add b: this server cannot change a table (it has no Delta API, which came with Unity Catalog 0.5)"
    )
    willing = await connect_unity(old, **OSS, recreate_tables=True)
    plan = await followed(willing, "s-value", model("a", optional("b")))
    assert [step.text for step in plan.steps] == ["drop and create anew: add b"]
    old.state.table("main.default.s").properties.clear()
    assert "no Delta API" in await refused(willing, "s-value", model("a")), "only what the gateway made is dropped"


async def test_what_is_no_delta_table_stays(fake: UnityOssFake, connect_unity: ConnectingUnity) -> None:
    catalog = await connect_unity(fake, **OSS, table_format="PARQUET")
    await followed(catalog, "s-value", model("a"))
    assert "only Delta tables can be changed" in await refused(catalog, "s-value", model("a", optional("b")))


async def test_a_place_for_tables_is_needed(fake: UnityOssFake, connect_unity: ConnectingUnity) -> None:
    assert "storage_location is not configured" in await refused(await connect_unity(fake), "s-value", model("a"))


# --- both


@pytest.mark.parametrize("kind", ["oss", "databricks"])
async def test_a_schema_that_is_missing_is_said_beforehand_or_made(kind: str, connect_unity: ConnectingUnity) -> None:
    fake = UnityOssFake() if kind == "oss" else DatabricksFake()
    settings = OSS if kind == "oss" else BRICKS
    catalog = await connect_unity(fake, **settings, schema="raw")
    assert "Schema main.raw does not exist" in await refused(catalog, "s-value", model("a"))
    making = await connect_unity(fake, **settings, schema="raw", create_schemas=True)
    await followed(making, "s-value", model("a"))
    await followed(making, "t-value", model("a"))
    assert await making.tables() == ["main.raw.s", "main.raw.t"]


async def test_a_mark_counts_for_its_own_table_only(workspace: UnityCatalog, bricks: DatabricksFake) -> None:
    await followed(workspace, "s-value", model("a"))
    original = bricks.state.table("main.default.s")
    clone = HeldTable("clone", "MANAGED", "DELTA", original.columns, None, dict(original.properties))
    bricks.state.make_schema("main", "default").tables["clone"] = clone
    found = await workspace.table("main.default.clone")
    assert found is not None
    assert found.subject is None


async def test_a_table_is_taken_over_by_its_mark(
    workspace: UnityCatalog, oss: UnityCatalog, bricks: Any, fake: Any
) -> None:
    for catalog, server in ((workspace, bricks), (oss, fake)):
        held = HeldTable("s", "EXTERNAL", "DELTA", [HeldColumn("a", "integer", nullable=False)])
        server.state.make_schema("main", "default").tables["s"] = held
        before = server.writes
        await followed(catalog, "s-value", model("a"))
        assert (held.properties, server.writes) == ({"decapolis.subject": "s-value"}, before + 1)


async def test_tables_of_others_are_listed_by_the_globs(bricks: DatabricksFake, connect_unity: ConnectingUnity) -> None:
    for schema, name in (("default", "mine"), ("bronze", "users"), ("bronze", "odd name"), ("silver", "x")):
        bricks.state.make_schema("main", schema).tables[name] = HeldTable(name, "VIEW", "", [HeldColumn("a", "long")])
    catalog = await connect_unity(bricks, **BRICKS, tables=["main.default.*", "main.bronze.*"])
    found = await catalog.tables()
    assert found == ["main.bronze.users", "main.default.mine"], "a name that no subject can have is not shown"
    assert [catalog.subject_of(name) for name in found] == ["main.bronze.users", "mine-value"]


@pytest.mark.parametrize("kind", ["oss", "databricks"])
async def test_copies_come_back_after_a_crash_between_two_states(kind: str, connect_unity: ConnectingUnity) -> None:
    fake: Any = UnityOssFake() if kind == "oss" else DatabricksFake()
    fake.state.files["main/default/copies"] = {"README.md": b"other people's"}
    place = {"mirror_functions": "main.default"} if kind == "oss" else {"mirror_volume": "main.default.copies"}
    catalog = await connect_unity(fake, **(BRICKS if kind == "databricks" else {}), **place)
    live = Document("a/b-value", 1, 1_000_000_001, sample(Format.AVRO), created_ms=5)
    await catalog.mirror(live)
    await catalog.mirror(live)
    gone = Document("a/b-value", 1, 1_000_000_001, sample(Format.AVRO), deleted=True, created_ms=5)
    fake.lose_answers(times=1, method="POST" if kind == "oss" else "PUT")
    with pytest.raises(errors.Unreachable):
        await catalog.mirror(gone)
    assert list(await catalog.mirrored()) == [gone]
    await catalog.mirror(gone)
    assert list(await catalog.mirrored()) == [gone]
    assert len(fake.state.make_schema("main", "default").functions) <= 1
    other = Document("a/b-value", 1, 1_000_000_009, sample(Format.JSON_SCHEMA), deleted=True)
    await catalog.mirror(other)
    assert list(await catalog.mirrored()) == [other]
    await catalog.unmirror("a/b-value", 1)
    assert list(await catalog.mirrored()) == []


@pytest.mark.parametrize("kind", ["oss", "databricks"])
async def test_an_edited_copy_is_told(kind: str, connect_unity: ConnectingUnity) -> None:
    fake: Any = UnityOssFake() if kind == "oss" else DatabricksFake()
    fake.state.files["main/default/copies"] = {}
    place = {"mirror_functions": "main.default"} if kind == "oss" else {"mirror_volume": "main.default.copies"}
    catalog = await connect_unity(fake, **(BRICKS if kind == "databricks" else {}), **place)
    await catalog.mirror(Document("s", 1, 7, sample(Format.AVRO)))
    for held in fake.state.make_schema("main", "default").functions.values():
        held["routine_definition"] = "{}"
    for name in fake.state.files["main/default/copies"]:
        fake.state.files["main/default/copies"][name] = b"half {"
    with pytest.raises(errors.Garbled, match="none of ours any more"):
        await catalog.mirrored()


# --- what it costs


@pytest.mark.parametrize("kind", ["oss", "databricks"])
async def test_calls_per_operation(kind: str, connect_unity: ConnectingUnity) -> None:
    """The figures of docs/registries/unity_catalog.md."""
    fake: Any = UnityOssFake() if kind == "oss" else DatabricksFake()
    fake.state.files["main/default/copies"] = {}
    place = {"mirror_functions": "main.default"} if kind == "oss" else {"mirror_volume": "main.default.copies"}
    catalog = await connect_unity(fake, **(OSS if kind == "oss" else BRICKS), **place)
    document = Document("s-value", 1, 7, sample(Format.AVRO))

    async def spent(doing: Any) -> int:
        before = fake.calls.total()
        await doing
        return int(fake.calls.total() - before)

    async def done(wanted: Model) -> None:
        name = catalog.table_of("s-value")
        for step in catalog.plan("s-value", wanted, await catalog.table(name)).steps:
            await catalog.apply(name, step)

    assert await spent(catalog.ping()) == (2 if kind == "oss" else 1)
    assert await spent(done(model("a"))) == 2
    assert await spent(catalog.table("main.default.s")) == 1
    assert await spent(done(model("a", optional("b"), optional("c")))) == 3
    assert await spent(done(model("a", optional("b"), optional("c")))) == 1
    assert await spent(catalog.tables()) == (2 if kind == "oss" else 1)
    assert await spent(catalog.mirror(document)) == (2 if kind == "oss" else 1)
    assert await spent(catalog.mirrored()) == (1 if kind == "oss" else 2)
    assert await spent(catalog.unmirror("s-value", 1)) == (2 if kind == "oss" else 1)
    assert await spent(catalog.drop("main.default.s")) == 1


@pytest.mark.parametrize("kind", ["oss", "databricks"])
async def test_a_thousand_tables_are_listed_in_few_calls(kind: str, connect_unity: ConnectingUnity) -> None:
    fake: Any = UnityOssFake() if kind == "oss" else DatabricksFake()
    for number in range(1_050):
        schema = fake.state.make_schema("main", f"s{number % 2}")
        schema.tables[f"t{number}"] = HeldTable(f"t{number}", "MANAGED", "DELTA", [HeldColumn("a", "long")])
    page = 50
    if kind == "databricks":
        fake.summaries_at_once, fake.empty_page_at, page = 500, 1, 500
    catalog = await connect_unity(fake, **(BRICKS if kind == "databricks" else {}))
    assert len(await catalog.tables()) == 1_050
    assert fake.calls.total() <= 1_050 / page + 10


async def test_two_writers_end_with_both_columns(oss: UnityCatalog) -> None:
    await followed(oss, "s-value", model("a"))

    async def until_done(wanted: Model) -> None:
        name = oss.table_of("s-value")
        for _ in range(5):
            plan = oss.plan("s-value", wanted, await oss.table(name))
            try:
                for step in plan.steps:
                    await oss.apply(name, step)
            except errors.WriteConflict:
                continue
            return

    wanted = model("a", optional("b"), optional("c"))
    await asyncio.gather(until_done(wanted), until_done(wanted), until_done(wanted))
    assert [name for name, _, _ in await columns(oss, "s-value")] == ["a", "b", "c"]
