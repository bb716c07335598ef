"""Servers under test, each on its own core, and the load beside them."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = 32


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    url: str
    pid: int
    first_answer: float
    """Seconds from its start to its first answer."""

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", status)
        return int(found.group(1)) / 1024 if found else 0.0

    @property
    def cpu_seconds(self) -> float:
        """Processor time that it used so far, its threads and the children it waited for included."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pinned(core: str) -> list[str]:
    """The prefix that keeps a command on one core, where that is possible."""
    able = shutil.which("taskset") is not None and (os.cpu_count() or 1) > 1
    return ["taskset", "-c", core] if able else []


@contextmanager
def process(
    command: list[str], port: int, folder: str, *, core: str = SERVER_CORE, **variables: str
) -> Iterator[Running]:
    """A server on a port, stopped afterwards."""
    began = time.perf_counter()
    with subprocess.Popen(
        [*pinned(core), *command],
        cwd=folder,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            while not answers(port):
                if server.poll() is not None:
                    raise RuntimeError(f"{command} ended at once")
                time.sleep(0.01)
            yield Running(f"http://127.0.0.1:{port}", server.pid, time.perf_counter() - began)
        finally:
            server.terminate()
            server.wait(30)


def answers(port: int) -> bool:
    """Whether something answers a request there."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return connection.recv(16).startswith(b"HTTP/1.1 ")
    except OSError:
        return False


@contextmanager
def application(name: str, *, core: str = SERVER_CORE, **variables: str) -> Iterator[Running]:
    """An ASGI application of this folder, one process."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"benchmarks.{name}:app", "--port", str(port), "--no-access-log"]
    command += ["--lifespan", "off", "--log-level", "error"]
    with process(command, port, str(Path.cwd()), core=core, **variables) as running:
        yield running


@contextmanager
def bare_uvicorn() -> Iterator[Running]:
    """The peer that every figure is a ratio to: an ASGI hello, one process."""
    with application("bare") as running:
        yield running


@contextmanager
def gateway(upstream: str | None = None) -> Iterator[Running]:
    """A gateway on a fresh SQLite store, with its own registry or in front of another one."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "decapolis", "serve", "--port", str(port)]
        command += ["--store", f"sqlite:///{folder}/store.db"]
        if upstream is not None:
            registry = f"registries: [{{id: far, type: confluent, config: {{url: '{upstream}'}}}}]"
            (Path(folder) / "registries.yaml").write_text(registry)
            (Path(folder) / "gateway.yaml").write_text("registries_file: registries.yaml\nhome: far\n")
            command += ["--config", f"{folder}/gateway.yaml"]
        with process(command, port, folder) as running:
            yield running


@dataclass(frozen=True)
class Load:
    """What a server did under load: requests a second, and requests a second of its own processor time."""

    rate: float
    per_cpu: float


def under_load(server: Running, url: str, script: str | None, seconds: float) -> Load:
    """What wrk measures on the other core; every answer must be a 2xx."""
    spent = server.cpu_seconds
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        command = [*pinned(LOAD_CORE), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s"]
        if script is not None:
            file.write(script)
            file.flush()
            command += ["-s", file.name]
        shown = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in shown:
        raise RuntimeError(f"{url}: not every answer was good\n{shown}")
    spent = server.cpu_seconds - spent
    rate, count = re.search(r"Requests/sec:\s+([\d.]+)", shown), re.search(r"(\d+) requests in", shown)
    if rate is None or count is None:
        raise RuntimeError(f"{url}: wrk said nothing\n{shown}")
    return Load(float(rate.group(1)), int(count.group(1)) / max(spent, 0.01))
