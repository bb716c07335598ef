"""Who may enter an imitated account: key pairs, OAuth and programmatic access tokens, checked as Snowflake says that it does.

https://docs.snowflake.com/en/developer-guide/sql-api/authenticating
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .asgi import Door, Problem

_KIND = "x-snowflake-authorization-token-type"


@dataclass
class Guard:
    """Users with their public keys, and tokens; `tokens` of OAuth are those that the door issued."""

    account: str = "XY12345"
    keys: dict[str, Any] = field(default_factory=dict)
    pats: set[str] = field(default_factory=set)
    oauth: set[str] = field(default_factory=set)
    refused: int = 0
    expire_next: int = 0
    """How many of the next calls find their credentials expired."""

    def admit(self, headers: Mapping[str, str], door: Door) -> None:
        """Problem with the code that belongs to what is wrong."""
        token = headers.get("authorization", "").removeprefix("Bearer ")
        kind = headers.get(_KIND, "OAUTH")
        if self.expire_next:
            self.expire_next -= 1
            raise self._refusal("390318", "OAuth access token expired." if kind == "OAUTH" else "Token expired.")
        if kind == "KEYPAIR_JWT":
            self._admit_key(token)
        elif kind == "OAUTH" and token not in self.oauth | door.tokens:
            raise self._refusal("390303", "Invalid OAuth access token.")
        elif kind == "PROGRAMMATIC_ACCESS_TOKEN" and token not in self.pats:
            raise self._refusal("394400", "Programmatic access token is invalid.")
        elif kind not in {"OAUTH", "PROGRAMMATIC_ACCESS_TOKEN"}:
            raise self._refusal("390104", "The type of the token is unknown.")

    def _admit_key(self, token: str) -> None:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            head, body, signature = token.split(".")
            claims = json.loads(_decoded(body))
            algorithm = json.loads(_decoded(head))["alg"]
            who = claims["sub"]
            key = self.keys[who.removeprefix(f"{self.account}.")]
            key.verify(_decoded(signature), f"{head}.{body}".encode(), PKCS1v15(), SHA256())
        except (ValueError, KeyError, InvalidSignature):
            raise self._refusal("390144", "JWT token is invalid.") from None
        now = time.time()
        right = claims.get("iss") == f"{who}.{_fingerprint(key)}" and algorithm == "RS256"
        timely = claims["iat"] <= now <= claims["exp"] <= claims["iat"] + 3_600
        if not right or not timely:
            raise self._refusal("390144", "JWT token is invalid.")

    def _refusal(self, code: str, words: str) -> Problem:
        self.refused += 1
        return Problem(401, {"code": code, "message": f"{words} [{'0' * 8}-0000-0000-0000-{'0' * 12}]"})


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _fingerprint(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"SHA256:{base64.b64encode(hashlib.sha256(der).digest()).decode()}"
