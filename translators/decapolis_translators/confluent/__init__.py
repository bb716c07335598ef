"""The Confluent dialect as a client: the core that three types share, and the type `confluent` itself."""

from __future__ import annotations

from decapolis_translators.http import TlsConfig

from .config import DialectConfig, OAuthConfig
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
