"""The registry in the gateway's own store keeps the contract of every other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from decapolis.registries.embedded import EmbeddedRegistry
from decapolis.registries.stored import StoredConfig
from decapolis.store import store_at
from decapolis_translators.testing.suite import TranslatorContract


class TestEmbedded(TranslatorContract):
    @pytest.fixture
    async def registry(self, tmp_path: Path) -> AsyncIterator[EmbeddedRegistry]:
        store = store_at(f"sqlite:///{tmp_path}/store.db")
        await store.open()
        yield EmbeddedRegistry("embedded", StoredConfig(), store)
        await store.close()
