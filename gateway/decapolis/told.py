"""What the trail tells: one shape of an entry for whoever reads it, searches it, or is sent it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

OPEN = "open"
"""What an entry without an outcome is called."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, or one that was refused."""

    id: int
    at: str
    request_id: str
    actor: str
    action: str
    registry: str
    target: str
    before: Any
    after: Any
    facts: Mapping[str, Any]
    """What else is known of what was asked for."""
    outcome: str
    result: Mapping[str, Any]
    link: int | None
    """The link of the chain that covers it, None while none does."""


def entry_of(row: Mapping[str, Any]) -> Entry:
    """A row of the trail as it is told."""
    intent = dict(row["intent"] or {})
    return Entry(
        id=row["id"],
        at=datetime.fromtimestamp(row["at_ms"] / 1000, UTC).isoformat(timespec="milliseconds"),
        request_id=row["request_id"],
        actor=row["actor"],
        action=row["action"],
        registry=row["registry"],
        target=row["target"],
        before=intent.pop("before", None),
        after=intent.pop("after", None),
        facts=intent,
        outcome=row["outcome"] or OPEN,
        result=dict(row["result"] or {}),
        link=row.get("link"),
    )
