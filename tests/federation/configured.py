"""A gateway that was configured by files, which a test can change."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import yaml

from decapolis.files import load
from tests.gateway.conftest import running

from .conftest import Api


class Configured:
    """A folder with `gateway.yaml` and `registries.yaml`, and gateways that were started on it."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.folder = folder
        self._stack = stack

    def write(self, *registries: dict[str, Any], **settings: Any) -> None:
        """Writes both files."""
        settings.setdefault("store", f"sqlite:///{self.folder}/store.db")
        settings |= {"registries_file": "registries.yaml", "home": "embedded"}
        self.registries({"id": "embedded", "type": "embedded"}, *registries)
        (self.folder / "gateway.yaml").write_text(yaml.safe_dump(settings))

    def registries(self, *registries: dict[str, Any]) -> None:
        """Writes the registries alone."""
        (self.folder / "registries.yaml").write_text(yaml.safe_dump({"registries": list(registries)}))

    async def start(self) -> Api:
        """A gateway on these files."""
        configuration = load(self.folder / "gateway.yaml", {}, {})
        client = await self._stack.enter_async_context(running(configuration))
        return Api(client, (await client.get("/openapi.json")).json())
