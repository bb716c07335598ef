"""What the gateway wants to travel with every call to a registry: request id and trace context."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})

outbound_headers: ContextVar[Mapping[str, str]] = ContextVar("decapolis_outbound_headers", default=_NOTHING)
"""Headers such as `X-Request-ID` and `traceparent`; set per request, sent by translators."""
