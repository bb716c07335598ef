"""Real servers that the tests may use: one that somebody names, else, where DECAPOLIS_LIVE=1 asks for it, one that is started.

A script is `tests/servers/NAME.sh PORT` and `NAME.sh PORT stop`; it installs what is missing. All processes of one test run
share a server, and the last to end stops it. `make test-registries` asks for all of them; `make test` for none, as they are
large and slow to start.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import re
import subprocess
import tempfile
import zlib
from functools import cache
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "tests" / "servers"
STARTING = "DECAPOLIS_LIVE"
PATIENCE = 240
"""Seconds for installing and starting; both are the script's own affair."""


@cache
def real_server(name: str, variable: str, options: tuple[tuple[str, str], ...] = ()) -> tuple[str, str | None]:
    """The URL, and why there is none; `options` are variables for the script, and make it a server of its own."""
    named = os.environ.get(variable)
    if named and not options:
        return named.rstrip("/"), None
    if os.environ.get(STARTING) != "1":
        return (
            "",
            f"no real {name}: {variable or f'{STARTING}_{name.upper()}'} is not set, and {STARTING} does not ask to start one",
        )
    return _started(SCRIPTS / f"{name}.sh", _port(name, options), dict(options))


def _started(script: Path, port: int, options: dict[str, str]) -> tuple[str, str | None]:
    guard = (Path(tempfile.gettempdir()) / f"decapolis-{script.stem}-{port}").open("w")
    fcntl.flock(guard, fcntl.LOCK_SH)
    atexit.register(_stop_if_last, script, port, guard)
    try:
        ran = subprocess.run(
            [str(script), str(port)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            env={**os.environ, **options},
        )
    except subprocess.TimeoutExpired:
        return "", f"the real {script.stem} did not start in {PATIENCE} s"
    told = re.search(r"url=(\S+)", ran.stdout)
    if told is None:
        return "", f"the real {script.stem} did not start: {ran.stderr.strip()[-200:]}"
    return told[1], None


def _stop_if_last(script: Path, port: int, guard: IO[str]) -> None:
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    subprocess.run([str(script), str(port), "stop"], capture_output=True, timeout=60, check=False)


def _port(name: str, options: tuple[tuple[str, str], ...]) -> int:
    """The same for all processes of a run, another one for another run at the same time; even, as some take two."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    return 21_000 + zlib.crc32(f"{run} {name} {options}".encode()) % 5_000 * 2
