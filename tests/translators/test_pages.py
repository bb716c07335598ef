"""Each registry type has a page, and the page knows every key and every missing feature."""

from __future__ import annotations

from pathlib import Path

import pytest

from decapolis_translators.confluent import ConfluentRegistry, DialectConfig

from .conftest import TYPES

PAGES = Path(__file__).parents[2] / "docs" / "registries"


@pytest.mark.parametrize("kind", TYPES)
def test_a_page_names_every_missing_feature(kind: str) -> None:
    page = (PAGES / f"{kind}.md").read_text()
    for feature in {**TYPES[kind].declared.missing, **TYPES[kind].unproven}:
        assert f"`{feature}`" in page


def test_the_shared_keys_are_explained() -> None:
    page = (PAGES / "confluent.md").read_text()
    for key in ConfluentRegistry.Config.model_fields:
        assert f"`{key}`" in page
    for kind in ("karapace", "redpanda"):
        assert TYPES[kind].Config is DialectConfig
        assert "as in [confluent](confluent.md)" in (PAGES / f"{kind}.md").read_text()
