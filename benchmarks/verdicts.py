"""How fast verdicts are: the second block of figures in docs/compatibility.md.

    python -m benchmarks.verdicts [--rounds N] [--subjects N] [--write]

A record of 50 fields against 10 versions of it, read and compared afresh each round: by our engines, by the `avro` package
(Avro only, the same texts, rounds interleaved), and through the check endpoint of a whole gateway that stands on its own
core. Then many subjects, each with every version judged after those before it, by `decapolis judge` on all cores.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx

from decapolis_formats import Format, engine_of

from .agreement import PAGE, Table, table
from .processes import gateway

BEGIN, END = "<!-- speed: begin -->", "<!-- speed: end -->"
FORMATS = (Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF)
FIELDS, VERSIONS = 50, 10


def schema(format: Format, fields: int, salt: str = "") -> str:
    """A record of that many fields, every second of them optional."""
    if format is Format.AVRO:
        made = [
            {"name": f"f{salt}{at}", "type": ["null", "string"] if at % 2 else "long", "default": None if at % 2 else 0}
            for at in range(fields)
        ]
        return json.dumps({"type": "record", "name": "Bench", "namespace": "org.example", "fields": made})
    if format is Format.JSON_SCHEMA:
        kinds: list[Any] = ["integer", ["string", "null"]]
        properties = {f"f{salt}{at}": {"type": kinds[at % 2]} for at in range(fields)}
        return json.dumps({"type": "object", "properties": properties, "additionalProperties": False})
    lines = (f"  {'optional string' if at % 2 else 'int64'} f{salt}{at} = {at + 1};" for at in range(fields))
    return "\n".join(('syntax = "proto3";', "message Bench {", *lines, "}"))


def history(format: Format, salt: str = "") -> list[str]:
    """Versions that grow by a field each, the last one with FIELDS fields."""
    return [schema(format, FIELDS - VERSIONS + at, salt) for at in range(1, VERSIONS + 1)]


def ours(format: Format, new: str, old: list[str]) -> None:
    """Everything read and compared once."""
    engine = engine_of(format)
    reader = engine.parse(new, (), strict=True)
    for text in old:
        found = engine.compare(reader, engine.parse(text, (), strict=False))
        if any(not each.compatible for each in found):
            raise RuntimeError("the history of the bench must be compatible")


def avro_package(new: str, old: list[str]) -> None:
    """The same with the reference implementation of Avro for Python."""
    from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
    from avro.schema import parse

    reader = parse(new)
    for text in old:
        result = ReaderWriterCompatibilityChecker().get_compatibility(reader, parse(text))
        if result.compatibility is not SchemaCompatibilityType.compatible:
            raise RuntimeError("the history of the bench must be compatible")


def seconds(work: Callable[[], object]) -> float:
    """How long it takes once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compared(rounds: int) -> Iterator[tuple[str, float, float | None, float]]:
    """By format the medians in milliseconds: ours, the `avro` package's, the check endpoint's with a new candidate."""
    with gateway() as running, httpx.Client(base_url=running.url) as client:
        for format in FORMATS:
            new, old = schema(format, FIELDS + 1), history(format)
            subject = _registered(client, format, old)
            times: dict[str, list[float]] = {"ours": [], "avro": [], "http": []}
            for at in range(rounds):
                times["ours"].append(seconds(partial(ours, format, new, old)))
                if format is Format.AVRO:
                    times["avro"].append(seconds(partial(avro_package, new, old)))
                times["http"].append(_checked(client, subject, format, schema(format, FIELDS + 2 + at)))
            medians = {name: statistics.median(each) * 1_000 for name, each in times.items() if each}
            yield format.schema_type, medians["ours"], medians.get("avro"), medians["http"]


def _registered(client: httpx.Client, format: Format, old: list[str]) -> str:
    subject = f"bench-{format}"
    client.put(f"/config/{subject}", json={"compatibility": "BACKWARD_TRANSITIVE"}).raise_for_status()
    for text in old:
        body = {"schema": text, "schemaType": format.schema_type}
        client.post(f"/subjects/{subject}/versions", json=body).raise_for_status()
    return subject


def _checked(client: httpx.Client, subject: str, format: Format, text: str) -> float:
    body = {"schema": text, "schemaType": format.schema_type}

    def ask() -> None:
        answer = client.post(f"/compatibility/subjects/{subject}/versions", json=body)
        if answer.json() != {"is_compatible": True}:
            raise RuntimeError(answer.text)

    return seconds(ask)


def estate(subjects: int) -> float:
    """Seconds that `decapolis judge` takes for every version of every subject after those before it."""
    lines = "\n".join(
        json.dumps({"format": format.schema_type, "level": "FULL_TRANSITIVE", "history": texts[:at], "new": texts[at]})
        for number in range(subjects)
        for format in (FORMATS[number % len(FORMATS)],)
        for texts in (history(format, f"_{number}_"),)
        for at in range(VERSIONS)
    )
    command = [sys.executable, "-m", "decapolis", "judge", "-"]
    return seconds(lambda: _judged(command, lines, subjects * VERSIONS))


def _judged(command: list[str], lines: str, expected: int) -> None:
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 2} or done.stdout.count("\n") != expected:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr[-500:]}")


def report(rounds: int, subjects: int) -> str:
    """All figures as the page shows them."""
    rows: Table = []
    for format, own, package, http in compared(rounds):
        ratio = "–" if package is None else f"{package / own:.1f}×"
        shown = "–" if package is None else f"{package:.1f} ms"
        rows.append((format, f"{own:.1f} ms", shown, ratio, f"{http:.1f} ms"))
    heads = ("format", "read and compare with 10 versions", "`avro` package", "faster", "check endpoint, new candidate")
    took = estate(subjects)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    told = (
        f"{subjects:,} subjects × {VERSIONS} versions of up to {FIELDS} fields, each judged FULL_TRANSITIVE after those "
        f"before it: {took:.1f} s on {cores} cores."
    )
    return "\n".join((*table(heads, rows), "", told))


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--subjects", type=int, default=1_000)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/compatibility.md")
    given = parser.parse_args()
    figures = report(given.rounds, given.subjects)
    print(figures)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        block = f"{BEGIN}\n{figures}\n{END}"
        PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: block, page, flags=re.DOTALL), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
