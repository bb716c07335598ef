"""A catalog of type `snowflake` before its fake, for the tests of this type."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from decapolis_translators.catalog import Plan
from decapolis_translators.snowflake import SnowflakeCatalog, SnowflakeConfig
from decapolis_translators.testing.catalog_suite import model_of
from decapolis_translators.testing.fakes.snowflake import PAT, SnowflakeFake

URL = "http://account.test"
WHERE: Mapping[str, Any] = {"url": URL, "database": "DB", "schema": "PUBLIC", "warehouse": "COMPUTE_WH"}
STATEMENTS = "POST /api/v2/statements"


@asynccontextmanager
async def opened(fake: SnowflakeFake, **config: Any) -> AsyncIterator[SnowflakeCatalog]:
    """Opened, with the fake's token unless the configuration logs in otherwise."""
    login = {} if {"private_key", "oauth", "password"} & set(config) else {"token": PAT}
    given = SnowflakeConfig.model_validate({**WHERE, **login, **config})
    catalog = SnowflakeCatalog("snow", given, transport=httpx.ASGITransport(app=fake))
    await catalog.open()
    try:
        yield catalog
    finally:
        await catalog.close()


async def follow(catalog: SnowflakeCatalog, subject: str, text: str) -> Plan:
    """The plan for an Avro text, done unless something is impossible."""
    name = catalog.table_of(subject)
    plan = catalog.plan(subject, model_of(text), await catalog.table(name))
    for step in plan.steps if not plan.impossible else ():
        await catalog.apply(name, step)
    return plan
