"""Who we are to a registry of the dialect, by its configuration."""

from __future__ import annotations

from collections.abc import Mapping

from decapolis_translators.http import Credentials, Fixed, Send, Tokens, basic

from .config import DialectConfig, OAuthConfig


class ClientCredentials(Tokens):
    """OAuth 2 client credentials at a configured address, with the routing headers of a registry run as a service."""

    def __init__(self, config: OAuthConfig, send: Send) -> None:
        super().__init__(config.client_id, config.client_secret, config.scope, send)
        self._config = config

    async def token_url(self) -> str:
        """The configured one."""
        return self._config.token_url

    async def headers(self) -> Mapping[str, str]:
        """The bearer header, and the routing headers where configured."""
        headers = dict(await super().headers())
        if self._config.logical_cluster:
            headers["target-sr-cluster"] = self._config.logical_cluster
        if self._config.identity_pool:
            headers["Confluent-Identity-Pool-Id"] = self._config.identity_pool
        return headers


def credentials_of(config: DialectConfig, send: Send) -> Credentials:
    """The credentials that a configuration asks for."""
    if config.oauth is not None:
        return ClientCredentials(config.oauth, send)
    if config.token is not None:
        token = config.token.get_secret_value()
        return Fixed({"Authorization": f"Bearer {token}"}, (token,))
    if config.username is not None and config.password is not None:
        password = config.password.get_secret_value()
        header = basic(config.username, password)
        return Fixed({"Authorization": header}, (password, header.removeprefix("Basic ")))
    return Fixed({}, ())
