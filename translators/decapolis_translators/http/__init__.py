"""HTTP to one registry, shared by every type whose registry speaks it: log in, fail over, bound time and size."""

from __future__ import annotations

from .answer import Answer
from .client import Call, HttpClient
from .config import ReachConfig, TlsConfig, Url, Urls
from .credentials import AmbientTokens, Credentials, Fixed, Send, Tokens, basic

__all__ = [
    "AmbientTokens",
    "Answer",
    "Call",
    "Credentials",
    "Fixed",
    "HttpClient",
    "ReachConfig",
    "Send",
    "TlsConfig",
    "Tokens",
    "Url",
    "Urls",
    "basic",
]
