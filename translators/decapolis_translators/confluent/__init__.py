"""The Confluent dialect as a client: the core that three types share, and the type `confluent` itself."""

from __future__ import annotations

from .config import DialectConfig, OAuthConfig, TlsConfig
from .confluent import ConfluentConfig, ConfluentRegistry
from .registry import DialectRegistry

__all__ = [
    "ConfluentConfig",
    "ConfluentRegistry",
    "DialectConfig",
    "DialectRegistry",
    "OAuthConfig",
    "TlsConfig",
]
