"""The type `gcp_data_catalog`: entries of Dataplex, which took Data Catalog's place when that was switched off."""

from __future__ import annotations

from .catalog import DataplexCatalog
from .config import DataplexConfig

__all__ = ["DataplexCatalog", "DataplexConfig"]
