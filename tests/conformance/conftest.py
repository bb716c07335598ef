"""The gateway of the gateway tests, for tests that walk the reference row by row."""

from __future__ import annotations

from tests.clients.conftest import url
from tests.gateway.conftest import client, gateways

__all__ = ["client", "gateways", "url"]
