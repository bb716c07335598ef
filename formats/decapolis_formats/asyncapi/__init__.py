"""Documents of AsyncAPI: the payloads of their messages, out of them and into them."""

from .from_model import holds, spelled, write
from .messages import Payload, payloads
from .to_model import read

__all__ = ["Payload", "holds", "payloads", "read", "spelled", "write"]
