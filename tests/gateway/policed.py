"""Gateways under policies, for the tests of floors, rules and stances."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.gateway.conftest import Client, Running


class Policed:
    """A policies file and the gateway that reads it."""

    def __init__(self, path: Path, gateways: Running) -> None:
        self.path = path
        self._gateways = gateways

    def write(self, *policies: dict[str, Any]) -> None:
        """Replaces what the file says."""
        self.path.write_text(yaml.safe_dump({"policies": list(policies)}))

    async def __call__(self, *policies: dict[str, Any], **settings: Any) -> Client:
        """A gateway under these policy sets."""
        self.write(*policies)
        client: Client = await self._gateways(**settings, policies_file=str(self.path))
        return client


def gateway_of(client: Client) -> Any:
    """The parts of the running gateway."""
    assert client.application.gateway is not None
    return client.application.gateway
