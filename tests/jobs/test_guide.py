"""The guide's commands run as they stand, one after the other."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.served import served
from tests.test_docs import ROOT, blocks


def test_the_guide_to_forward_full(tmp_path: Path) -> None:
    script = "\n".join(f"{block}\necho; echo ----" for block in blocks(ROOT / "docs" / "migration.md", "sh"))
    (tmp_path / "gateway").mkdir()
    with served(tmp_path / "gateway") as url:
        shown = subprocess.run(
            ["bash", "-ec", script.replace("http://127.0.0.1:8081", url)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    _, analysed, executed, validated, _, _ = shown.stdout.split("----")
    assert analysed.strip() == "{'READY': 2, 'REPAIRABLE': 1}"
    assert executed.split()[0] == "done"
    assert '"compatibilityLevel":"FORWARD_FULL"' in executed.replace(" ", "")
    assert validated.strip() == "True"
