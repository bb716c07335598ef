"""Unity Catalog in its two dialects, on fakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis_translators.catalog import Catalog
from decapolis_translators.testing.facade import CatalogFacade
from decapolis_translators.testing.fakes import Loopback
from decapolis_translators.testing.fakes.unity_databricks import DatabricksFake
from decapolis_translators.testing.fakes.unity_oss import UnityOssFake
from decapolis_translators.unity_catalog import UnityCatalog


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
