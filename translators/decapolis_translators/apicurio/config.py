"""How an Apicurio Registry is reached, who we are to it, and which of its groups is meant."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr

from decapolis_translators.contract import TranslatorConfig
from decapolis_translators.http import ReachConfig, Url, Urls

_FACE = re.compile(r"/apis(/(registry|ccompat)(/v\d+)?)?/*$")


def _without_face(given: Any) -> Any:
    """People copy the address of one face of the server; all of them hang under the same base."""
    if isinstance(given, str):
        return ",".join(_FACE.sub("", part.strip()) for part in given.split(","))
    if isinstance(given, list | tuple):
        return [_FACE.sub("", part) if isinstance(part, str) else part for part in given]
    return given


class BasicAuth(TranslatorConfig):
    """A user and a password."""

    type: Literal["basic"]
    username: str
    password: SecretStr


class BearerAuth(TranslatorConfig):
    """A token that does not change."""

    type: Literal["bearer"]
    token: SecretStr


class OidcAuth(TranslatorConfig):
    """Client credentials; without `token_url` and `issuer` the registry is asked for its identity provider."""

    type: Literal["oidc"]
    client_id: str
    client_secret: SecretStr
    token_url: Url | None = None
    issuer: Url | None = None
    scope: str | None = None


class ApicurioConfig(ReachConfig):
    """One group of an Apicurio Registry; `ids` and `api` are found out unless they are given."""

    url: Annotated[Urls, BeforeValidator(_without_face)]
    auth: Annotated[BasicAuth | BearerAuth | OidcAuth, Field(discriminator="type")] | None = None
    group: Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$")] = "default"
    ids: Literal["auto", "content", "global"] = "auto"
    api: Literal["auto", "v2", "v3"] = "auto"
