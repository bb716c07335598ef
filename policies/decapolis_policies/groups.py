"""compatibilityGroup: only versions with the candidate's value of a metadata property are its history."""

from __future__ import annotations

from collections.abc import Sequence

from decapolis_formats import Metadata

from .history import PastVersion


def of_group(metadata: Metadata | None, history: Sequence[PastVersion], group: str | None) -> list[PastVersion]:
    """The versions whose property `group` has the value that `metadata` has (absent equals absent); all without one."""
    if not group:
        return list(history)
    wanted = _value(metadata, group)
    return [past for past in history if _value(past.metadata, group) == wanted]


def _value(metadata: Metadata | None, group: str) -> str | None:
    return None if metadata is None else metadata.properties.get(group)
