"""Tables in SQL, read and printed as CREATE TABLE of four dialects; needs the extra `transform`."""

from .from_model import holds, spelled, write
from .to_model import read

__all__ = ["holds", "read", "spelled", "write"]
