"""The type `azure_purview`: entities of Microsoft Purview's Data Map, and of an Apache Atlas of one's own."""

from __future__ import annotations

from .catalog import PurviewCatalog
from .config import PurviewConfig

__all__ = ["PurviewCatalog", "PurviewConfig"]
