"""Judges every change before it is written: picks what is demanded, compares, and says why."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from decapolis_formats import CompareOptions
from decapolis_policies.history import Failure, PastVersion, Text, dialect_messages, failures
from decapolis_policies.levels import Level

INLINE_CHARACTERS = 50_000
"""Comparisons of more text than this leave the event loop."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a change is allowed, under which level, and what speaks against it."""

    allowed: bool
    level: Level
    failures: tuple[Failure, ...] = ()
    messages: tuple[str, ...] = ()


class Judge:
    """The one judge behind register and the compatibility endpoints."""

    def __init__(self, default_level: str) -> None:
        self.default_level = Level.named(default_level)

    def level(self, config: Mapping[str, Any]) -> Level:
        """The level that holds for a subject with this effective configuration."""
        named = config.get("compatibilityLevel")
        return self.default_level if named is None else Level.named(str(named))

    async def judge(self, candidate: Text, history: Sequence[PastVersion], config: Mapping[str, Any]) -> Verdict:
        """The verdict on a candidate after this history (ascending) under an effective configuration."""
        level = self.level(config)
        validate_fields = bool(config.get("validateFields"))
        options = CompareOptions(lenient=config.get("compatibilityPolicy") == "LENIENT")
        size = len(candidate.text) + sum(len(past.schema.text) for past in history)
        if size > INLINE_CHARACTERS:
            found = await asyncio.to_thread(failures, candidate, history, level, options)
        else:
            found = failures(candidate, history, level, options)
        messages = dialect_messages(found, level, validate_fields=validate_fields)
        return Verdict(not found, level, tuple(found), tuple(messages))
