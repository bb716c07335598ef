"""The HTTP client of an Apicurio Registry and how it logs in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from decapolis_translators.errors import CredentialsRefused, Garbled, Unreachable
from decapolis_translators.http import Answer, Credentials, Fixed, HttpClient, Send, Tokens, basic

from .config import ApicurioConfig, BasicAuth, BearerAuth, OidcAuth

_ASKED = ("/apis/registry/v3/system/uiConfig", "/apis/registry/v2/system/uiConfig")
_JSON = {"Accept": "application/json"}
_UNTOLD = (
    "auth: this registry does not tell its identity provider; give auth.token_url (where tokens are given out) "
    "or auth.issuer (whose discovery document names that address)"
)


class ApicurioClient(HttpClient):
    """One registry's addresses."""

    def __init__(self, config: ApicurioConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._apicurio = config
        super().__init__(config, transport)

    def credentials(self) -> Credentials:
        """What the configuration asks for."""
        match self._apicurio.auth:
            case BasicAuth() as auth:
                password = auth.password.get_secret_value()
                header = basic(auth.username, password)
                return Fixed({"Authorization": header}, (password, header.removeprefix("Basic ")))
            case BearerAuth() as auth:
                token = auth.token.get_secret_value()
                return Fixed({"Authorization": f"Bearer {token}"}, (token,))
            case OidcAuth() as auth:
                return OidcTokens(auth, self._apicurio.url, self.send)
        return Fixed({}, ())

    def needs_tls(self) -> bool:
        """An identity provider is secure even where the registry beside us is not."""
        return super().needs_tls() or isinstance(self._apicurio.auth, OidcAuth)


class OidcTokens(Tokens):
    """Client credentials at an identity provider that may have to be found first."""

    def __init__(self, auth: OidcAuth, registry: Sequence[str], send: Send) -> None:
        super().__init__(auth.client_id, auth.client_secret, auth.scope, send)
        self._auth = auth
        self._registry = registry
        self._found: str | None = auth.token_url

    async def token_url(self) -> str:
        """The configured address, else what the issuer's discovery document names."""
        if self._found is None:
            issuer = self._auth.issuer or await self._issuer()
            document = await self._read(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            self._found = self._trusted(document.get("token_endpoint"), "token_endpoint")
        return self._found

    async def _issuer(self) -> str:
        """What the registry tells its own console; that answer needs no credentials."""
        for path in _ASKED:
            auth = (await self._asked(path)).get("auth")
            options = auth.get("options") if isinstance(auth, Mapping) else None
            if isinstance(options, Mapping) and options.get("url"):
                return self._trusted(options["url"], "url")
        raise CredentialsRefused(_UNTOLD)

    async def _asked(self, path: str) -> Mapping[str, Any]:
        for url in self._registry[:-1]:
            try:
                return await self._read(url + path)
            except Unreachable:
                continue
        return await self._read(self._registry[-1] + path)

    async def _read(self, url: str) -> Mapping[str, Any]:
        answer: Answer = await self._send("GET", url, None, _JSON)
        if answer.status >= 500:
            raise Unreachable(f"The way to the identity provider is blocked: {url} answered {answer.status}")
        try:
            body = answer.json() if answer.status == 200 else {}
        except Garbled:
            return {}
        return body if isinstance(body, Mapping) else {}

    def _trusted(self, url: Any, name: str) -> str:
        """A secret goes nowhere that the configuration did not imply: behind https only to https."""
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise CredentialsRefused(_UNTOLD)
        if not url.startswith("https:") and any(each.startswith("https:") for each in self._registry):
            raise CredentialsRefused(f"auth: the {name} that was told is not secure; give auth.token_url yourself")
        return url
