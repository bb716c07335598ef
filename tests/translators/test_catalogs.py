"""The contract of catalogs against every façade that is available."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import tests.facades
from decapolis_translators.catalog import Catalog
from decapolis_translators.testing.catalog_suite import CatalogContract
from decapolis_translators.testing.facade import CatalogFacade, facades_of


@pytest.fixture(params=facades_of(tests.facades, CatalogFacade), ids=lambda facade: facade.name)
def facade(request: pytest.FixtureRequest) -> Iterator[CatalogFacade]:
    facade: CatalogFacade = request.param()
    reason = facade.available()
    if reason is not None:
        pytest.skip(reason)
    facade.start()
    yield facade
    facade.stop()


class TestCatalogs(CatalogContract):
    @pytest.fixture
    async def catalog(self, facade: CatalogFacade) -> AsyncIterator[Catalog[Any]]:
        catalog = facade.catalog()
        await catalog.open()
        yield catalog
        await catalog.close()

    @pytest.fixture
    def unreachable(self, facade: CatalogFacade) -> Catalog[Any] | None:
        return facade.unreachable_catalog()
