"""`make bench`: how fast the gateway answers, as ratios to a bare uvicorn answer in the same run.

    python -m benchmarks [--seconds S] [--rounds N]

Server and load run on different cores, 32 connections, rounds interleaved, medians shown. Absolute rates mean nothing on
another machine; the ratios are the figure.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import httpx

from .processes import Running, bare_uvicorn, gateway, requests_per_second

GOALS = {
    "by id": (0.8, 0.9),
    "by id, with subject": (0.8, 0.9),
    "latest": (0.4, 0.7),
    "lookup": (0.3, 0.6),
    "identical register": (0.3, 0.6),
    "check, repeated": (0.12, 0.4),
    "check, new question": (0.12, 0.2),
    "new version": (0.03, 0.08),
}
"""What must be reached and what should be."""


def schema(fields: int, salt: str = "") -> str:
    """A record of that many optional strings, about 80 bytes a field."""
    made = [
        {"name": f"field_{salt}{index}", "type": ["null", "string"], "default": None, "doc": "a field of the bench"}
        for index in range(fields)
    ]
    return json.dumps({"type": "record", "name": "Bench", "namespace": "org.example", "fields": made})


def body(text: str) -> str:
    """A request body as a Lua literal."""
    return "[==[" + json.dumps({"schema": text}) + "]==]"


def posting(text: str) -> str:
    """Posts one body for ever."""
    return f'wrk.method="POST"\nwrk.body={body(text)}\nwrk.headers["Content-Type"]="application/json"\n'


def posting_new(path: str, text: str) -> str:
    """Posts a schema that nobody saw before, each time to another subject that has three versions' worth of history."""
    return f"""
local counter, salt = 0, tostring(os.time() % 100000)
local text = {body(text)}
local headers = {{["Content-Type"] = "application/json"}}
request = function()
  counter = counter + 1
  local fresh = string.gsub(text, "NEW", salt .. "x" .. counter, 1)
  return wrk.format("POST", string.gsub("{path}", "N", tostring(counter % 2000)), headers, fresh)
end
"""


def cells(url: str) -> dict[str, tuple[str, str | None]]:
    """What is measured: a URL, and a script where it is not a plain GET."""
    subject = f"{url}/subjects/bench-value"
    known, asked = schema(19), schema(19)[:-2] + ', {"name": "field_NEW", "type": "int", "default": 0}]}'
    check = f"{url}/compatibility/subjects/bench-value/versions/latest"
    return {
        "by id": (f"{url}/schemas/ids/1", None),
        "by id, with subject": (f"{url}/schemas/ids/1?fetchMaxId=false&subject=bench-value", None),
        "latest": (f"{subject}/versions/latest", None),
        "lookup": (subject, posting(known)),
        "identical register": (f"{subject}/versions", posting(known)),
        "check, repeated": (check, posting(known)),
        "check, new question": (check, posting_new("/compatibility/subjects/bench-value/versions/latest", asked)),
        "new version": (url, posting_new("/subjects/new-N-value/versions", asked)),
    }


def prepare(url: str) -> None:
    """Three versions of the subject that is read."""
    with httpx.Client(base_url=url) as client:
        for fields in (17, 18, 19):
            client.post("/subjects/bench-value/versions", json={"schema": schema(fields)}).raise_for_status()
        client.put("/config", json={"compatibility": "BACKWARD"}).raise_for_status()


def ratios(bare: Running, ours: Running, seconds: float, rounds: int) -> dict[str, float]:
    """The median ratio of each cell over interleaved rounds."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, (url, script) in cells(ours.url).items():
            base = requests_per_second(bare.url, None, seconds)
            found.setdefault(name, []).append(requests_per_second(url, script, seconds) / base)
    return {name: statistics.median(values) for name, values in found.items()}


def milliseconds(work: Callable[[], Any], times: int = 20) -> float:
    """The median time of a call."""
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent)


def fill(url: str, subjects: int) -> None:
    """Registers one schema of about 1.5 KB under each of many subjects."""
    with httpx.Client(base_url=url, timeout=60) as client:
        for index in range(subjects):
            answer = client.post(
                f"/subjects/filled-{index:05}-value/versions", json={"schema": schema(15, f"{index}_")}
            )
            answer.raise_for_status()


def main() -> None:
    """Runs everything and prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=3.0)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--subjects", type=int, default=10_000)
    chosen = arguments.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("the load comes from wrk: install it (Debian: apt-get install wrk)")
    with bare_uvicorn() as bare, gateway() as ours:
        prepare(ours.url)
        print(f"{'memory at the start':28} {ours.megabytes:6.0f} MB   must 90, goal 60")
        print(f"{'first answer after':28} {ours.first_answer:6.2f} s    must 1.5, goal 0.6")
        for name, ratio in ratios(bare, ours, chosen.seconds, chosen.rounds).items():
            must, goal = GOALS[name]
            verdict = "goal" if ratio >= goal else "must" if ratio >= must else "BELOW"
            print(f"{name:28} {ratio:6.3f} of bare uvicorn   must {must}, goal {goal}: {verdict}")
    with gateway() as ours:
        fill(ours.url, chosen.subjects)
        with httpx.Client(base_url=ours.url) as client:
            listing = milliseconds(lambda: client.get("/subjects").raise_for_status())
        print(f"{f'GET /subjects of {chosen.subjects}':28} {listing:6.1f} ms   must 8, goal 2")
        print(f"{f'memory with {chosen.subjects} schemas':28} {ours.megabytes:6.0f} MB   must 200, goal 120")


if __name__ == "__main__":
    main()
