"""Purview: the strict fake, whose index is late, and the same as an Atlas of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis_translators.azure_purview import PurviewCatalog, PurviewConfig
from decapolis_translators.catalog import Catalog
from decapolis_translators.testing.facade import CatalogFacade
from decapolis_translators.testing.fakes import Loopback
from decapolis_translators.testing.fakes.purview import TOKEN_PATH, PurviewFake

CLIENT = {"tenant_id": "tenant", "client_id": "client", "client_secret": "s3cr3t-of-the-client"}


class FakePurview(CatalogFacade):
    """A client of Entra ID before the Data Map."""

    name = "azure-purview"
    kind = "fake"

    def __init__(self) -> None:
        self.fake = PurviewFake()
        self.fake.lag = 1
        self.served = Loopback(self.fake)

    def start(self) -> None:
        """Opens the port."""
        self.fake.demand_client(CLIENT["client_id"], CLIENT["client_secret"])
        self.served.start()

    def stop(self) -> None:
        """Closes it; the fake keeps its state."""
        self.served.stop()

    def config(self) -> Mapping[str, Any]:
        """The fake's addresses, and patience for busy machines."""
        where = {"url": f"{self.served.url}/datamap/api", "token_url": f"{self.served.url}{TOKEN_PATH}"}
        return {"account_name": "company-purview", **CLIENT, **where, "timeout": 10}

    def catalog_type(self) -> type[Catalog[Any]]:
        """The type."""
        return PurviewCatalog

    def unreachable_catalog(self) -> Catalog[Any]:
        """A port that nobody listens on."""
        config = {"url": "http://127.0.0.1:9", "username": "u", "password": "p", "timeout": 1}
        return PurviewCatalog("nowhere", PurviewConfig.model_validate(config))


class FakeAtlas(FakePurview):
    """An Apache Atlas, which deletes softly and takes a user."""

    name = "azure-purview-atlas"

    def __init__(self) -> None:
        self.fake = PurviewFake(is_atlas=True)
        self.served = Loopback(self.fake)

    def start(self) -> None:
        """Opens the port."""
        self.fake.door.basic = ("admin", "s3cr3t-of-the-user")
        self.served.start()

    def config(self) -> Mapping[str, Any]:
        """Where it is and who we are."""
        return {
            "url": f"{self.served.url}/api",
            "username": "admin",
            "password": "s3cr3t-of-the-user",
            "timeout": 10,
        }
