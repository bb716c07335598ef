"""How far verdicts agree with the reference: the figures of docs/compatibility.md.

    python -m benchmarks.agreement [FILE…] [--sample N] [--pairs N] [--write]

FILE holds cases as JSON Lines with the reference's verdicts; without any, our own cases under tests/formats/cases are asked,
and the yardstick that lies beside the repository where it is there. `--write` puts the figures into the page.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from decapolis_formats import Format, FormatError
from decapolis_policies import LEVELS, Demands, PastVersion, Text, judge
from decapolis_policies.cases import canonical, judged

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "compatibility.md"
OWN = ROOT / "tests" / "formats" / "cases"
BESIDE = ROOT.parent / "shared" / "reference" / "compat-cases.jsonl"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

Case = dict[str, Any]
Table = list[Sequence[object]]


def cases_of(paths: Iterable[Path]) -> list[Case]:
    """All cases of some files."""
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def agrees(case: Case) -> bool:
    """Whether we say what the reference says, differences and texts included."""
    if case.get("kind") == "canonical":
        return _same_texts(case, canonical(case))
    answer = judged(case, repairs=False)
    expected = case["expected_compatible"]
    if expected is None and "throws" in case.get("expected_error", ""):
        return answer["compatible"] is False  # compatibility.md says what is answered where the reference throws
    if answer["compatible"] is not expected:
        return False
    wanted = case.get("expected_incompatibilities")
    return wanted is None or expected is None or Counter(wanted) == Counter(answer["differences"])


def _same_texts(case: Case, answer: Case) -> bool:
    named = {"valid": "expected_valid", "valid_stored": "expected_valid_stored", "canonical": "expected_canonical"}
    named["normalized"] = "expected_normalized"
    return all(case.get(key) is None or answer[name] == case[key] for name, key in named.items())


def agreement(cases: Sequence[Case]) -> Table:
    """Cases agreed of cases tried, by format and kind."""
    tried: Counter[tuple[str, str]] = Counter()
    agreed: Counter[tuple[str, str]] = Counter()
    for case in cases:
        key = (case["format"], case.get("kind", "synthetic"))
        tried[key] += 1
        agreed[key] += agrees(case)
    return [(format, kind, agreed[format, kind], number) for (format, kind), number in sorted(tried.items())]


def sampled(cases: Sequence[Case], number: int) -> list[Case]:
    """An even sample of the pairs that can be asked through a registry: no references, and a verdict."""
    askable = [
        case
        for case in cases
        if case.get("kind") != "canonical"
        and case["expected_compatible"] is not None
        and not any(case.get(f"{name}_references") for name in ("old", "new", "history"))
    ]
    return askable[:: max(1, len(askable) // max(1, number))][:number]


async def over_http(cases: Sequence[Case]) -> Table:
    """The same through the dialect of a whole gateway: register the past, set the level, check, register."""
    import httpx

    from decapolis.app import create_app
    from decapolis.settings import Configuration, GatewaySettings

    counted: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        settings = GatewaySettings(store=f"sqlite:///{folder}/agreement.db")
        application = create_app(Configuration.assembled(settings, []))
        transport = httpx.ASGITransport(application)
        async with application.opened(), httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            for number, case in enumerate(cases):
                counted[case["format"], await _asked(client, f"s{number}", case)] += 1
    formats = sorted({format for format, _ in counted})
    return [(format, *(counted[format, word] for word in ("agreed", "differs", "refused"))) for format in formats]


async def _asked(client: Any, subject: str, case: Case) -> str:
    await client.put(f"/config/{subject}", json={"compatibility": "NONE"})
    for text in case.get("history", [case.get("old")]):
        body = {"schemaType": case["format"], "schema": text}
        if (await client.post(f"/subjects/{subject}/versions", json=body)).status_code != 200:
            return "refused"
    policy = {"compatibilityPolicy": case["policy"]} if case.get("policy") else {}
    await client.put(f"/config/{subject}", json={"compatibility": case["level"], **policy})
    body = {"schemaType": case["format"], "schema": case["new"]}
    checked = await client.post(f"/compatibility/subjects/{subject}/versions", json=body)
    if checked.status_code != 200:
        return "refused"
    registered = (await client.post(f"/subjects/{subject}/versions", json=body)).status_code
    expected = case["expected_compatible"]
    same = checked.json()["is_compatible"] is expected
    # a text that is there already is answered with its id, whatever the level says
    return "agreed" if same and (registered == 200) is expected else "differs"


def random_pairs(cases: Sequence[Case], number: int) -> Table:
    """Laws that hold for any two schemas, asked of random pairs of all texts: breaches of pairs tried, by format."""
    rows: Table = []
    for format in (Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF):
        texts = [Text(format, text) for text in _texts(cases, format)]
        chosen = random.Random(7)
        breaches = sum(not _lawful(*chosen.choices(texts, k=2)) for _ in range(number)) if texts else 0
        rows.append((format.schema_type, breaches, number if texts else 0))
    return rows


def _texts(cases: Sequence[Case], format: Format) -> list[str]:
    found = {
        case["new"]: None
        for case in cases
        if case["format"] == format.schema_type and "new" in case and not case.get("new_references")
    }
    return [text for text in found if _readable(Text(format, text))]


def _readable(text: Text) -> bool:
    try:
        text.parsed(strict=False)
    except FormatError:
        return False
    return True


def _lawful(old: Text, new: Text) -> bool:
    """Each reads itself; FULL is BACKWARD and FORWARD; what one level allows its mirror allows mirrored."""

    def allowed(candidate: Text, past: Text, level: str) -> bool:
        return judge(candidate, [PastVersion(1, past)], Demands(LEVELS[level], repairs=False)).allowed

    both = allowed(new, old, "BACKWARD") and allowed(new, old, "FORWARD")
    mirrored = allowed(new, old, "BACKWARD") is allowed(old, new, "FORWARD")
    return allowed(new, new, "FULL") and allowed(new, old, "FULL") is both and mirrored


def speed(cases: Sequence[Case]) -> float:
    """Judged pairs a second on one core, nothing remembered from before."""
    pairs = [case for case in cases if case.get("kind") != "canonical"]
    before = time.perf_counter()
    for case in pairs:
        judged(case)
    return len(pairs) / (time.perf_counter() - before)


def table(heads: Sequence[str], rows: Table) -> Iterator[str]:
    """A table of the page."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(f'{each:,}' if isinstance(each, int) else str(each) for each in row)} |"


def report(cases: Sequence[Case], sample: int, pairs: int) -> str:
    """All figures as the page shows them."""
    rate = speed(cases)
    lines = [*table(("format", "kind", "agreed", "tried"), agreement(cases)), ""]
    lines += ["Through the dialect (the past registered, the level set, then check and register):", ""]
    rows = asyncio.run(over_http(sampled(cases, sample)))
    lines += [*table(("format", "agreed", "differs", "refused as a new registration"), rows), ""]
    lines += ["Laws asked of random pairs (reads itself; FULL = BACKWARD and FORWARD; mirrored directions):", ""]
    lines += [*table(("format", "breaches", "pairs"), random_pairs(cases, pairs)), ""]
    lines.append(f"Speed of this run: {round(rate, -2):,.0f} cases a second on one core, repairs included.")
    return "\n".join(lines)


def main() -> int:
    """Prints the figures; 1 when anything disagrees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--sample", type=int, default=400, help="pairs asked over HTTP")
    parser.add_argument("--pairs", type=int, default=5_000, help="random pairs for each format")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/compatibility.md")
    given = parser.parse_args()
    paths = given.files or ([BESIDE] if BESIDE.exists() else sorted(OWN.glob("*.jsonl")))
    cases = cases_of(paths)
    figures = report(cases, given.sample, given.pairs)
    print(figures)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        block = f"{BEGIN}\n{figures}\n{END}"
        PAGE.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: block, page, flags=re.DOTALL), encoding="utf-8")
    return 0 if all(agreed == tried for *_, agreed, tried in agreement(cases)) else 1


if __name__ == "__main__":
    sys.exit(main())
