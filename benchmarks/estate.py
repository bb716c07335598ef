"""How long lists over the whole estate take: ten registries, three thousand subjects each (`python -m benchmarks.estate`)."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
import yaml

from .processes import LOAD_CORE, free_port, process

REGISTRIES = 10
TIMES = 20
MOST_MS = 300.0

QUESTIONS = {
    "search by field": "/schemas/search?field=field_42&limit=100",
    "search by text": "/schemas/search?q=topic-29&limit=100",
    "search one page of all": "/schemas/search?limit=100",
    "find a subject": "/schemas/find?subject=team00.topic-0000-value",
    "overview": "/compatibility/overview",
}


def main() -> None:
    """Prints the median of each question and the calls it cost; exit code 1 where a median is above 300 ms."""
    with tempfile.TemporaryDirectory() as folder:
        upstream_port, port = free_port(), free_port()
        registries = [
            {
                "id": f"r{n}",
                "type": "confluent",
                "config": {"url": f"http://127.0.0.1:{upstream_port}/r{n}"},
                "resilience": {"background_calls": 1000},
            }
            for n in range(REGISTRIES)
        ]
        (Path(folder) / "registries.yaml").write_text(yaml.safe_dump({"registries": registries}))
        (Path(folder) / "gateway.yaml").write_text(
            "registries_file: registries.yaml\nhome: r0\nstore: sqlite:///store.db\n"
        )
        server = [sys.executable, "-m", "uvicorn", "benchmarks.many_upstream:app", "--no-access-log"]
        gateway = [sys.executable, "-m", "decapolis", "serve", "--config", "gateway.yaml"]
        here = str(Path(__file__).parent.parent)
        with (
            process([*server, "--port", str(upstream_port)], upstream_port, here, core=LOAD_CORE),
            process([*gateway, "--port", str(port)], port, folder) as running,
            httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=120) as client,
        ):
            calls = httpx.Client(base_url=f"http://127.0.0.1:{upstream_port}")
            began = time.perf_counter()
            while not _is_known(client):
                time.sleep(1)
            print(f"{'all subjects are known after':30} {time.perf_counter() - began:8.1f} s")
            sys.exit(measured(client, calls, running.megabytes))


def _is_known(client: httpx.Client) -> bool:
    if client.get("/schemas/search", params={"limit": 1}).json()["failures"]:
        return False
    return not any("error" in each for each in client.get("/compatibility/overview").json().values())


def measured(client: httpx.Client, calls: httpx.Client, megabytes: float) -> int:
    """Prints a line a question."""
    slow = False
    for name, question in QUESTIONS.items():
        client.get(question).raise_for_status()
        before = _count(calls)
        spent = []
        for _ in range(TIMES):
            began = time.perf_counter()
            answer = client.get(question)
            spent.append((time.perf_counter() - began) * 1000)
            answer.raise_for_status()
        asked = (_count(calls) - before) / TIMES
        median = statistics.median(spent)
        slow = slow or median > MOST_MS
        size = len(json.dumps(answer.json()))
        print(f"{name:30} {median:8.1f} ms  {asked:8.1f} calls  {size / 1024:8.0f} KB")
    print(f"{'memory of the gateway':30} {megabytes:8.1f} MB")
    return 1 if slow else 0


def _count(calls: httpx.Client) -> int:
    count: int = calls.get("/r0/calls").json()["count"]
    return count


if __name__ == "__main__":
    main()
