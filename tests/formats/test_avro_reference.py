"""The Avro engine against the verdicts, differences and texts of the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from decapolis_formats import Format
from tests.reference_cases import OWN, SHARED, canonical_disagreement, cases, disagreement

CHUNK = 50


def chunks(path: Path, *, canonical: bool) -> list[Any]:
    """The cases in portions, so that a failure names a few of them and the suite stays quick."""
    found = cases(path, Format.AVRO, canonical=canonical)
    return [
        pytest.param(found[start : start + CHUNK], id=f"{path.stem}-{start}") for start in range(0, len(found), CHUNK)
    ]


def failing(portion: Sequence[dict[str, Any]], ask: Callable[[dict[str, Any]], str | None]) -> dict[str, str | None]:
    return {case["id"]: reason for case in portion if (reason := ask(case)) is not None}


@pytest.mark.skipif(not SHARED.exists(), reason="the third-party cases lie beside the repository")
class TestYardstick:
    @pytest.mark.parametrize("portion", chunks(SHARED, canonical=False))
    def test_verdicts_and_differences(self, portion: list[dict[str, Any]]) -> None:
        assert failing(portion, disagreement) == {}

    @pytest.mark.parametrize("portion", chunks(SHARED, canonical=True))
    def test_texts_and_validity(self, portion: list[dict[str, Any]]) -> None:
        assert failing(portion, canonical_disagreement) == {}


@pytest.mark.parametrize("portion", chunks(OWN / "avro.jsonl", canonical=False))
def test_our_own_cases(portion: list[dict[str, Any]]) -> None:
    assert failing(portion, disagreement) == {}
