"""The type `apicurio`: Apicurio Registry, through its own API and, for what that cannot tell, its Confluent face."""

from __future__ import annotations

from .config import ApicurioConfig, BasicAuth, BearerAuth, OidcAuth
from .registry import ApicurioRegistry

__all__ = ["ApicurioConfig", "ApicurioRegistry", "BasicAuth", "BearerAuth", "OidcAuth"]
