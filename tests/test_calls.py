"""How many calls each operation costs a registry is what the documentation says; listings cost pages, not subjects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from benchmarks.calls import (
    AT_ANOTHER,
    END,
    OPERATIONS,
    PAGE,
    START,
    Measured,
    asked,
    configuration,
    fake_behind,
    measured,
    still,
)

from decapolis_formats import Format, Schema
from decapolis_translators.catalog import Catalog
from decapolis_translators.contract import Translator
from decapolis_translators.testing.catalog_suite import model_of
from decapolis_translators.testing.facade import CatalogFacade
from tests.acceptance.conftest import FACADES
from tests.gateway.conftest import running

TEXT = '{"type":"record","name":"R","fields":[{"name":"a","type":["null","int"],"default":null}]}'
FIRST = "first version of a new subject"
SUBJECTS = 1_000
PAGES = {"aws-glue": 100, "gcp-dataplex": 100, "unity-oss": 50, "unity-databricks": 50}
"""How many subjects a page of the vendor's holds; 1,000 or all where nothing is said."""
DESCRIBING = {"gcp-dataplex", "azure-purview"}
"""Catalogs whose own tests list entries of others: what the gateway made there itself is listed from its store."""
MANY = [name for name in FACADES if name not in {"confluent-7", "confluent-enterprise", "redpanda-24", *DESCRIBING}]
"""One version of each product."""


@pytest.mark.parametrize("name", FACADES)
async def test_the_page_says_what_each_operation_costs(name: str) -> None:
    found: Measured = await measured(name)
    page = PAGE.read_text().partition(START)[2].partition(END)[0]
    header = next(line for line in page.splitlines() if line.startswith("| | ") and f"| {name} |" in line)
    column = [each.strip() for each in header.split("|")].index(name)
    rows = {cells[1].strip(): cells for cells in (line.split("|") for line in page.splitlines()) if len(cells) > column}
    told = {what: int(rows[what][column]) for what in OPERATIONS}
    first, said = found.calls.pop(FIRST), told.pop(FIRST)
    assert first <= said + 2, "what is needed once may have been made by the first look of the gateway, or not yet"
    assert found.calls == told, "run: python -m benchmarks.calls"
    assert found.calls["the same again"] <= 1
    assert found.calls[AT_ANOTHER] <= 3, "its level and its normalisation, and whether it is still there"


@pytest.mark.parametrize("name", MANY)
async def test_a_thousand_subjects_are_listed_in_pages(name: str, tmp_path: Path) -> None:
    facade = FACADES[name]()
    facade.start()
    fake = fake_behind(facade)
    try:
        made: Any = facade.catalog() if isinstance(facade, CatalogFacade) else facade.translator()
        await made.open()
        await _filled(made)
        await made.close()
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(running(configuration(facade, tmp_path)))
            before = await still(fake)
            listed = (await client.get("/registries/r/subjects")).json()
            spent = asked(fake) - before
    finally:
        facade.stop()
    assert len(listed) == SUBJECTS
    assert spent <= SUBJECTS / PAGES.get(name, 1_000) + 10


async def _filled(registry: Translator[Any] | Catalog[Any]) -> None:
    await _some(_made(registry, f"s{number:04}-value") for number in range(SUBJECTS))


async def _made(registry: Translator[Any] | Catalog[Any], subject: str) -> None:
    if isinstance(registry, Catalog):
        name = registry.table_of(subject)
        for step in registry.plan(subject, model_of(TEXT), None).steps:
            await registry.apply(name, step)
    else:
        await registry.register(subject, Schema(Format.AVRO, TEXT))


async def _some(work: Iterable[Awaitable[None]]) -> None:
    """A few at a time."""
    waiting = asyncio.Semaphore(16)

    async def one(each: Awaitable[None]) -> None:
        async with waiting:
            await each

    await asyncio.gather(*(one(each) for each in work))
