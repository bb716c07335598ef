"""Parquet's schemas in their text form, `message R { required int64 a; }`, read and printed."""

from .from_model import holds, spelled, write
from .to_model import read

__all__ = ["holds", "read", "spelled", "write"]
