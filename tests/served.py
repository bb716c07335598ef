"""The real command as a process of its own, on a free port, with a store of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def served(folder: Path, *arguments: str, **variables: str) -> Iterator[str]:
    """The URL of a running gateway; it is asked to stop afterwards and must do so with exit code 0."""
    store = () if "--store" in arguments else ("--store", f"sqlite:///{folder}/store.db")
    command = [sys.executable, "-m", "decapolis", "serve", "--port", "0", *store, *arguments]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DECAPOLIS_")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env={**environment, **variables}
    ) as process:
        assert process.stdout is not None
        banner = process.stdout.readline()
        found = re.search(r"https?://\S+", banner)
        if found is None:
            _, errors = process.communicate(timeout=20)
            raise AssertionError(f"no URL in {banner!r}: {errors}")
        try:
            yield found.group(0)
        finally:
            process.terminate()
            process.communicate(timeout=30)
        assert process.returncode == 0
