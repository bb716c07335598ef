"""Who we are to a registry: nobody, a user, a token, or a client that fetches tokens."""

from __future__ import annotations

import asyncio
import base64
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from urllib.parse import quote_plus, urlencode

import orjson
from pydantic import SecretStr

from decapolis_translators.errors import CredentialsRefused, Garbled, Unreachable

from .answer import Answer

Send = Callable[[str, str, bytes | None, Mapping[str, str]], Awaitable[Answer]]
"""Sends a method to an absolute URL, with a body and headers, and without our identity."""

_EARLY = 30.0
"""Seconds before its end at which a token counts as spent, so that none expires on its way."""


class Credentials(Protocol):
    """Gives the headers that prove who we are."""

    async def headers(self) -> Mapping[str, str]:
        """The headers for the next call."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Forgets what was refused; false where asking again could give nothing new."""

    def secrets(self) -> tuple[str, ...]:
        """What must never appear in a text."""


class Fixed:
    """Basic, bearer or nothing: the same headers for ever."""

    def __init__(self, headers: Mapping[str, str], secrets: tuple[str, ...]) -> None:
        self._headers = dict(headers)
        self._secrets = secrets

    async def headers(self) -> Mapping[str, str]:
        """The configured headers."""
        return self._headers

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Never: what is configured does not change."""
        return False

    def secrets(self) -> tuple[str, ...]:
        """The configured ones."""
        return self._secrets


class Tokens(ABC):
    """OAuth 2 client credentials: one token for all tasks, kept until shortly before its end."""

    def __init__(self, client_id: str, secret: SecretStr, scope: str | None, send: Send) -> None:
        self._client_id = client_id
        self._secret = secret
        self._scope = scope
        self._send = send
        self._token = ""
        self._spent_at = 0.0
        self._fetching = asyncio.Lock()

    @abstractmethod
    async def token_url(self) -> str:
        """Where tokens are given out; a registry may have to be asked for it first."""

    async def headers(self) -> Mapping[str, str]:
        """The bearer header."""
        return {"Authorization": f"Bearer {await self._current()}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Forgets the refused token, unless another task has fetched a newer one since."""
        if refused.get("Authorization") == f"Bearer {self._token}":
            self._token = ""
        return True

    def secrets(self) -> tuple[str, ...]:
        """The client's secret and the token of the hour."""
        return (self._secret.get_secret_value(), self._token)

    async def _current(self) -> str:
        async with self._fetching:
            if not self._token or time.monotonic() >= self._spent_at:
                self._token, lifetime = await self._fetch()
                self._spent_at = time.monotonic() + lifetime - min(_EARLY, lifetime / 10)
            return self._token

    def grant(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The form of a request for a token and its headers; other grants than client credentials say others."""
        form = {"grant_type": "client_credentials"} | ({"scope": self._scope} if self._scope else {})
        client = basic(quote_plus(self._client_id), quote_plus(self._secret.get_secret_value()))
        return form, {"Authorization": client}

    async def _fetch(self) -> tuple[str, float]:
        url = await self.token_url()
        form, identity = self.grant()
        headers = {
            **identity,
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        return _token_of(await self._send("POST", url, urlencode(form).encode(), headers))


def _token_of(answer: Answer) -> tuple[str, float]:
    if 400 <= answer.status < 500:
        raise CredentialsRefused(f"The token endpoint answered {answer.status}")
    if answer.status >= 500:
        raise Unreachable(f"The token endpoint answered {answer.status}")
    try:
        body = orjson.loads(answer.content)
        token, lifetime = body["access_token"], float(body.get("expires_in") or 300)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Garbled("The token endpoint answered no access token") from None
    if not isinstance(token, str) or not token:
        raise Garbled("The token endpoint answered no access token")
    return token, lifetime


class AmbientTokens(Tokens):
    """The token of the machine itself, from the address at which its cloud gives one to whatever runs there."""

    def __init__(self, url: str, headers: Mapping[str, str], send: Send) -> None:
        super().__init__("", SecretStr(""), None, send)
        self._url = url
        self._headers = dict(headers)

    async def token_url(self) -> str:
        """The address of this machine's identity."""
        return self._url

    async def _fetch(self) -> tuple[str, float]:
        return _token_of(await self._send("GET", self._url, None, self._headers))


def basic(username: str, password: str) -> str:
    """The value of a Basic Authorization header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
