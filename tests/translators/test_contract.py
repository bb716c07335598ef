"""The contract suite against every façade that is available."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import tests.facades
from decapolis_translators.contract import Translator
from decapolis_translators.testing.facade import Facade, facades_of
from decapolis_translators.testing.suite import TranslatorContract


@pytest.fixture(params=facades_of(tests.facades), ids=lambda facade: facade.name)
def facade(request: pytest.FixtureRequest) -> Iterator[Facade]:
    facade: Facade = request.param()
    reason = facade.available()
    if reason is not None:
        pytest.skip(reason)
    facade.start()
    yield facade
    facade.stop()


class TestContract(TranslatorContract):
    @pytest.fixture
    async def registry(self, facade: Facade) -> AsyncIterator[Translator[Any]]:
        registry = facade.translator()
        await registry.open()
        yield registry
        await registry.close()

    @pytest.fixture
    def unreachable(self, facade: Facade) -> Translator[Any] | None:
        return facade.unreachable()
