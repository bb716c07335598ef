"""The smallest catalog."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from decapolis_translators.catalog import Catalog
from decapolis_translators.testing.facade import CatalogFacade
from decapolis_translators.testing.fakes.plain_catalog import WAREHOUSES, PlainCatalog


class PlainWarehouse(CatalogFacade):
    """In memory, a warehouse of its own each time."""

    name = "plain-catalog"
    kind = "fake"

    def start(self) -> None:
        self._warehouse = uuid.uuid4().hex

    def stop(self) -> None:
        WAREHOUSES.pop(self._warehouse, None)

    def config(self) -> Mapping[str, Any]:
        return {"warehouse": self._warehouse}

    def catalog_type(self) -> type[Catalog[Any]]:
        return PlainCatalog

    def unreachable_catalog(self) -> Catalog[Any] | None:
        return None
