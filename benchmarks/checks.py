"""How long one check takes before every type of registry that answers in 50 ms (`python -m benchmarks.checks`).

Sixty fields, ten versions, each candidate a new one, through the door of a gateway that was started as a user starts it. The
stand-ins are those of the tests.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import yaml
from tests.acceptance.conftest import FACADES, type_of
from tests.gateway.command import serving

LATENCY = 0.05
FIELDS = 60
VERSIONS = 10
MOST = 2.0
"""Seconds that the slowest of a hundred may take."""


def schema(fields: int, salt: str = "") -> str:
    """A record of optional strings; more fields only add to it."""
    made = [{"name": f"f{index}", "type": ["null", "string"], "default": None} for index in range(fields)]
    made.append({"name": f"salt{salt}", "type": ["null", "string"], "default": None})
    return json.dumps({"type": "record", "name": "Checked", "fields": made})


def measured(client: httpx.Client, subject: str, times: int) -> list[float]:
    """Seconds of that many checks against the whole history, sorted."""
    spent = []
    for number in range(times):
        body = {"schema": schema(FIELDS + VERSIONS, f"_{number}")}
        started = time.perf_counter()
        answer = client.post(f"/compatibility/subjects/{subject}/versions", json=body)
        spent.append(time.perf_counter() - started)
        if answer.status_code != 200 or answer.json() != {"is_compatible": True}:
            raise SystemExit(f"{subject}: {answer.status_code} {answer.text}")
    return sorted(spent)


def main() -> None:
    """Prints the median and the 99th of a hundred for each registry; exit code 1 where one is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    times = parser.parse_args().times
    facades: dict[str, Any] = {name: made() for name, made in FACADES.items()}
    slow = False
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for facade in facades.values():
            facade.start()
            stack.callback(facade.stop)
        entries: list[dict[str, Any]] = [{"id": "embedded", "type": "embedded"}]
        entries += [
            {"id": name, "type": type_of(each), "config": dict(each.config())} for name, each in facades.items()
        ]
        (folder / "registries.yaml").write_text(yaml.safe_dump({"registries": entries}))
        (folder / "gateway.yaml").write_text(yaml.safe_dump({"registries_file": "registries.yaml", "home": "embedded"}))
        gateway = stack.enter_context(serving("--config", "gateway.yaml", "--port", "0", folder=folder))
        for name in ("embedded", *facades):
            with httpx.Client(base_url=f"{gateway.url}/registries/{name}", timeout=30) as client:
                for number in range(VERSIONS):
                    body = {"schema": schema(FIELDS + number)}
                    client.put("/config/checked", json={"compatibility": "NONE"})
                    client.post("/subjects/checked/versions", json=body).raise_for_status()
                client.put("/config/checked", json={"compatibility": "BACKWARD_TRANSITIVE"}).raise_for_status()
                if name in facades:
                    facades[name].fake.latency = LATENCY
                spent = measured(client, "checked", times)
                if name in facades:
                    facades[name].fake.latency = 0.0
            late = spent[min(len(spent) - 1, int(len(spent) * 0.99))]
            slow = slow or late >= MOST
            sys.stdout.write(f"{name:24} median {spent[len(spent) // 2] * 1000:7.1f} ms   p99 {late * 1000:7.1f} ms\n")
            sys.stdout.flush()
    raise SystemExit(1 if slow else 0)


if __name__ == "__main__":
    main()
