"""The hash chain over the trail: what a link covers, and whether a chain holds. Pure functions.

A link covers an entry that was complete when it was sealed, or its intent and later its outcome. Its hash covers those facts
and the hash before it, so nothing can be changed, removed or put in between without breaking every link after that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

ENTRY, INTENT, OUTCOME = "entry", "intent", "outcome"
FIRST = "0" * 64
"""What stands for the hash before the first link."""

_WANTED = ("id", "at_ms", "request_id", "actor", "action", "registry", "target", "intent")
_FACTS: Mapping[str, tuple[str, ...]] = {
    ENTRY: (*_WANTED, "outcome", "result"),
    INTENT: _WANTED,
    OUTCOME: ("id", "outcome", "result"),
}


def digest(part: str, entry: Mapping[str, Any]) -> str:
    """The digest of the facts that a link covers; JSON among them is the text that was written."""
    facts = [entry[name] for name in _FACTS[part]]
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def link_hash(previous: str, number: int, entry: int, part: str, digested: str, sealed_ms: int) -> str:
    """The hash of a link."""
    text = f"{previous}\n{number}\n{entry}\n{part}\n{digested}\n{sealed_ms}"
    return hashlib.sha256(text.encode()).hexdigest()
