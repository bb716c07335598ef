"""The clients of other languages against the running gateway: JavaScript, Go and Confluent's own Java client.

They need their toolchains and packages, so they run where they are asked for: `make clients`, which sets
DECAPOLIS_REQUIRE_CLIENTS. Then one that cannot run is a failure, never a skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "foreign"
REQUIRED = os.environ.get("DECAPOLIS_REQUIRE_CLIENTS") == "1"
INSTALL_SECONDS = 900
RUN_SECONDS = 120

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(not REQUIRED, reason="needs node, go and a JDK with their packages: make clients"),
]


@pytest.fixture(scope="module")
def workshop(request: pytest.FixtureRequest) -> Path:
    """Where packages are installed and programs built: outside the sources, kept between runs."""
    folder = request.config.rootpath / "build" / "clients"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def run(*command: str | Path, cwd: Path, seconds: float = INSTALL_SECONDS) -> str:
    """What a command prints; its whole output when it fails."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def copied(language: str, workshop: Path) -> Path:
    """A language's sources in the workshop, packages of earlier runs left where they are."""
    return Path(shutil.copytree(HERE / language, workshop / language, dirs_exist_ok=True))


@pytest.fixture(scope="module")
def node(workshop: Path) -> Path:
    """A folder with the scripts and the packages that they load."""
    folder = copied("node", workshop)
    run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", cwd=folder)
    return folder


@pytest.mark.parametrize("client", ["kafkajs", "confluent"])
def test_javascript(node: Path, url: str, topic: str, client: str) -> None:
    assert run("node", f"{client}.cjs", url, topic, cwd=node, seconds=RUN_SECONDS) == f"{client}: done\n"


def test_go(workshop: Path, url: str, topic: str) -> None:
    folder = copied("go", workshop)
    run("go", "mod", "tidy", cwd=folder)
    run("go", "build", "-o", "franz", ".", cwd=folder)
    assert run(folder / "franz", url, topic, cwd=folder, seconds=RUN_SECONDS) == "franz-go: done\n"


def test_java(workshop: Path, url: str, topic: str) -> None:
    folder = copied("java", workshop)
    run("mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", "-DoutputDirectory=jars", cwd=folder)
    run("javac", "-cp", "jars/*", "-d", "classes", "Smoke.java", cwd=folder)
    classes = os.pathsep.join(["classes", "jars/*"])
    assert run("java", "-cp", classes, "Smoke", url, topic, cwd=folder, seconds=RUN_SECONDS) == "java: done\n"
