"""Documents of OpenAPI: their component schemas, out of them and into them."""

from .from_model import holds, spelled, write
from .to_model import component_names, read

__all__ = ["component_names", "holds", "read", "spelled", "write"]
