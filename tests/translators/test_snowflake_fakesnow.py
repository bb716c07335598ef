"""A second opinion about our statements: fakesnow, which runs Snowflake's SQL on DuckDB, in an environment of its own.

    python -m venv F && F/bin/pip install 'fakesnow[server]==0.12.1' 'snowflake-connector-python<4'
    DECAPOLIS_FAKESNOW=F pytest tests/translators/test_snowflake_fakesnow.py

It drops the comments of columns, trips over a quote in one of a table, shows none in SHOW TABLES, calls structured columns
VARIANT, and takes `$2e` inside of a quoted name for a variable, which Snowflake does not: what rests on those is tested
against the strict fake alone.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from decapolis_formats import Format
from decapolis_translators import errors
from decapolis_translators.catalog import Document, Step
from decapolis_translators.snowflake import SnowflakeCatalog, SnowflakeConfig
from decapolis_translators.testing.catalog_suite import FIRST, WIDER, model_of, record
from decapolis_translators.testing.fakes.snowflake import PAT
from decapolis_translators.testing.samples import sample

from .snowflake import WHERE, follow

SHIM = Path(__file__).parents[1] / "fakesnow_shim.py"
VERSION = "fakesnow-0.12.1"
SERVERS = Path(os.environ.get("DECAPOLIS_SERVERS", Path.home() / ".cache" / "decapolis" / "servers"))
PYTHON = Path(os.environ.get("DECAPOLIS_FAKESNOW", SERVERS / VERSION)) / "bin" / "python"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if not PYTHON.exists():
        pytest.skip(f"fakesnow is not installed: there is no {PYTHON}, and DECAPOLIS_FAKESNOW names no environment")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        [str(PYTHON), str(SHIM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(20)


@pytest.fixture
async def catalog(url: str) -> AsyncIterator[SnowflakeCatalog]:
    catalog = SnowflakeCatalog(
        "snow", SnowflakeConfig.model_validate({**WHERE, "url": url, "token": PAT, "timeout": 60})
    )
    await catalog.open()
    try:
        yield catalog
        for name in await catalog.tables():
            await catalog.drop(name)
    finally:
        await catalog.close()


async def test_tables_are_made_and_follow(catalog: SnowflakeCatalog) -> None:
    await follow(catalog, "orders-value", FIRST)
    assert await catalog.tables() == ["DB.PUBLIC.orders"]
    plan = catalog.plan("orders-value", model_of(WIDER), await catalog.table("DB.PUBLIC.orders"))
    assert [step.what for step in plan.steps] == ["add", "comment"], "its comment is not shown"
    for step in (*plan.steps, *plan.steps):
        await catalog.apply("DB.PUBLIC.orders", step)
    table = await catalog.table("DB.PUBLIC.orders")
    assert table is not None
    assert [(each.name, each.type, each.nullable) for each in table.columns] == [
        ("id", "NUMBER(19,0)", False),
        ("name", "VARCHAR(16777216)", True),
        ("note", "VARCHAR(16777216)", True),
    ]


async def test_every_kind_of_step_runs(catalog: SnowflakeCatalog) -> None:
    await follow(catalog, "orders-value", record(("a", "int"), ("b", ["null", "int"]), ("c", ["null", "string"])))
    wanted = record(("a", ["null", "long"]), ("b", ["null", "int"]), ("d", ["null", "double"]))
    plan = await follow(catalog, "orders-value", wanted)
    assert {step.what for step in plan.steps} == {"type", "relax", "drop", "add", "comment"}
    table = await catalog.table("DB.PUBLIC.orders")
    assert table is not None
    assert [(each.name, each.type) for each in table.columns] == [
        ("a", "NUMBER(19,0)"),
        ("b", "NUMBER(10,0)"),
        ("d", "FLOAT"),
    ]


async def test_names_of_any_shape(catalog: SnowflakeCatalog) -> None:
    subject = "DB.PUBLIC.Sem.i;--Ü x"
    await follow(catalog, subject, FIRST)
    assert await catalog.tables() == [catalog.table_of(subject)]


async def test_what_is_not_there(catalog: SnowflakeCatalog) -> None:
    assert await catalog.table("DB.PUBLIC.orders") is None
    with pytest.raises(errors.WriteConflict):
        await catalog.apply("DB.PUBLIC.orders", Step("drop", "a", 'ALTER TABLE "DB"."PUBLIC"."orders" DROP COLUMN "a"'))


async def test_copies_come_back(catalog: SnowflakeCatalog) -> None:
    kept = [
        Document('it\'s a "subject"', 1, 7, sample(Format.AVRO), created_ms=1_000),
        Document('it\'s a "subject"', 2, 8, sample(Format.PROTOBUF), deleted=True, created_ms=1_001),
    ]
    for document in kept:
        await catalog.mirror(document)
    assert list(await catalog.mirrored()) == kept
    with pytest.raises(errors.WriteConflict):
        await catalog.mirror(replace(kept[0], public_id=9, created_ms=999))
    await catalog.mirror(replace(kept[0], deleted=True))
    await catalog.unmirror(kept[1].subject, 2)
    assert list(await catalog.mirrored()) == [replace(kept[0], deleted=True)]
