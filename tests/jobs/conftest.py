"""Gateways and fakes, as the tests of the gateway and of the federation face start them."""

from __future__ import annotations

from tests.federation.conftest import api, apis
from tests.gateway.conftest import client, fakes, gateways, policed

__all__ = ["api", "apis", "client", "fakes", "gateways", "policed"]
