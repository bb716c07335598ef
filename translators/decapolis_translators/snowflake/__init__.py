"""Snowflake: standard tables through its SQL API v2, a history table for the documents, Horizon's Iceberg face to read."""

from __future__ import annotations

from .config import OAuth, SnowflakeConfig
from .registry import SnowflakeCatalog

__all__ = ["OAuth", "SnowflakeCatalog", "SnowflakeConfig"]
