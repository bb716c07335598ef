"""One schema of Snowflake, imitated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis_translators.catalog import Catalog
from decapolis_translators.snowflake import SnowflakeCatalog, SnowflakeConfig
from decapolis_translators.testing.facade import CatalogFacade
from decapolis_translators.testing.fakes import Loopback
from decapolis_translators.testing.fakes.snowflake import PAT, SnowflakeFake

WHERE = {"database": "DB", "schema": "PUBLIC", "warehouse": "COMPUTE_WH"}


class FakeSnowflake(CatalogFacade):
    """The strict fake, entered with a programmatic access token."""

    name = "snowflake-fake"
    kind = "fake"

    def __init__(self) -> None:
        self.fake = SnowflakeFake()
        self._served = Loopback(self.fake)

    def start(self) -> None:
        self._served.start()

    def stop(self) -> None:
        self.fake.calm()
        self._served.stop()

    def config(self) -> Mapping[str, Any]:
        return {"url": self._served.url, "token": PAT, **WHERE}

    def catalog_type(self) -> type[Catalog[Any]]:
        return SnowflakeCatalog

    def unreachable_catalog(self) -> Catalog[Any] | None:
        given = {"url": "http://127.0.0.1:9", "token": PAT, "timeout": 1, **WHERE}
        return SnowflakeCatalog("nowhere", SnowflakeConfig.model_validate(given))
