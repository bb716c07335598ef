"""A PostgreSQL of this test run's own, on a free loopback port, where its programs are installed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def binaries() -> Path | None:
    """Where the server's programs are, None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).parent


class Database:
    """A fresh server, which can be stopped and started again, or frozen while its connections stay open."""

    def __init__(self) -> None:
        bin_ = binaries()
        assert bin_ is not None
        self._programs = bin_
        # not below pytest's folder, which every other run closes to other users
        self._data = Path(tempfile.mkdtemp(prefix="decapolis-postgres-"))
        apart = _as_other_user(self._data) if os.geteuid() == 0 else []
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        initdb = [*apart, str(bin_ / "initdb"), "-D", str(self._data / "db"), "-A", "trust", "-U", "postgres"]
        subprocess.run([*initdb, "--no-sync"], check=True, capture_output=True, cwd=self._data)
        self._command = [*apart, str(bin_ / "postgres"), "-D", str(self._data / "db"), "-p", str(self._port)]
        self._command += ["-h", "127.0.0.1", "-k", str(self._data), "-c", "fsync=off"]

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}"

    def start(self) -> None:
        """Returns once it takes connections."""
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            self._command, cwd=self._data, stdout=quiet, stderr=quiet, start_new_session=True
        )
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        for _ in range(400):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise TimeoutError("PostgreSQL did not start")

    def stop(self) -> None:
        """Ends it at once, and every connection with it."""
        if self._process is not None:
            family = self._family()
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                for pid in family:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                self._process.wait(5)
            self._process = None

    def remove(self) -> None:
        """Stops it and removes its files."""
        self.stop()
        shutil.rmtree(self._data)

    def freeze(self) -> None:
        """Its processes stand still: connections stay open and nothing is answered."""
        assert self._process is not None
        for pid in self._family():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """They go on."""
        if self._process is not None:
            for pid in self._family():
                os.kill(pid, signal.SIGCONT)

    def _family(self) -> list[int]:
        """The server and the processes that it started, one a connection among them."""
        assert self._process is not None
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        return [parent, *map(int, children)]


@contextmanager
def server() -> Iterator[str]:
    """The URL of a fresh server; it is stopped and removed afterwards."""
    database = Database()
    try:
        database.start()
        yield database.url
    finally:
        database.remove()


def _as_other_user(folder: Path) -> list[str]:
    """The server refuses to run as root; its package brings a user for it."""
    shutil.chown(folder, "postgres", "postgres")
    return ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
