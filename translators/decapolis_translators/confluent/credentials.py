"""Who we are to a registry: nobody, a user, a token, or a client that fetches tokens."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol
from urllib.parse import quote_plus, urlencode

import orjson

from decapolis_translators.errors import CredentialsRefused, Garbled, Unreachable

from .answer import Answer
from .config import DialectConfig, OAuthConfig

Post = Callable[[str, bytes, Mapping[str, str]], Awaitable[Answer]]
"""Sends a form to an absolute URL."""

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


class ClientCredentials:
    """OAuth 2 client credentials: one token for all tasks, kept until shortly before its end."""

    def __init__(self, config: OAuthConfig, post: Post) -> None:
        self._config = config
        self._post = post
        self._token = ""
        self._spent_at = 0.0
        self._fetching = asyncio.Lock()

    async def headers(self) -> Mapping[str, str]:
        """The bearer header, and the routing headers of a registry run as a service where configured."""
        token = await self._current()
        headers = {"Authorization": f"Bearer {token}"}
        if self._config.logical_cluster:
            headers["target-sr-cluster"] = self._config.logical_cluster
        if self._config.identity_pool:
            headers["Confluent-Identity-Pool-Id"] = self._config.identity_pool
        return headers

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Forgets the refused token, unless another task has fetched a newer one since."""
        if refused.get("Authorization") == f"Bearer {self._token}":
            self._token = ""
        return True

    def secrets(self) -> tuple[str, ...]:
        """The client's secret and the token of the hour."""
        return (self._config.client_secret.get_secret_value(), self._token)

    async def _current(self) -> str:
        async with self._fetching:
            if not self._token or time.monotonic() >= self._spent_at:
                self._token, lifetime = await self._fetch()
                self._spent_at = time.monotonic() + lifetime - min(_EARLY, lifetime / 10)
            return self._token

    async def _fetch(self) -> tuple[str, float]:
        form = {"grant_type": "client_credentials"}
        if self._config.scope:
            form["scope"] = self._config.scope
        secret = self._config.client_secret.get_secret_value()
        headers = {
            "Authorization": basic(quote_plus(self._config.client_id), quote_plus(secret)),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        answer = await self._post(self._config.token_url, urlencode(form).encode(), headers)
        return _token_of(answer)


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


def basic(username: str, password: str) -> str:
    """The value of a Basic Authorization header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def credentials_of(config: DialectConfig, post: Post) -> Credentials:
    """The credentials that a configuration asks for."""
    if config.oauth is not None:
        return ClientCredentials(config.oauth, post)
    if config.token is not None:
        token = config.token.get_secret_value()
        return Fixed({"Authorization": f"Bearer {token}"}, (token,))
    if config.username is not None and config.password is not None:
        password = config.password.get_secret_value()
        header = basic(config.username, password)
        return Fixed({"Authorization": header}, (password, header.removeprefix("Basic ")))
    return Fixed({}, ())
