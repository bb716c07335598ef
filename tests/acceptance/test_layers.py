"""The core knows no vendor: a vendor's kit in an operation is found before anybody reads the change (row 6)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("formats", "policies", "translators", "gateway")


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    """What import-linter says of the sources in a folder."""
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    path = ":".join(str(folder / room) for room in ROOMS)
    return subprocess.run(
        [sys.executable, "-c", linter, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_vendors_kit_in_an_operation_breaks_a_contract(tmp_path: Path) -> None:
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    before = checked(tmp_path)
    assert before.returncode == 0, before.stdout + before.stderr
    operation = tmp_path / "gateway/decapolis/operations/lookup.py"
    operation.write_text(operation.read_text() + "\nimport boto3\n")
    after = checked(tmp_path)
    assert after.returncode == 1
    assert "decapolis.operations.lookup -> boto3" in after.stdout
