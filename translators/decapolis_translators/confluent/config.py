"""How one registry of the dialect is reached and who we are to it."""

from __future__ import annotations

from typing import Self

from pydantic import SecretStr, model_validator

from decapolis_translators.contract import TranslatorConfig
from decapolis_translators.http import ReachConfig, Url


class OAuthConfig(TranslatorConfig):
    """OAuth 2 client credentials; the last two name cluster and pool at registries run as a service."""

    token_url: Url
    client_id: str
    client_secret: SecretStr
    scope: str | None = None
    logical_cluster: str | None = None
    identity_pool: str | None = None


class DialectConfig(ReachConfig):
    """How to reach a registry that speaks the Confluent dialect; of the three ways to log in at most one."""

    username: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    oauth: OAuthConfig | None = None

    @model_validator(mode="after")
    def _one_identity(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        ways = [way for way in (self.username, self.token, self.oauth) if way is not None]
        if len(ways) > 1:
            raise ValueError("at most one of username/password, token and oauth may be given")
        return self
