"""Unity Catalog in its two dialects, on fakes; a real one of each where its address is given.

DECAPOLIS_LIVE_UNITY names a server and a catalog, `http://localhost:8080/unity`, DECAPOLIS_LIVE_DATABRICKS a workspace,
`https://…/catalog`, whose token is in DATABRICKS_TOKEN.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from decapolis_translators.catalog import Catalog
from decapolis_translators.testing.facade import CatalogFacade
from decapolis_translators.testing.fakes import Loopback
from decapolis_translators.testing.fakes.unity_databricks import DatabricksFake
from decapolis_translators.testing.fakes.unity_oss import UnityOssFake
from decapolis_translators.unity_catalog import UnityCatalog

LIVE = "DECAPOLIS_LIVE_UNITY"
LIVE_DATABRICKS = "DECAPOLIS_LIVE_DATABRICKS"


class UnityFacade(CatalogFacade):
    """What all ways to Unity Catalog share."""

    def catalog_type(self) -> type[Catalog[Any]]:
        """The type."""
        return UnityCatalog

    def unreachable_catalog(self) -> Catalog[Any]:
        """A port that nobody listens on."""
        config = {"url": "http://127.0.0.1:9", "timeout": 1}
        return UnityCatalog("nowhere", UnityCatalog.Config.model_validate(config))


class FakeUnityOss(UnityFacade):
    """The open-source server with its Delta API."""

    name = "unity-oss"
    kind = "fake"

    def __init__(self) -> None:
        self.fake = UnityOssFake()
        self.fake.state.make_schema("main", "sr")
        self._served = Loopback(self.fake)

    def start(self) -> None:
        """Opens the port."""
        self._served.start()

    def stop(self) -> None:
        """Closes the port; the fake keeps its state."""
        self._served.stop()

    def config(self) -> Mapping[str, Any]:
        """Its URL, a place for tables, and functions for copies."""
        place = {"storage_location": "file:///tmp/lake", "mirror_functions": "main.sr"}
        return {"url": self._served.url, **place, "timeout": 10}


class FakeUnityRecreating(FakeUnityOss):
    """An older server, whose tables can only be made anew."""

    name = "unity-oss-0.4"

    def __init__(self) -> None:
        super().__init__()
        self.fake = UnityOssFake(delta=False)
        self._served = Loopback(self.fake)

    def config(self) -> Mapping[str, Any]:
        """Without copies."""
        config = {**super().config(), "recreate_tables": True}
        del config["mirror_functions"]
        return config


class FakeDatabricks(UnityFacade):
    """A workspace of Databricks."""

    name = "unity-databricks"
    kind = "fake"

    def __init__(self) -> None:
        self.fake = DatabricksFake()
        self.fake.state.files["main/sr/copies"] = {}
        self._served = Loopback(self.fake)

    def start(self) -> None:
        """Opens the port."""
        self._served.start()

    def stop(self) -> None:
        """Closes the port; the fake keeps its state."""
        self._served.stop()

    def config(self) -> Mapping[str, Any]:
        """Its URL, a warehouse, and a volume for copies."""
        config = {"url": self._served.url, "dialect": "databricks", "warehouse_id": "wh-1", "timeout": 10}
        return {**config, "mirror_volume": "main.sr.copies"}


class RealUnityOss(UnityFacade):
    """A genuine open-source server; nothing in it is ours alone."""

    name = "unity-oss-real"
    kind = "real"

    def available(self) -> str | None:
        """Only where one is named."""
        return None if os.environ.get(LIVE) else f"no Unity Catalog server: {LIVE} is not set"

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It is not ours to stop."""

    def config(self) -> Mapping[str, Any]:
        """The named server and catalog."""
        url, _, catalog = os.environ[LIVE].rpartition("/")
        return {"url": url, "catalog": catalog, "storage_location": "file:///tmp/decapolis-lake", "timeout": 20}


class RealDatabricks(UnityFacade):
    """A genuine workspace; nothing in it is ours alone."""

    name = "unity-databricks-real"
    kind = "real"

    def available(self) -> str | None:
        """Only where one is named."""
        return None if os.environ.get(LIVE_DATABRICKS) else f"no workspace: {LIVE_DATABRICKS} is not set"

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It is not ours to stop."""

    def config(self) -> Mapping[str, Any]:
        """The named workspace and catalog; the only warehouse that the token may use."""
        url, _, catalog = os.environ[LIVE_DATABRICKS].rpartition("/")
        return {"url": url, "catalog": catalog, "dialect": "databricks", "token": os.environ["DATABRICKS_TOKEN"]}
