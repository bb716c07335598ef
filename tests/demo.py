"""A running demo, filled, for the tests that walk through it."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.command import COMMAND, clean

SECONDS = 120


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a demo that is filled; it is asked to stop afterwards and ends well."""
    folder: Path = tmp_path_factory.mktemp("demo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "errors").open("w") as errors:
        command = (*COMMAND, "demo", "--port", str(port), "--folder", str(folder / "estate"))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=clean({}), cwd=folder)
    deadline = threading.Timer(SECONDS, process.kill)
    deadline.start()
    assert process.stdout is not None
    try:
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl-C ends it all" in line:
                break
        assert "The estate is filled" in said, (folder / "errors").read_text()[-2000:]
        assert (folder / "estate" / "registries.yaml").exists()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
        deadline.cancel()
        process.stdout.close()
    assert process.returncode == 0
