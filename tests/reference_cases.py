"""Reads the yardstick of reference verdicts and puts the engines to it.

The whole file lies beside the repository (`../shared/reference/compat-cases.jsonl`) and is skipped where absent; the
cases that are our own making are kept under `tests/formats/cases/` and always run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from decapolis_formats import CompareOptions, Dependency, Format, InvalidSchema, engine_of
from decapolis_policies.history import PastVersion, Text, failures
from decapolis_policies.levels import Level

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared" / "reference" / "compat-cases.jsonl"
OWN = HERE / "formats" / "cases"


def cases(path: Path, format: Format, *, canonical: bool) -> list[dict[str, Any]]:
    """The lines of one format: pairs to judge, or single texts to print."""
    return [
        case
        for case in _lines(path)
        if Format.named(case["format"]) is format and (case["kind"] == "canonical") is canonical
    ]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def dependencies(entries: list[dict[str, Any]] | None) -> tuple[Dependency, ...]:
    return tuple(
        Dependency(
            entry["name"],
            entry["schema"],
            entry.get("subject", ""),
            entry.get("version", -1),
            bool(entry.get("indirect", False)),
        )
        for entry in entries or ()
    )


def verdict(case: dict[str, Any]) -> tuple[bool | None, Counter[str]]:
    """What our engines say: (compatible, or None where a side is refused; the breaking differences)."""
    format = Format.named(case["format"])
    history = case.get("history", [case["old"]] if "old" in case else [])
    old_references = case.get("history_references") or [case.get("old_references")] * len(history)
    past = [
        PastVersion(number, Text(format, text, dependencies(references)))
        for number, (text, references) in enumerate(zip(history, old_references, strict=True), 1)
    ]
    candidate = Text(format, case["new"], dependencies(case.get("new_references")))
    options = CompareOptions(lenient=case.get("policy") == "LENIENT")
    try:
        for version in past:
            version.schema.parsed(strict=False)
        candidate.parsed(strict=False)
        found = failures(candidate, past, Level.named(case["level"]), options)
    except InvalidSchema:
        return None, Counter()
    # without a path it is the comparison that failed: the reference has a message then, but no difference
    differences = Counter(str(difference) for failure in found for difference in failure.differences if difference.path)
    return not found, differences


def disagreement(case: dict[str, Any]) -> str | None:
    """Why our verdict differs from the reference's, None where it agrees."""
    compatible, differences = verdict(case)
    expected = case["expected_compatible"]
    if expected is None and "throws" in case.get("expected_error", ""):
        # the reference has no verdict; ours is incompatible (compatibility.md section 4.6)
        return None if compatible is False else f"verdict {compatible} where the reference throws"
    if compatible is not expected:
        return f"verdict {compatible}, expected {expected}: {sorted(differences)}"
    wanted = case.get("expected_incompatibilities")
    if wanted is not None and expected is not None and Counter(wanted) != differences:
        return f"differences {sorted(differences.elements())}, expected {sorted(wanted)}"
    return None


def canonical_disagreement(case: dict[str, Any]) -> str | None:
    """Why our printing of a single text differs from the reference's, None where it agrees."""
    format = Format.named(case["format"])
    engine = engine_of(format)
    known = dependencies(case.get("references"))
    for strict, key in ((True, "expected_valid"), (False, "expected_valid_stored")):
        if case.get(key) is None:
            continue
        try:
            engine.parse(case["schema"], known, strict=strict)
            valid = True
        except InvalidSchema:
            valid = False
        if valid is not case[key]:
            return f"{key}: {valid}"
    if case.get("expected_strict_valid") is not None:
        try:
            engine.parse(case["schema"], known, strict=True, validate_fields=True)
            valid = True
        except InvalidSchema:
            valid = False
        if valid is not case["expected_strict_valid"]:
            return f"expected_strict_valid: {valid}"
    if not case["expected_valid"]:
        return None
    parsed = engine.parse(case["schema"], known)
    for name, printed in (("canonical", engine.canonical(parsed)), ("normalized", engine.normalized(parsed))):
        expected = case.get(f"expected_{name}")
        if expected is not None and printed != expected:
            return f"{name}:\n{printed!r}\nexpected\n{expected!r}"
    return None
