"""The type `unity_catalog`: a catalog of Databricks, or of the open-source Unity Catalog."""

from __future__ import annotations

from .config import UnityConfig
from .registry import UnityCatalog

__all__ = ["UnityCatalog", "UnityConfig"]
