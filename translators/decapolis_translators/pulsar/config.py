"""How a Pulsar cluster is reached, who we are to it, which namespace is meant, and how subjects become topics."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from decapolis_translators.contract import TranslatorConfig
from decapolis_translators.http import ReachConfig, Url, Urls

_ADMIN = re.compile(r"/admin(/v\d+)?/*$")
_Name = Annotated[str, Field(pattern=r"^[-=:.\w]{1,200}$")]
_Host = Annotated[str, Field(pattern=r"^(\*\.)?[A-Za-z0-9_.-]+$|^\[?[0-9A-Fa-f:]+\]?$")]


def _without_admin(given: Any) -> Any:
    """People copy the address of the admin API; its path is ours to add."""
    if isinstance(given, str):
        return ",".join(_ADMIN.sub("", part.strip()) for part in given.split(","))
    if isinstance(given, list | tuple):
        return [_ADMIN.sub("", part) if isinstance(part, str) else part for part in given]
    return given


class TokenAuth(TranslatorConfig):
    """A JSON web token that does not change."""

    type: Literal["token"]
    token: SecretStr


class BasicAuth(TranslatorConfig):
    """A user and a password."""

    type: Literal["basic"]
    username: str
    password: SecretStr


class OAuth2Auth(TranslatorConfig):
    """Client credentials; without `token_url` the issuer's discovery document names it."""

    type: Literal["oauth2"]
    client_id: str
    client_secret: SecretStr
    issuer: Url | None = None
    token_url: Url | None = None
    audience: str | None = None
    scope: str | None = None

    @model_validator(mode="after")
    def _findable(self) -> Self:
        if self.issuer is None and self.token_url is None:
            raise ValueError("oauth2 needs issuer or token_url")
        return self


class PulsarConfig(ReachConfig):
    """One namespace of one cluster; mutual TLS is `tls.cert` and `tls.key`."""

    url: Annotated[Urls, BeforeValidator(_without_admin)]
    auth: Annotated[TokenAuth | BasicAuth | OAuth2Auth, Field(discriminator="type")] | None = None
    tenant: _Name = "public"
    namespace: _Name = "default"
    subjects: Literal["strip-value", "identity"] = "strip-value"
    cluster_hosts: tuple[_Host, ...] = ()
    create_topics: bool = True
    erase: bool = False
    probes: Annotated[int, Field(ge=0, le=8)] = 8
