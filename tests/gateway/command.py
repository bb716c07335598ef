"""The real command in a process of its own, on a free port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

COMMAND = (sys.executable, "-m", "decapolis")
_LISTENS = re.compile(r"listens on (https?://\S+)")


def clean(variables: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what would configure a gateway, and with these variables."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DECAPOLIS_")}
    return {**kept, **variables}


def ran(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command run to its end."""
    return subprocess.run(
        (*COMMAND, *arguments),
        cwd=folder,
        env=clean(variables),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@dataclass
class Gateway:
    """A running gateway; what it said first, and where it is."""

    process: subprocess.Popen[str]
    banner: str
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def stop(self, sig: int = signal.SIGTERM) -> int:
        """Its exit code after a signal."""
        self.process.send_signal(sig)
        return self.process.wait(timeout=30)


@contextmanager
def serving(*arguments: str, folder: Path, **variables: str) -> Iterator[Gateway]:
    """A gateway that says where it listens; killed at the end if it still runs."""
    with (folder / "stderr.log").open("a") as errors:
        process = subprocess.Popen(
            (*COMMAND, "serve", *arguments),
            cwd=folder,
            env=clean(variables),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        lines: list[str] = []
        while len(lines) < 3 and (line := process.stdout.readline()):
            lines.append(line)
        found = _LISTENS.search("".join(lines))
        assert found is not None, (folder / "stderr.log").read_text()
        yield Gateway(process, "".join(lines), found[1])
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
