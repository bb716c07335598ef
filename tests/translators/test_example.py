"""The example of the documentation: installed as a package of its own, it is found and passes the suite."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from decapolis_translators.contract import Translator
from decapolis_translators.discovery import GROUP, Types

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "translator"


@pytest.fixture
def on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE))


@pytest.mark.usefixtures("on_path")
def test_the_example_is_found_through_its_entry_point() -> None:
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    points = project["entry-points"][GROUP]
    found = Types([EntryPoint(name, value, GROUP) for name, value in points.items()]).named("shelf")
    assert issubclass(found, Translator)
    assert found("s", found.Config.model_validate({})).capabilities.formats


def test_the_example_passes_the_suite() -> None:
    path = os.pathsep.join([str(EXAMPLE), *sys.path])
    call = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(EXAMPLE / "pyproject.toml"),
        "tests",
    ]
    done = subprocess.run(
        call, cwd=EXAMPLE, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
