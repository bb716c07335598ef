"""Pages whose commands are run: the `sh` blocks of a page, one after the other, and what each of them shows.

A `text` block behind an `sh` block is what it prints: runs of blanks count as one, a line `…` stands for any lines, and `…`
within a line for anything.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.gateway.command import clean

END = "\x1e"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """Commands, and what they print where the page shows it."""

    commands: str
    shown: str | None


def steps_of(text: str) -> list[Step]:
    """The steps of a page, or of a part of one."""
    steps: list[Step] = []
    for language, content in _BLOCK.findall(text):
        if language == "sh":
            steps.append(Step(content, None))
        elif language == "text" and steps and steps[-1].shown is None:
            steps[-1] = Step(steps[-1].commands, content)
    return steps


def part_of(page: Path, heading: str) -> str:
    """The text under a heading of the second level."""
    return page.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]


def walk(steps: list[Step], url: str, folder: Path) -> None:
    """Runs the steps in one shell, in a folder, against a gateway; each must succeed and print what the page shows."""
    command = folder / "bin" / "decapolis"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m decapolis "$@"\n')
    command.chmod(0o755)
    script = "".join(f"{step.commands}\nprintf '\\036'\n" for step in steps)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-ec", script.replace("http://127.0.0.1:8081", url)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=clean({"DECAPOLIS_URL": url, "PATH": path}),
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr
    for step, printed in zip(steps, ran.stdout.split(END), strict=False):
        if step.shown is not None:
            assert fits(step.shown, printed), f"{step.commands}\nprinted\n{printed}\nnot\n{step.shown}\n{ran.stderr}"
    assert ran.stdout.count(END) == len(steps)


def fits(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed."""
    pattern = "".join(_line(line) for line in _lines(shown))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(printed))) is not None


def _line(line: str) -> str:
    if line == "…":
        return r"(?:.*\n)*?"
    return ".*".join(re.escape(part) for part in line.split("…")) + r"\n"


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]
