"""The page of `unity_catalog` knows every key."""

from __future__ import annotations

from pathlib import Path

from decapolis_translators.unity_catalog import UnityConfig

PAGE = Path(__file__).parents[2] / "docs" / "registries" / "unity_catalog.md"


def test_every_key_is_explained() -> None:
    page = PAGE.read_text()
    for key, field in UnityConfig.model_fields.items():
        assert f"`{field.alias or key}`" in page
