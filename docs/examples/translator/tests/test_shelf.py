"""The whole contract, against the shelf."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from shelf_registry import ShelfRegistry

from decapolis_translators.testing.suite import TranslatorContract


class TestShelf(TranslatorContract):
    @pytest.fixture
    async def registry(self) -> AsyncIterator[ShelfRegistry]:
        registry = ShelfRegistry("shelf", ShelfRegistry.Config())
        await registry.open()
        yield registry
        await registry.close()
