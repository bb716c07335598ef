"""Dataplex: the strict fake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis_translators.catalog import Catalog
from decapolis_translators.gcp_data_catalog import DataplexCatalog, DataplexConfig
from decapolis_translators.testing.facade import CatalogFacade
from decapolis_translators.testing.fakes import Loopback
from decapolis_translators.testing.fakes.dataplex import METADATA_PATH, DataplexFake


class FakeDataplex(CatalogFacade):
    """The strict fake, with the machine's own identity."""

    name = "gcp-data-catalog"
    kind = "fake"

    def __init__(self) -> None:
        self.fake = DataplexFake()
        self.served = Loopback(self.fake)

    def start(self) -> None:
        """Opens the port."""
        self.fake.demand_login()
        self.served.start()

    def stop(self) -> None:
        """Closes it; the fake keeps its state."""
        self.served.stop()

    def config(self) -> Mapping[str, Any]:
        """The fake's project, and patience for busy machines."""
        where = {"project": "demo", "location": "us-central1", "url": self.served.url, "timeout": 10}
        return {**where, "metadata_url": f"{self.served.url}{METADATA_PATH}"}

    def catalog_type(self) -> type[Catalog[Any]]:
        """The type."""
        return DataplexCatalog

    def unreachable_catalog(self) -> Catalog[Any]:
        """A port that nobody listens on."""
        nowhere = {"url": "http://127.0.0.1:9", "metadata_url": "http://127.0.0.1:9/token", "timeout": 1}
        config = {"project": "demo", "location": "us-central1", **nowhere}
        return DataplexCatalog("nowhere", DataplexConfig.model_validate(config))
