"""A running gateway for real clients, and names that no two tests share."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.served import served


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of one gateway for all client tests; its global configuration stays as it is."""
    with served(tmp_path_factory.mktemp("gateway")) as address:
        yield address


@pytest.fixture(scope="module")
def own_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a gateway of this module's own, whose global settings may be changed."""
    with served(tmp_path_factory.mktemp("own-gateway")) as address:
        yield address


@pytest.fixture
def topic() -> str:
    """A topic that only this test uses."""
    return f"topic-{uuid4().hex[:12]}"
