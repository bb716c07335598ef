"""Real registries of every type that somebody names; they are neither started nor stopped here.

DECAPOLIS_LIVE_<TYPE>, for example DECAPOLIS_LIVE_KARAPACE, is the URL of one, or the entry's whole `config` as YAML or JSON:

    DECAPOLIS_LIVE_SNOWFLAKE='{account: org-account, token: …, database: TESTS, schema: PUBLIC}'

Nothing in such a registry belongs to the tests alone: their subjects are new names each time, and they delete what they made
only where a test is about deleting.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import yaml

from decapolis_translators.catalog import Catalog
from decapolis_translators.confluent import ConfluentRegistry
from decapolis_translators.contract import Translator
from decapolis_translators.karapace import KarapaceRegistry
from decapolis_translators.redpanda import RedpandaRegistry
from decapolis_translators.testing.facade import CatalogFacade, Facade
from decapolis_translators.unity_catalog import UnityCatalog

PREFIX = "DECAPOLIS_LIVE_"


class Named:
    """What a variable of the environment says."""

    variable: ClassVar[str]

    def available(self) -> str | None:
        """Only where one is named."""
        return None if os.environ.get(self.variable) else f"nobody named one: {self.variable} is not set"

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It is not ours to stop."""

    def config(self) -> Mapping[str, Any]:
        """The given URL or configuration, and patience for slow machines."""
        said = yaml.safe_load(os.environ[self.variable])
        return {"timeout": 20, **(said if isinstance(said, dict) else {"url": said})}


class RealConfluent(Named, Facade):
    """A genuine Confluent Schema Registry."""

    name = "confluent-real"
    kind = "real"
    variable = "DECAPOLIS_LIVE_CONFLUENT"

    def translator_type(self) -> type[Translator[Any]]:
        """The type."""
        return ConfluentRegistry


class RealKarapace(Named, Facade):
    """A genuine Karapace."""

    name = "karapace-real"
    kind = "real"
    variable = "DECAPOLIS_LIVE_KARAPACE"

    def translator_type(self) -> type[Translator[Any]]:
        """The type."""
        return KarapaceRegistry


class RealRedpanda(Named, Facade):
    """A genuine Redpanda."""

    name = "redpanda-real"
    kind = "real"
    variable = "DECAPOLIS_LIVE_REDPANDA"

    def translator_type(self) -> type[Translator[Any]]:
        """The type."""
        return RedpandaRegistry


class NamedCatalog(Named, CatalogFacade):
    """A catalog that somebody names."""

    def unreachable_catalog(self) -> Catalog[Any] | None:
        """The fakes show this."""
        return None


class RealUnity(NamedCatalog):
    """An open-source Unity Catalog server."""

    name = "unity-oss-real"
    kind = "real"
    variable = "DECAPOLIS_LIVE_UNITY_CATALOG"

    def catalog_type(self) -> type[Catalog[Any]]:
        """The type."""
        return UnityCatalog


class RealDatabricks(RealUnity):
    """A genuine workspace of Databricks."""

    name = "unity-databricks-real"
    variable = "DECAPOLIS_LIVE_DATABRICKS"


class RealSnowflake(NamedCatalog):
    """A genuine account."""

    name = "snowflake-real"
    kind = "real"
    variable = "DECAPOLIS_LIVE_SNOWFLAKE"

    def catalog_type(self) -> type[Catalog[Any]]:
        """The type, which needs an extra."""
        from decapolis_translators.snowflake import SnowflakeCatalog

        return SnowflakeCatalog


class RealDataplex(NamedCatalog):
    """A genuine project."""

    name = "gcp-dataplex-real"
    kind = "real"
    variable = "DECAPOLIS_LIVE_GCP_DATA_CATALOG"

    def catalog_type(self) -> type[Catalog[Any]]:
        """The type."""
        from decapolis_translators.gcp_data_catalog import DataplexCatalog

        return DataplexCatalog


class RealPurview(NamedCatalog):
    """A genuine account."""

    name = "azure-purview-real"
    kind = "real"
    variable = "DECAPOLIS_LIVE_AZURE_PURVIEW"

    def catalog_type(self) -> type[Catalog[Any]]:
        """The type."""
        from decapolis_translators.azure_purview import PurviewCatalog

        return PurviewCatalog
