"""Who we are to Purview: a client of Entra ID, the machine's managed identity, or a user of an Atlas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from decapolis_translators.errors import Garbled
from decapolis_translators.http import AmbientTokens, Call, Credentials, Fixed, HttpClient, Send, Tokens, basic

from .config import RESOURCE, PurviewConfig
from .faults import refusal

API_VERSION: Final = "2023-09-01"
_SCOPE: Final = f"{RESOURCE}/.default"


class EntraTokens(Tokens):
    """Client credentials at Entra ID, which takes them in the form."""

    def __init__(self, config: PurviewConfig, send: Send) -> None:
        assert config.client_id is not None
        assert config.client_secret is not None
        super().__init__(config.client_id, config.client_secret, _SCOPE, send)
        tenant = f"https://login.microsoftonline.com/{config.tenant_id}/oauth2/v2.0/token"
        self._url = config.token_url or tenant

    async def token_url(self) -> str:
        """The tenant's, or the configured one."""
        return self._url

    def grant(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The client and its secret in the form."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret.get_secret_value(),
            "scope": _SCOPE,
        }
        return form, {}


class PurviewClient(HttpClient):
    """The Data Map's REST."""

    def __init__(self, config: PurviewConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._purview = config
        super().__init__(config, transport)

    def credentials(self) -> Credentials:
        """What the configuration asks for."""
        config = self._purview
        if config.username is not None and config.password is not None:
            password = config.password.get_secret_value()
            header = basic(config.username, password)
            return Fixed({"Authorization": header}, (password, header.removeprefix("Basic ")))
        if config.client_secret is not None:
            return EntraTokens(config, self.send)
        query = {"api-version": "2018-02-01", "resource": RESOURCE}
        if config.client_id is not None:
            query["client_id"] = config.client_id
        return AmbientTokens(f"{config.identity_url}?{urlencode(query)}", {"Metadata": "true"}, self.send)

    def needs_tls(self) -> bool:
        """Entra ID is secure even where a test stands beside us."""
        return super().needs_tls() or self._purview.client_secret is not None

    async def ask(
        self,
        method: str,
        path: str,
        query: tuple[tuple[str, str], ...] = (),
        body: Mapping[str, Any] | None = None,
        *,
        write: bool = False,
    ) -> Mapping[str, Any]:
        """The JSON of a success; everything else is one of our errors."""
        version = () if self._purview.is_atlas else (("api-version", API_VERSION),)
        said = urlencode((*query, *version))
        answer = await self.call(Call(method, f"{path}?{said}" if said else path, body=body, write=write))
        if answer.status not in {httpx.codes.OK, httpx.codes.NO_CONTENT}:
            raise refusal(answer, write=write, scrub=self.scrub)
        told = answer.json() if answer.content else {}
        if not isinstance(told, Mapping):
            raise Garbled("Purview answered no object")
        return told
