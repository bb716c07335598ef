"""`make test-registries`: starts every real server and emulator that can be had, runs the contract suite and the client suite
against them and the fakes, and writes what was proved into `docs/registries`.

A server that cannot be installed or started is named with the reason and left out; with DECAPOLIS_REQUIRE_SERVERS=1 that
is a failure. What another run proved stays in the page with its date and version.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from . import registries_page
from .real_servers import PATIENCE, SCRIPTS, STARTING
from .registries_report import REPORT, Outcomes

MINUTES = 12
"""How long the suites may take in all."""
ONLY_REAL = "DECAPOLIS_ONLY_REAL"
"""Set to 1 where the fakes were proved a moment ago; what they passed stays in the page."""
CACHE = Path(os.environ.get("DECAPOLIS_SERVERS", Path.home() / ".cache" / "decapolis" / "servers"))
SUITES = (
    "tests/translators/test_contract.py",
    "tests/translators/test_catalogs.py",
    "tests/acceptance",
    "tests/translators/test_apicurio_login.py",
    "tests/translators/test_aws_glue_moto.py",
    "tests/translators/test_snowflake_fakesnow.py",
)


@dataclass(frozen=True)
class Server:
    """One server, how it is started, and what it is then for."""

    name: str
    product: str
    variable: str
    facades: tuple[str, ...] = ()
    script: str = ""
    needs: str = ""
    """Another server whose address goes into `options` at `{}`."""
    options: str = ""

    @property
    def path(self) -> Path:
        """Its script."""
        return SCRIPTS / f"{self.script or self.name}.sh"

    def script_version(self) -> str:
        """The version that its script asks for."""
        found = re.search(r"^VERSION=\$\{\w+:-([^}]+)}", self.path.read_text(), re.MULTILINE)
        return found[1] if found else ""


_APICURIO = ("apicurio-real", "apicurio-real-global", "apicurio-real-group", "apicurio-real-v2")
_ON_KAFKA = "-Dapicurio.storage.kind=kafkasql -Dapicurio.kafkasql.bootstrap.servers={}"
SERVERS = (
    Server("postgres", "PostgreSQL", "DECAPOLIS_ESTATE_STORE"),
    Server("redis", "Redis", "DECAPOLIS_ESTATE_REDIS"),
    Server("kafka", "Apache Kafka", "DECAPOLIS_LIVE_KAFKA"),
    Server("apicurio", "Apicurio Registry", "DECAPOLIS_LIVE_APICURIO", _APICURIO),
    Server(
        "apicurio-kafka",
        "Apicurio Registry, on Kafka,",
        "DECAPOLIS_LIVE_APICURIO_KAFKA",
        ("apicurio-real-kafka",),
        "apicurio",
        "kafka",
        _ON_KAFKA,
    ),
    Server("pulsar", "Apache Pulsar", "DECAPOLIS_LIVE_PULSAR", ("pulsar-real",)),
    Server("oidc", "oauth2-mock-server", "DECAPOLIS_LIVE_OIDC"),
)
NOT_TO_BE_HAD = {
    "Confluent Schema Registry": "no package registry serves it; DECAPOLIS_LIVE_CONFLUENT names one",
    "Karapace": "no package of that name is published; DECAPOLIS_LIVE_KARAPACE names one",
    "Redpanda": "no package registry serves it; DECAPOLIS_LIVE_REDPANDA names one",
    "uc-server": "compiles for half an hour; `unitycatalog.sh` starts it, and not all of the suite passes against it yet",
    "AWS Glue": "needs an account: DECAPOLIS_LIVE_AWS_GLUE; moto stands in",
    "Unity Catalog of Databricks": "needs a workspace: DECAPOLIS_LIVE_DATABRICKS",
    "Snowflake": "needs an account: DECAPOLIS_LIVE_SNOWFLAKE; fakesnow runs our statements",
    "Dataplex": "needs a project: DECAPOLIS_LIVE_GCP_DATA_CATALOG; Google's own client drives our fake",
    "Purview": "needs an account: DECAPOLIS_LIVE_AZURE_PURVIEW; Microsoft's own client drives our fake",
}


@dataclass
class Started:
    """What runs, and what does not and why."""

    urls: dict[str, str]
    versions: dict[str, str]
    missing: dict[str, str]


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def _free_port() -> int:
    """An even port that is free, and the next one too: some servers take both."""
    while True:
        port = random.randrange(21_000, 31_000, 2)
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 1))
            return port


def _start(server: Server, port: int, options: str, started: Started) -> None:
    began = time.monotonic()
    environment = {**os.environ, **({"APICURIO_OPTS": options} if options else {})}
    try:
        ran = subprocess.run(
            [server.path, str(port)], capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment
        )
        told = re.search(r"version=(\S+) .*url=(\S+)", ran.stdout)
        reason = " ".join(ran.stderr.split())[-300:]
    except subprocess.TimeoutExpired:
        told, reason = None, f"it did not start in {PATIENCE} s"
    if told is None:
        started.missing[server.name] = reason or "it said nothing"
        _say(f"NOT STARTED {server.product}: {started.missing[server.name]}")
        return
    started.versions[server.name], started.urls[server.name] = told[1], told[2]
    _say(f"started {server.product} {told[1]} in {time.monotonic() - began:.0f} s")


@contextlib.contextmanager
def _servers() -> Iterator[Started]:
    """All that start, side by side; those that need another one after it."""
    started = Started({}, {}, {})
    ports: dict[str, int] = {}
    with contextlib.ExitStack() as stack:
        for wave in (False, True):
            with ThreadPoolExecutor(3) as pool:
                for server in SERVERS:
                    if bool(server.needs) is not wave:
                        continue
                    if server.needs and server.needs not in started.urls:
                        started.missing[server.name] = f"{server.needs} does not run"
                        continue
                    ports[server.name] = port = _free_port()
                    stack.callback(subprocess.run, [server.path, str(port), "stop"], capture_output=True, check=False)
                    options = server.options.format(started.urls.get(server.needs, ""))
                    pool.submit(_start, server, port, options, started)
        yield started


def _fakesnow() -> tuple[dict[str, str], str]:
    """The variable that names its environment, or why there is none; it is started by its own tests."""
    script = SCRIPTS / "snowflake.sh"
    try:
        ran = subprocess.run(
            [script, "install"], capture_output=True, text=True, timeout=PATIENCE, check=False, env=dict(os.environ)
        )
    except subprocess.TimeoutExpired:
        return {}, f"not installed in {PATIENCE} s"
    version = Server("snowflake", "fakesnow", "").script_version()
    if ran.returncode:
        return {}, " ".join(ran.stderr.split())[-300:]
    return {"DECAPOLIS_FAKESNOW": str(CACHE / f"fakesnow-{version}")}, ""


def _variables(started: Started) -> dict[str, str]:
    """What tells the suites where everything is."""
    return {server.variable: started.urls[server.name] for server in SERVERS if server.name in started.urls}


def _suites(variables: Mapping[str, str]) -> tuple[int, Outcomes]:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.registries_report", "-p", "no:cacheprovider"]
        if os.environ.get(ONLY_REAL) == "1":
            command += ["-k", "real or moto or fakesnow or login"]
        environment = {**os.environ, **variables, STARTING: "1", REPORT: str(report)}
        try:
            code = subprocess.run([*command, *SUITES], check=False, env=environment, timeout=MINUTES * 60).returncode
        except subprocess.TimeoutExpired:
            _say(f"the suites did not end within {MINUTES} minutes")
            return 1, {}
        return code, json.loads(report.read_text()) if report.exists() else {}


def _proved(outcomes: Outcomes, started: Started) -> dict[str, Any]:
    """One entry a registry: what it is, when it was asked, what it passed."""
    products = {
        facade: f"{server.product} {started.versions[server.name]}"
        for server in SERVERS
        if server.name in started.versions
        for facade in server.facades
    } | {"aws-glue-moto": f"moto {metadata.version('moto')}, extended"}
    found: dict[str, Any] = {}
    for name, capabilities in sorted(outcomes.items()):
        passed = {each: _mark(ended) for each, ended in sorted(capabilities.items())}
        if all(mark == "not run" for mark in passed.values()):
            continue
        what = products.get(name, "named by its variable" if "-real" in name else "the gateway itself")
        if name not in products and "-real" not in name and name != "embedded":
            what = "our fake"
        found[name] = {"against": what, "date": _today(), "passed": passed}
    return found


def _mark(ended: Mapping[str, list[str]]) -> str:
    if ended.get("failed"):
        return f"{len(ended['failed'])} failed"
    if not ended.get("passed"):
        return "not run"
    refused = len(ended.get("skipped", ()))
    return f"{len(ended['passed'])} passed" + (f", {refused} not offered" if refused else "")


def _today() -> str:
    return datetime.datetime.now(tz=datetime.UTC).date().isoformat()


def main() -> int:
    """Everything, in order."""
    with _servers() as started:
        fakesnow, reason = _fakesnow()
        if reason:
            started.missing["fakesnow"] = reason
            _say(f"NOT STARTED fakesnow: {reason}")
        code, outcomes = _suites({**_variables(started), **fakesnow})
    registries_page.keep(_proved(outcomes, started))
    for name, why in NOT_TO_BE_HAD.items():
        _say(f"not to be had: {name}: {why}")
    missing = sorted(started.missing)
    if missing and os.environ.get("DECAPOLIS_REQUIRE_SERVERS") == "1":
        _say(f"required, but not started: {', '.join(missing)}")
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
