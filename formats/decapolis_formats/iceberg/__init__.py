"""Iceberg's schemas in JSON, read and printed by pyiceberg; needs the extra `transform`."""

from .from_model import holds, spelled, write
from .to_model import read

__all__ = ["holds", "read", "spelled", "write"]
