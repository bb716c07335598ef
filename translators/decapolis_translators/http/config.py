"""Where a registry is and how the way to it is secured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

import httpx
from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema, model_validator

from decapolis_translators.contract import TranslatorConfig


def _as_list(given: Any) -> Any:
    """A comma list is a list; what is neither text nor list is left for pydantic to refuse."""
    parts = given.split(",") if isinstance(given, str) else given
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        return given
    return tuple(_checked(part.strip()) for part in parts)


def _checked(url: str) -> str:
    """The base URL without its last slash; credentials in it are refused, because URLs get printed."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise ValueError("not a URL") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError("a URL must begin with http:// or https:// and name a host")
    if parsed.userinfo:
        raise ValueError("credentials do not belong into the URL; use username and password")
    if parsed.query or parsed.fragment:
        raise ValueError("a base URL has neither query nor fragment")
    return url.rstrip("/")


Urls = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_list),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
Url = Annotated[str, BeforeValidator(lambda given: _checked(given) if isinstance(given, str) else given)]


class TlsConfig(TranslatorConfig):
    """Own trust and own certificate: paths of PEM files."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    verify_hostname: bool = True

    @model_validator(mode="after")
    def _key_needs_cert(self) -> Self:
        if self.key is not None and self.cert is None:
            raise ValueError("tls.key needs tls.cert")
        return self


class ReachConfig(TranslatorConfig):
    """How to reach a registry over HTTP; who we are to it is each type's own affair."""

    url: Urls
    tls: TlsConfig = TlsConfig()
    timeout: float = Field(default=3.5, gt=0)
    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
