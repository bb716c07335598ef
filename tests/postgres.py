"""A PostgreSQL of this test run's own, on a free loopback port, where its programs are installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path | None:
    """Where the server's programs are, None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).parent


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The URL of a fresh server; it is stopped afterwards."""
    bin_ = binaries()
    assert bin_ is not None
    port = _free_port()
    data = folder / "data"
    data.mkdir(mode=0o700)
    apart = _as_other_user(folder) if os.geteuid() == 0 else []
    initdb = [*apart, str(bin_ / "initdb"), "-D", str(data / "db"), "-A", "trust", "-U", "postgres", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=data)
    command = [
        *apart,
        str(bin_ / "postgres"),
        "-D",
        str(data / "db"),
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
        "-k",
        str(data),
    ]
    with subprocess.Popen(
        [*command, "-c", "fsync=off"], cwd=data, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(port)
            yield f"postgresql://postgres@127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _as_other_user(folder: Path) -> list[str]:
    """The server refuses to run as root; its package brings a user for it."""
    shutil.chown(folder / "data", "postgres", "postgres")
    for parent in [folder, *folder.parents][:4]:
        if parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), 0.5):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("PostgreSQL did not start")
