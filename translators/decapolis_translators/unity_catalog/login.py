"""The HTTP client of a Unity Catalog and how it logs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import httpx
from pydantic import SecretStr

from decapolis_translators.errors import CredentialsRefused
from decapolis_translators.http import Credentials, Fixed, HttpClient, Send, Tokens

from .config import UnityConfig

_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
_KIND: Final = "urn:ietf:params:oauth:token-type:"
_TOKENS: Final = "/api/1.0/unity-control/auth/tokens"


class UnityClient(HttpClient):
    """One server's addresses."""

    def __init__(self, config: UnityConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._unity = config
        super().__init__(config, transport)

    def credentials(self) -> Credentials:
        """What the configuration asks for."""
        config = self._unity
        if config.token is not None:
            token = config.token.get_secret_value()
            return Fixed({"Authorization": f"Bearer {token}"}, (token,))
        if config.token_file is not None:
            return FileToken(config.token_file)
        if config.client_id is not None:
            return MachineTokens(config, self.send)
        if config.subject_token is not None or config.subject_token_file is not None:
            return ExchangedTokens(config, self.send)
        return Fixed({}, ())

    def needs_tls(self) -> bool:
        """An identity provider is secure even where the catalog beside us is not."""
        return super().needs_tls() or (self._unity.token_url or "").startswith("https:")


class FileToken:
    """A token that somebody else keeps fresh in a file: read when it is first needed and when it was refused."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._token = ""

    async def headers(self) -> Mapping[str, str]:
        """The bearer header."""
        if not self._token:
            self._token = read_secret(self._path, "token_file")
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Reads the file again; false where it still holds what was refused."""
        self._token = read_secret(self._path, "token_file")
        return refused.get("Authorization") != f"Bearer {self._token}"

    def secrets(self) -> tuple[str, ...]:
        """The token of the hour."""
        return (self._token,)


class MachineTokens(Tokens):
    """A service principal of Databricks (OAuth machine to machine), or of whoever `token_url` names."""

    def __init__(self, config: UnityConfig, send: Send) -> None:
        secret = _secret(config.client_secret, config.client_secret_file, "client_secret_file")
        super().__init__(config.client_id or "", SecretStr(""), config.scope, send)
        self._url = config.token_url or f"{config.url[0]}/oidc/v1/token"
        self._read = secret

    async def token_url(self) -> str:
        """The workspace's own unless another one is configured."""
        return self._url

    def grant(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Client credentials; a file is read anew, so that a secret may be rotated."""
        self._secret = SecretStr(self._read())
        return super().grant()


class ExchangedTokens(Tokens):
    """A token of an identity provider, exchanged for one of the open-source server's own."""

    def __init__(self, config: UnityConfig, send: Send) -> None:
        super().__init__("", SecretStr(""), None, send)
        self._url = config.token_url or config.url[0] + _TOKENS
        self._kind = _KIND + config.subject_token_type
        self._read = _secret(config.subject_token, config.subject_token_file, "subject_token_file")

    async def token_url(self) -> str:
        """The server's control plane unless another address is configured."""
        return self._url

    def grant(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The exchange of RFC 8693; no client stands for anything here."""
        self._secret = SecretStr(self._read())
        form = {
            "grant_type": _EXCHANGE,
            "requested_token_type": f"{_KIND}access_token",
            "subject_token_type": self._kind,
            "subject_token": self._secret.get_secret_value(),
        }
        return form, {}


def _secret(given: SecretStr | None, path: str | None, key: str) -> Callable[[], str]:
    if given is not None:
        return given.get_secret_value
    return lambda: read_secret(path or "", key)


def read_secret(path: str, key: str) -> str:
    """What a file of the configuration holds; CredentialsRefused where it holds nothing."""
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise CredentialsRefused(f"{key}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not text:
        raise CredentialsRefused(f"{key}: the file is empty")
    return text
