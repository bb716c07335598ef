"""Gateways and fakes, as the tests of the gateway start them."""

from __future__ import annotations

from tests.gateway.conftest import client, fakes, gateways, policed

__all__ = ["client", "fakes", "gateways", "policed"]
