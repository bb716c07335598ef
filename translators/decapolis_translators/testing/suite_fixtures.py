"""What the tests of the suite share: fresh names, a schema that the registry holds, one reason to skip."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from decapolis_formats import Format, Schema
from decapolis_translators.contract import Feature, Translator

from .samples import sample

Registry = Translator[Any]


def needs(registry: Registry, *features: Feature) -> None:
    """Skips the test with the registry's own sentence where one of the features is missing."""
    for feature in features:
        if not registry.capabilities.has(feature):
            pytest.skip(f"{feature}: {registry.capabilities.why_not(feature)}")


def at_once(registry: Registry) -> bool:
    """Whether a delete must be permanent from the start, because the registry knows no soft one."""
    return not registry.capabilities.has(Feature.SOFT_DELETE)


class ContractFixtures:
    """The fixtures of the suite; a subclass adds `registry`."""

    @pytest.fixture
    def subject(self) -> str:
        """A subject that nobody has used; in a shared registry too."""
        return f"contract-{uuid.uuid4()}"

    @pytest.fixture
    def other_subject(self) -> str:
        """Another one."""
        return f"contract-{uuid.uuid4()}"

    @pytest.fixture
    def schema(self, registry: Registry) -> Schema:
        """A schema of a format that the registry holds."""
        return sample(self.format_of(registry))

    @pytest.fixture
    def unreachable(self) -> Registry | None:
        """An instance whose registry cannot be reached; None for types without a network."""
        return None

    def format_of(self, registry: Registry) -> Format:
        """The format that the tests use: Avro where it is held."""
        return min(registry.capabilities.formats, key=lambda each: (each is not Format.AVRO, each.value))
