"""HTTP to one registry of the dialect."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from decapolis_translators.http import Credentials, HttpClient

from .config import DialectConfig
from .credentials import credentials_of


class DialectClient(HttpClient):
    """One registry's URLs; says that it takes unknown properties in answers, as current clients do."""

    accept = "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json"
    content_type = "application/vnd.schemaregistry.v1+json"

    def __init__(self, config: DialectConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._dialect = config
        super().__init__(config, transport)

    def credentials(self) -> Credentials:
        """What the configuration asks for."""
        return credentials_of(self._dialect, self.send)

    def own_headers(self) -> Mapping[str, str]:
        """The word for newer servers that they may answer more than asked."""
        return {"Confluent-Accept-Unknown-Properties": "true"}

    def needs_tls(self) -> bool:
        """Whether the registry or the token endpoint is secure."""
        oauth = self._dialect.oauth
        return super().needs_tls() or (oauth is not None and oauth.token_url.startswith("https:"))
