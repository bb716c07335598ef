"""The real command as a process of its own, on a free port, with a store of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 30.0


@contextmanager
def served(folder: Path, *arguments: str, **variables: str) -> Iterator[str]:
    """The URL of a running gateway; it is asked to stop afterwards and must do so with exit code 0."""
    store = () if "--store" in arguments else ("--store", f"sqlite:///{folder}/store.db")
    command = [sys.executable, "-m", "decapolis", "serve", "--port", "0", *store, *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DECAPOLIS_")}
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**environment, **variables},
    ) as process:
        url = _announced(process)
        # its output is read to the end, so that a full pipe never makes the server wait
        reader = threading.Thread(target=process.communicate)
        reader.start()
        try:
            yield url
        finally:
            process.terminate()
            reader.join(30)
            if process.poll() is None:
                process.kill()
        assert process.returncode == 0


def _announced(process: subprocess.Popen[str]) -> str:
    """The URL in the banner; a start that hangs ends the wait for it."""
    assert process.stdout is not None
    deadline = threading.Timer(START_SECONDS, process.kill)
    deadline.start()
    seen = []
    try:
        for line in process.stdout:
            seen.append(line)
            found = re.search(r"listens on (https?://\S+)", line)
            if found:
                return found[1]
    finally:
        deadline.cancel()
    raise AssertionError(f"the gateway did not start: {''.join(seen)}")
