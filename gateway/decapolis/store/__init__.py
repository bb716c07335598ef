"""The gateway's own database: tables, migrations, and where its work runs."""

from __future__ import annotations

from .engine import Store, StoreUnavailable, UnsuitableStore, store_at
from .exclusive import StoreTaken

__all__ = ["Store", "StoreTaken", "StoreUnavailable", "UnsuitableStore", "store_at"]
