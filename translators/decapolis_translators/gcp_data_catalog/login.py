"""Who we are to Google: a service account that signs for itself, or the machine's own account."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from pydantic import SecretStr

from decapolis_translators.errors import CredentialsRefused, RegistryFault
from decapolis_translators.http import AmbientTokens, Call, Credentials, HttpClient, Send, Tokens

from .config import SCOPE, DataplexConfig, key_facts
from .faults import refusal

_LIFETIME = 3600
"""Seconds; Google takes no assertion that lives longer."""
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class KeyTokens(Tokens):
    """Tokens for assertions that a service account's key signs (RFC 7523)."""

    def __init__(self, key: SecretStr, send: Send) -> None:
        self._facts = key_facts(key)
        super().__init__(self._facts["client_email"], SecretStr(self._facts["private_key"]), SCOPE, send)

    async def token_url(self) -> str:
        """As the key file says."""
        return self._facts["token_uri"]

    def grant(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """A new assertion each time."""
        return {"grant_type": _GRANT, "assertion": self._assertion()}, {}

    def _assertion(self) -> str:
        now = int(time.time())
        head = {"alg": "RS256", "typ": "JWT", "kid": self._facts.get("private_key_id", "")}
        claims = {
            "iss": self._client_id,
            "scope": self._scope,
            "aud": self._facts["token_uri"],
            "iat": now,
            "exp": now + _LIFETIME,
        }
        said = f"{_encoded(orjson.dumps(head))}.{_encoded(orjson.dumps(claims))}"
        return f"{said}.{_encoded(_signature(self._secret, said.encode()))}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _signature(key: SecretStr, content: bytes) -> bytes:
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError:
        raise RegistryFault("A service account's key needs cryptography: install decapolis[gcp_data_catalog]") from None
    try:
        private = serialization.load_pem_private_key(key.get_secret_value().encode(), None)
    except (ValueError, TypeError):
        private = None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise CredentialsRefused("service_account_key: its private_key is no RSA key in PEM")
    return private.sign(content, padding.PKCS1v15(), hashes.SHA256())


class DataplexClient(HttpClient):
    """Dataplex's REST, version 1."""

    def __init__(self, config: DataplexConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._dataplex = config
        super().__init__(config, transport)

    def credentials(self) -> Credentials:
        """The key where there is one, else what the metadata server gives."""
        key = self._dataplex.service_account_key
        if key is not None:
            return KeyTokens(key, self.send)
        return AmbientTokens(self._dataplex.metadata_url, {"Metadata-Flavor": "Google"}, self.send)

    def needs_tls(self) -> bool:
        """Tokens are fetched over TLS even where Dataplex is a test beside us."""
        return super().needs_tls() or self._dataplex.service_account_key is not None

    async def ask(self, call: Call) -> Any:
        """The JSON of a success; everything else is one of our errors."""
        answer = await self.call(call)
        if answer.status == httpx.codes.OK:
            return answer.json()
        raise refusal(answer, write=call.write, scrub=self.scrub)
