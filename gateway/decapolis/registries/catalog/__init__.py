"""Catalogs: tables and columns there, documents, versions and ids here, under the contract of every registry."""

from __future__ import annotations

from .registry import CatalogRegistry, ModeOf
from .restoring import restore

__all__ = ["CatalogRegistry", "ModeOf", "restore"]
