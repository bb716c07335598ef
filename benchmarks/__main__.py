"""`make bench`: how fast the gateway answers, as ratios to a bare uvicorn answer in the same run.

    python -m benchmarks [--seconds S] [--rounds N] [--only WORD ...]

Server and load run on different cores, 32 connections, rounds interleaved, medians shown. Absolute rates mean nothing on
another machine; the ratios are the figure. Beside each stands the same ratio by processor time, which others on the machine
disturb less.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import httpx

from .latency import at_rate, one_by_one
from .processes import LOAD_CORE, Running, application, bare_uvicorn, gateway, under_load

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
FIRST, COLD = "first answer after", "cold by id, added"


FIELDS = 15
"""Makes a text of 1.6 KB, and a body of 1.9 KB with its quotes escaped: what the goals were set with."""
REGISTRARS = 8
SUBJECTS = 2000
"""How many subjects take turns in getting new versions."""


def schema(fields: int, salt: str = "") -> str:
    """A record of that many optional strings, about 100 bytes a field."""
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


def posting_new(path: str, text: str, turn: int) -> str:
    """Posts a schema that nobody saw before, each time to the next subject, where the path has an N."""
    return f"""
local counter, salt = {turn * 700}, "{turn}y" .. tostring(os.time() % 100000)
local text = {body(text)}
local headers = {{["Content-Type"] = "application/json"}}
request = function()
  counter = counter + 1
  local fresh = string.gsub(text, "NEW", salt .. "x" .. counter, 1)
  return wrk.format("POST", string.gsub("{path}", "N", tostring(counter % {SUBJECTS})), headers, fresh)
end
"""


def cells(url: str, turn: int = 0) -> dict[str, tuple[str, str | None]]:
    """What is measured: a URL, and a script where it is not a plain GET."""
    subject = f"{url}/subjects/bench-value"
    known, asked = schema(FIELDS), schema(FIELDS)[:-2] + ', {"name": "field_NEW", "type": "int", "default": 0}]}'
    check = f"{url}/compatibility/subjects/bench-value/versions/latest"
    return {
        "by id": (f"{url}/schemas/ids/1", None),
        "by id, with subject": (f"{url}/schemas/ids/1?fetchMaxId=false&subject=bench-value", None),
        "latest": (f"{subject}/versions/latest", None),
        "lookup": (subject, posting(known)),
        "identical register": (f"{subject}/versions", posting(known)),
        "check, repeated": (check, posting(known)),
        "check, new question": (check, posting_new("/compatibility/subjects/bench-value/versions/latest", asked, turn)),
        "new version": (url, posting_new("/subjects/new-N-value/versions", asked, turn)),
    }


PRIOR = (FIELDS - 2, FIELDS - 1, FIELDS)
"""The versions that are there before."""


def prepare(url: str) -> None:
    """Three versions of the subject that is read, checked and registered again."""
    with httpx.Client(base_url=url) as client:
        for fields in PRIOR:
            client.post("/subjects/bench-value/versions", json={"schema": schema(fields)}).raise_for_status()
        client.put("/config", json={"compatibility": "BACKWARD"}).raise_for_status()


def prepare_new(url: str) -> None:
    """Three versions of each subject that will get new ones."""
    bodies = [{"schema": schema(fields)} for fields in PRIOR]

    def some(first: int) -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            for number in range(first, SUBJECTS, REGISTRARS):
                for body in bodies:
                    client.post(f"/subjects/new-{number}-value/versions", json=body).raise_for_status()

    with ThreadPoolExecutor(REGISTRARS) as pool:
        list(pool.map(some, range(REGISTRARS)))


@dataclass(frozen=True)
class Ratio:
    """Ours to bare uvicorn's: requests a second, and requests a second of the server's processor time.

    The second one says the same on a quiet machine, and survives others on the server's core better.
    """

    rate: float
    per_cpu: float


def ratios(bare: Running, ours: Running, seconds: float, rounds: int, names: Collection[str]) -> dict[str, Ratio]:
    """The median ratios of each cell over interleaved rounds."""
    found: dict[str, list[Ratio]] = {}
    for turn in range(rounds):
        for name, (url, script) in cells(ours.url, turn).items():
            if name not in names:
                continue
            base = under_load(bare, bare.url, None, seconds)
            load = under_load(ours, url, script, seconds)
            found.setdefault(name, []).append(Ratio(load.rate / base.rate, load.per_cpu / base.per_cpu))
    return {
        name: Ratio(statistics.median(each.rate for each in seen), statistics.median(each.per_cpu for each in seen))
        for name, seen in found.items()
    }


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


@dataclass(frozen=True)
class Figure:
    """One line of the table; `lower` where less is better."""

    name: str
    value: float
    must: float
    goal: float
    unit: str = "of bare uvicorn"
    lower: bool = False
    beside: str = ""

    @property
    def verdict(self) -> str:
        """Which of the two was reached."""
        sign = -1 if self.lower else 1
        if sign * self.value >= sign * self.goal:
            return "goal"
        return "must" if sign * self.value >= sign * self.must else "BELOW"

    def __str__(self) -> str:
        digits = 3 if self.unit.startswith("of") else 2
        shown = f"{self.name:32} {self.value:8.{digits}f} {self.unit:16} must {self.must:<5g} goal {self.goal:<5g}"
        return f"{shown} {self.verdict:6} {self.beside}".rstrip()


def speeds(seconds: float, rounds: int, names: Collection[str], *, whole: bool) -> Iterator[Figure]:
    """Everything that is asked of a gateway with few schemas."""
    with bare_uvicorn() as bare, gateway() as ours:
        if whole:
            yield Figure("memory at the start", ours.megabytes, 90, 60, "MB", lower=True)
        prepare(ours.url)
        if "new version" in names:
            prepare_new(ours.url)
        for name, ratio in ratios(bare, ours, seconds, rounds, names).items():
            yield Figure(name, ratio.rate, *GOALS[name], beside=f"(by processor time {ratio.per_cpu:.3f})")
        if not whole:
            return
        path = "/schemas/ids/1"
        runs = [(at_rate(bare.url, "/", 1000, seconds), at_rate(ours.url, path, 1000, seconds)) for _ in range(rounds)]
        theirs, own = (statistics.median(run[which][1] for run in runs) for which in (0, 1))
        yield Figure("by id at 1,000/s, p99", own, 3, 1, "ms", lower=True, beside=f"(bare uvicorn {theirs:.2f})")


def starts(rounds: int) -> Iterator[Figure]:
    """From the start of the process to its first answer."""
    seen = []
    for _ in range(rounds):
        with gateway() as ours:
            seen.append(ours.first_answer)
    yield Figure(FIRST, statistics.median(seen), 1.5, 0.6, "s", lower=True)


def misses(rounds: int, batch: int = 300) -> Iterator[Figure]:
    """What an id that nobody asked for before costs more than at its registry, one question after the other."""
    own, theirs = [], []
    with (
        application("upstream", core=LOAD_CORE) as upstream,
        application("forwarding", BENCH_UPSTREAM=upstream.url) as forwarding,
        gateway(upstream.url) as ours,
    ):
        for turn in range(rounds + 1):
            numbers = range(turn * batch + 1, (turn + 1) * batch + 1)
            direct = one_by_one(upstream.url, "/schemas/ids/{}".format, numbers)
            theirs.append(one_by_one(forwarding.url, "/schemas/ids/{}".format, numbers) - direct)
            own.append(one_by_one(ours.url, "/schemas/ids/{}".format, numbers) - direct)
    beside = f"(aiohttp bare {statistics.median(theirs[1:]):.2f})"
    yield Figure(COLD, statistics.median(own[1:]), 1, 0.8, "ms", lower=True, beside=beside)


def filled(subjects: int) -> Iterator[Figure]:
    """A gateway with many subjects."""
    with gateway() as ours:
        fill(ours.url, subjects)
        with httpx.Client(base_url=ours.url) as client:
            listing = milliseconds(lambda: client.get("/subjects").raise_for_status())
        yield Figure(f"GET /subjects of {subjects}", listing, 8, 2, "ms", lower=True)
        yield Figure(f"memory with {subjects} schemas", ours.megabytes, 200, 120, "MB", lower=True)


def main() -> None:
    """Runs everything and prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=3.0)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--subjects", type=int, default=10_000)
    arguments.add_argument("--only", nargs="*", metavar="WORD", help="only figures whose name holds one of these words")
    chosen = arguments.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("the load comes from wrk: install it (Debian: apt-get install wrk)")

    def wanted(name: str) -> bool:
        return not chosen.only or any(word in name for word in chosen.only)

    names = [name for name in GOALS if wanted(name)]
    parts: list[Iterator[Figure]] = []
    if wanted(FIRST):
        parts.append(starts(chosen.rounds))
    if names:
        parts.append(speeds(chosen.seconds, chosen.rounds, names, whole=not chosen.only))
    if wanted(COLD):
        parts.append(misses(chosen.rounds))
    if wanted(f"GET /subjects of {chosen.subjects}"):
        parts.append(filled(chosen.subjects))
    for figure in chain.from_iterable(parts):
        print(figure, flush=True)


if __name__ == "__main__":
    main()
