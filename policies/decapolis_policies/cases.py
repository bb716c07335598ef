"""Cases as plain data: what `decapolis judge` and `decapolis canonical` read and print, one mapping each.

>>> from decapolis_policies.cases import judged
>>> judged({"id": 7, "format": "AVRO", "level": "BACKWARD", "old": '"int"', "new": '"string"'})["differences"]
['TYPE_MISMATCH /']
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from decapolis_formats import Dependency, Format, FormatError, InvalidSchema, engine_of

from .candidate import Candidate
from .demands import Demands
from .history import PastVersion, Text
from .judging import judge
from .levels import Level, UnknownLevel

_POLICIES = ("STRICT", "LENIENT")


class BadCase(ValueError):
    """A case that cannot be asked; the text says which field is missing or wrong."""


def judged(case: Any, *, strict_semantics: bool = False, repairs: bool = True) -> dict[str, Any]:
    """The verdict on a pair or a history; `compatible` is None and `error` says why where there is none."""
    answer: dict[str, Any] = {"id": _id(case), "compatible": None, "differences": [], "messages": []}
    try:
        candidate, history = _pair(case)
        demands = Demands(
            level=Level.named(str(_field(case, "level"))),
            lenient=_policy(case) == "LENIENT",
            strict_semantics=strict_semantics,
            repairs=repairs,
        )
        # what the reference refuses to read it does not compare
        for past in history:
            past.schema.parsed(strict=False)
        candidate.schema.parsed(strict=False)
        verdict = judge(candidate, history, demands)
    except (BadCase, UnknownLevel, FormatError) as error:
        return answer | {"error": str(error)}
    differences = [f"{each.type} {each.path}" for each in verdict.violations if each.path]
    answer |= {"compatible": verdict.allowed, "differences": differences, "messages": list(verdict.messages)}
    if verdict.repair is not None:
        answer["repair"] = {"sentence": verdict.repair.sentence, "schema": verdict.repair.text}
    return answer


def canonical(case: Any) -> dict[str, Any]:
    """Whether a text may be registered, whether it may stand in a history, and the texts it is stored as."""
    answer: dict[str, Any] = {
        "id": _id(case),
        "valid": False,
        "valid_stored": False,
        "canonical": None,
        "normalized": None,
    }
    try:
        format = _format(case)
        text, known = _text(case, "schema"), _dependencies(case.get("references"), "references")
    except BadCase as error:
        return answer | {"valid": None, "valid_stored": None, "error": str(error)}
    engine = engine_of(format)
    try:
        stored = engine.parse(text, known, strict=False)
        answer |= {"valid_stored": True, "canonical": engine.canonical(stored)}
    except InvalidSchema as invalid:
        answer["error"] = str(invalid)
    try:
        parsed = engine.parse(text, known, strict=True)
        return answer | {"valid": True, "normalized": engine.normalized(parsed)}
    except InvalidSchema as invalid:
        return answer | {"error": str(invalid)}


def _id(case: Any) -> Any:
    return case.get("id") if isinstance(case, Mapping) else None


def _field(case: Mapping[str, Any], name: str) -> Any:
    if case.get(name) is None:
        raise BadCase(f"the field '{name}' is missing")
    return case[name]


def _format(case: Any) -> Format:
    if not isinstance(case, Mapping):
        raise BadCase("a case must be a JSON object")
    try:
        format = Format.named(str(_field(case, "format")))
        engine_of(format)
    except (ValueError, InvalidSchema) as unknown:
        raise BadCase(str(unknown)) from unknown
    return format


def _policy(case: Mapping[str, Any]) -> str:
    named = str(case.get("policy") or "STRICT").upper()
    if named not in _POLICIES:
        raise BadCase(f"unknown policy {named} (known: {', '.join(_POLICIES)})")
    return named


def _text(case: Mapping[str, Any], name: str) -> str:
    return _as_text(_field(case, name), name)


def _as_text(value: Any, name: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list | bool):
        # a schema written out instead of quoted
        return json.dumps(value, ensure_ascii=False)
    raise BadCase(f"the field '{name}' must be a schema's text")


def _pair(case: Any) -> tuple[Candidate, list[PastVersion]]:
    format = _format(case)
    texts = case.get("history")
    name = "old" if texts is None else "history"
    if texts is None:
        texts = [_field(case, "old")]
    if not isinstance(texts, list):
        raise BadCase("the field 'history' must be a list of schemas' texts")
    known = case.get("history_references") or [case.get("old_references")] * len(texts)
    if not isinstance(known, list) or len(known) != len(texts):
        raise BadCase("the field 'history_references' must have a list for each version of the history")
    history = [
        PastVersion(number, Text(format, _as_text(text, name), _dependencies(references, "old_references")))
        for number, (text, references) in enumerate(zip(texts, known, strict=True), 1)
    ]
    new = Text(format, _text(case, "new"), _dependencies(case.get("new_references"), "new_references"))
    return Candidate(new), history


def _dependencies(entries: Any, name: str) -> tuple[Dependency, ...]:
    if entries is None:
        return ()
    if not isinstance(entries, Sequence) or not all(isinstance(each, Mapping) for each in entries):
        raise BadCase(f"the field '{name}' must be a list of objects with a name and a schema")
    return tuple(
        Dependency(
            str(_field(each, "name")),
            _text(each, "schema"),
            str(each.get("subject") or ""),
            each["version"] if isinstance(each.get("version"), int) else -1,
            bool(each.get("indirect", False)),
        )
        for each in entries
    )
