"""How long many subjects take: whole histories asked, and levels set (`python -m benchmarks.bulk`).

A gateway in a process of its own, started as a user starts it, before a stand-in for a registry in this one. First every
history is held against FULL_TRANSITIVE: each pair, both directions, ten versions of up to fifty fields. Then a level is set on
every subject of a registry that takes 20 ms for each answer, and taken back.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import yaml
from tests.gateway.command import serving

from decapolis_formats import Format
from decapolis_translators.testing.fakes import CONFLUENT_8, DialectFake, Loopback
from decapolis_translators.testing.fakes.dialect_state import Content, Version

from .verdicts import history

LATENCY = 0.02
MOST_CHECK, MOST_SET, MOST_MEGABYTES = 60.0, 5.0, 400.0


def filled(subjects: int) -> DialectFake:
    """A registry with that many subjects, their versions growing by a field each."""
    fake = DialectFake(CONFLUENT_8)
    ids = fake.state.ids.setdefault(".", {})
    for at in range(subjects):
        versions = fake.state.subjects.setdefault(f"bench-{at:05}-value", {})
        for number, text in enumerate(history(Format.AVRO, f"_{at}_"), 1):
            native = len(ids) + 1
            ids[native] = Content("AVRO", text)
            versions[number] = Version(f"bench-{at:05}-value", number, native, ids[native])
    fake.state.highest_id["."] = len(ids)
    return fake


def over(client: httpx.Client, job: str) -> tuple[dict[str, Any], float]:
    """The job once it is over, and the seconds that took."""
    began = time.perf_counter()
    while True:
        found: dict[str, Any] = client.get(f"/api/v1/jobs/{job}").json()
        if found["state"] in {"done", "failed", "rolled_back"}:
            return found, time.perf_counter() - began
        time.sleep(0.1)


def begun(client: httpx.Client, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """The job that a request begins, once it is over; the request's own time counts."""
    began = time.perf_counter()
    answer = client.post(f"/api/v1{path}", json=body)
    if answer.status_code != 202:
        raise SystemExit(f"{path}: {answer.status_code} {answer.text}")
    return over(client, answer.json()["id"])[0], time.perf_counter() - began


def highest_megabytes(pid: int) -> float:
    """The most memory that a process ever had."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found.group(1)) / 1024 if found else 0.0


def processor_seconds(pid: int) -> float:
    """What a process used of the processors, those that it started and that ended left out."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(subjects: int) -> dict[str, float]:
    """Every figure."""
    figures: dict[str, float] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fake = filled(subjects)
        served = stack.enter_context(Loopback(fake))
        registries = [{"id": "bench", "type": "confluent", "config": {"url": served.url}}]
        (folder / "registries.yaml").write_text(yaml.safe_dump({"registries": registries}))
        (folder / "gateway.yaml").write_text(yaml.safe_dump({"registries_file": "registries.yaml", "home": "bench"}))
        gateway = stack.enter_context(serving("--config", "gateway.yaml", "--port", "0", folder=folder))
        client = stack.enter_context(httpx.Client(base_url=gateway.url, timeout=120))
        client.get("/api/v1/jobs").raise_for_status()
        before = highest_megabytes(gateway.process.pid)
        job, figures["check"] = begun(client, "/bulk/check-compatibility", {"target_mode": "FULL_TRANSITIVE"})
        _demand(job, subjects)
        figures["check, processor of the gateway itself"] = processor_seconds(gateway.process.pid)
        figures["megabytes more"] = highest_megabytes(gateway.process.pid) - before
        fake.latency = LATENCY
        body = {"mode": "FORWARD_FULL", "subject_filter": "bench-"}
        used = processor_seconds(gateway.process.pid)
        job, figures["set"] = begun(client, "/bulk/set-compatibility", body)
        _demand(job, subjects)
        figures["set, processor of the gateway itself"] = processor_seconds(gateway.process.pid) - used
        began = time.perf_counter()
        client.post(f"/api/v1/jobs/{job['id']}/rollback").raise_for_status()
        back, _ = over(client, job["id"])
        figures["rollback"] = time.perf_counter() - began
        if back["steps"] != {"undone": subjects} or fake.state.configs:
            raise SystemExit(json.dumps(back["steps"]))
    return figures


def _demand(job: dict[str, Any], subjects: int) -> None:
    if job["steps"] != {"done": subjects}:
        raise SystemExit(json.dumps(job["steps"]))


def main() -> None:
    """Prints the figures; exit code 1 where one is too high."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subjects", type=int, default=1_000)
    found = measured(parser.parse_args().subjects)
    bounds = {"check": MOST_CHECK, "megabytes more": MOST_MEGABYTES, "set": MOST_SET}
    for name, value in found.items():
        unit = "MB" if name.startswith("megabytes") else "s"
        bound = f"  (at most {bounds[name]:g})" if name in bounds else ""
        sys.stdout.write(f"{name:40} {value:7.1f} {unit:2}{bound}\n")
    sys.stdout.flush()
    raise SystemExit(1 if any(found[name] > bound for name, bound in bounds.items()) else 0)


if __name__ == "__main__":
    main()
