"""The README's pictures, the stories and the labs are walked on one running demo, command by command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo import demo
from tests.pages import Step, fits, part_of, steps_of, walk
from tests.test_docs import ROOT

__all__ = ["demo"]

PAGES = [ROOT / "docs" / "stories.md", *sorted((ROOT / "docs" / "tutorials").glob("[0-9]*.md"))]


def test_the_pictures_of_the_readme(demo: str, tmp_path: Path) -> None:
    steps = steps_of(part_of(ROOT / "README.md", "Ten registries in one minute"))
    assert sum(step.shown is not None for step in steps) >= 3
    walk(steps, demo, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page(page: Path, demo: str, tmp_path: Path) -> None:
    steps = steps_of(page.read_text())
    assert any(step.shown is not None for step in steps)
    walk(steps, demo, tmp_path)


def test_another_output_is_noticed() -> None:
    assert fits("a  b\n…\nid …: done\n", "a b\nx\ny\nid 7: done\n")
    assert fits("a\n", "a\n")
    assert not fits("a\n", "a\nb\n")
    assert not fits("a\nb\n", "a\n")
    assert not fits("id …: done\n", "id 7: failed\n")


def test_a_command_that_fails_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        walk([Step("false\n", None)], "http://127.0.0.1:9", tmp_path)
