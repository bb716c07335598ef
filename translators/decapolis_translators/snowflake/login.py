"""Who we are to Snowflake: a signed statement of a key pair, an OAuth token, or a programmatic access token."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping
from typing import Any

import orjson

from decapolis_translators.errors import RegistryFault
from decapolis_translators.http import Credentials, Fixed, Send, Tokens

from .config import OAuth, SnowflakeConfig

_KIND = "X-Snowflake-Authorization-Token-Type"
_LIFETIME = 3_600
"""Seconds: Snowflake takes no key pair's statement for longer."""
_RENEWED = 3_300
_SKEW = 30
"""Seconds by which our clock may be ahead of theirs."""


class KeyPair:
    """Signs who we are (RS256) and uses that for just under an hour."""

    def __init__(self, config: SnowflakeConfig) -> None:
        self._config = config
        self._key: Any = None
        self._token = ""
        self._spent_at = 0.0

    def load(self) -> None:
        """Reads the key; RegistryFault where it cannot be used."""
        try:
            from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
        except ImportError:
            raise RegistryFault("Key pairs need cryptography: install decapolis[snowflake]") from None
        given, passphrase = self._config.private_key, self._config.private_key_passphrase
        secret = passphrase.get_secret_value().encode() if passphrase is not None else None
        try:
            key = load_pem_private_key(given.get_secret_value().encode() if given is not None else b"", secret)
        except (ValueError, TypeError):
            raise RegistryFault("private_key: no key in PEM, or not the passphrase that it needs") from None
        if not isinstance(key, RSAPrivateKey):
            raise RegistryFault("private_key: an RSA key is needed")
        self._key = key

    async def headers(self) -> Mapping[str, str]:
        """The signed statement of the hour."""
        if self._key is None:
            self.load()
        if not self._token or time.monotonic() >= self._spent_at:
            self._token = self._signed(int(time.time()) - _SKEW)
            self._spent_at = time.monotonic() + _RENEWED
        return {"Authorization": f"Bearer {self._token}", _KIND: "KEYPAIR_JWT"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Another statement may be taken where the clock or the key's registration moved."""
        if refused.get("Authorization") == f"Bearer {self._token}":
            self._token = ""
        return True

    def secrets(self) -> tuple[str, ...]:
        """What was signed, and the key."""
        given = (self._config.private_key, self._config.private_key_passphrase)
        return (self._token, *(each.get_secret_value() for each in given if each is not None))

    def _signed(self, now: int) -> str:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        who = f"{account_name(self._config.account or '')}.{(self._config.username or '').upper()}"
        claims = {"iss": f"{who}.{self._fingerprint()}", "sub": who, "iat": now, "exp": now + _LIFETIME}
        head = _encoded(orjson.dumps({"alg": "RS256", "typ": "JWT"}))
        said = f"{head}.{_encoded(orjson.dumps(claims))}"
        return f"{said}.{_encoded(self._key.sign(said.encode(), PKCS1v15(), SHA256()))}"

    def _fingerprint(self) -> str:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"SHA256:{base64.b64encode(hashlib.sha256(public).digest()).decode()}"


def account_name(account: str) -> str:
    """The account as statements name it: without its region, in upper case."""
    if ".global" in account:
        account = account.partition("-")[0]
    return account.partition(".")[0].upper()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class OAuthTokens(Tokens):
    """Client credentials at an identity provider that the account trusts."""

    def __init__(self, oauth: OAuth, send: Send) -> None:
        assert oauth.client_id is not None
        assert oauth.client_secret is not None
        super().__init__(oauth.client_id, oauth.client_secret, oauth.scope, send)
        self._url = oauth.token_url or ""

    async def token_url(self) -> str:
        """As it is configured."""
        return self._url

    async def headers(self) -> Mapping[str, str]:
        """The bearer header, and that it is OAuth's."""
        return {**await super().headers(), _KIND: "OAUTH"}


def credentials(config: SnowflakeConfig, send: Send) -> Credentials:
    """What the configuration asks for."""
    if config.oauth is not None and config.oauth.token is None:
        return OAuthTokens(config.oauth, send)
    if config.oauth is not None and config.oauth.token is not None:
        return _fixed(config.oauth.token.get_secret_value(), "OAUTH")
    token = config.token or config.password
    return KeyPair(config) if token is None else _fixed(token.get_secret_value(), "PROGRAMMATIC_ACCESS_TOKEN")


def _fixed(token: str, kind: str) -> Fixed:
    return Fixed({"Authorization": f"Bearer {token}", _KIND: kind}, (token,))
