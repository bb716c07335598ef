"""How the products rewrite a text when they store it, as far as a fake without format engines can tell."""

from __future__ import annotations

import json
from typing import Any

_PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
_COMPLEX = {"record", "error", "enum", "fixed", "array", "map"}


class InvalidText(Exception):
    """The text is no schema; the message is what a parser might say."""


def stored_text(family: str, kind: str, text: str, *, has_references: bool) -> str:
    """The text as it is stored: Protobuf as it came, JSON without spaces, Avro as the family does."""
    if not text.strip():
        raise InvalidText("Empty schema")
    if kind == "PROTOBUF":
        if not any(word in text for word in ("message", "enum", "syntax")):
            raise InvalidText("Syntax error: expected a declaration")
        return text
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise InvalidText(str(error)) from None
    if kind == "AVRO":
        _demand_avro(parsed, has_references)
        parsed = parsed if family == "redpanda" else _reduced(parsed)
    elif not isinstance(parsed, dict | bool):
        raise InvalidText("a JSON schema is an object or a boolean")
    sort = family == "karapace" and kind == "AVRO"
    return json.dumps(parsed, separators=(",", ":"), ensure_ascii=False, sort_keys=sort)


def _demand_avro(parsed: Any, has_references: bool) -> None:
    if isinstance(parsed, list):
        for branch in parsed:
            _demand_avro(branch, has_references=True)
    elif isinstance(parsed, dict):
        kind = parsed.get("type")
        if isinstance(kind, str) and kind not in _PRIMITIVES | _COMPLEX and not has_references:
            raise InvalidText(f"No type: {kind}")
        if kind is None or (kind == "record" and not isinstance(parsed.get("fields"), list)):
            raise InvalidText("No type or no fields")
    elif not isinstance(parsed, str) or (parsed not in _PRIMITIVES and not has_references):
        raise InvalidText(f"Undefined name: {parsed!r}")


def _reduced(node: Any) -> Any:
    """`{"type": "string"}` is the same as `"string"`."""
    if isinstance(node, list):
        return [_reduced(each) for each in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"type"} and node["type"] in _PRIMITIVES:
        return node["type"]
    return {
        key: _reduced(value) if key in {"type", "fields", "items", "values"} else value for key, value in node.items()
    }
