"""The real command in a process of its own, as a user starts it."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30.0
STOP_SECONDS = 15.0


@contextmanager
def served(folder: Path, *flags: str) -> Iterator[str]:
    """Runs `decapolis serve` on a free port with its store in a folder; gives the URL that the banner names."""
    process = subprocess.Popen(
        [sys.executable, "-m", "decapolis", "serve", "--port", "0", "--store", f"sqlite:///{folder}/store.db", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
    )
    # a start that hangs must end the wait for its banner
    deadline = threading.Timer(START_SECONDS, process.kill)
    deadline.start()
    try:
        url = _announced(process)
        deadline.cancel()
        # its output is read to the end, so that a full pipe never makes the server wait
        threading.Thread(target=_drained, args=(process,), daemon=True).start()
        yield url
    finally:
        deadline.cancel()
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _announced(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        found = re.search(r"listens on (https?://\S+)", line)
        if found:
            return found[1]
    raise AssertionError(f"the gateway did not start: {''.join(seen)}")


def _drained(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        for _ in output:
            pass
