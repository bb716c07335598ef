"""The answer of the judge as data: may it be written, what speaks against it, what was merely noticed, what would pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .levels import Level

COMPATIBILITY = "compatibility"
"""The rule that a subject's own level breaks."""
FLOOR = "floor"
"""The rule that only a policy set's floor breaks."""
RESERVED_FIELDS = "reserved-fields"

_ABOUT_HISTORY = frozenset((COMPATIBILITY, FLOOR, RESERVED_FIELDS))


@dataclass(frozen=True, slots=True)
class Violation:
    """One demand that does not hold: which rule, where, why, and against which version."""

    rule: str
    path: str
    message: str
    version: int | None = None
    type: str = ""
    """The name of the difference, where the rule is a comparison."""
    direction: str = ""

    def as_json(self) -> dict[str, Any]:
        """The facts as an API and the command line show them; empty ones are left out."""
        facts = {
            "rule": self.rule,
            "path": self.path,
            "message": self.message,
            "version": self.version,
            "type": self.type,
            "direction": self.direction,
        }
        return {key: value for key, value in facts.items() if value not in {None, ""}}


@dataclass(frozen=True, slots=True)
class Repair:
    """An edit that makes the candidate pass, proved by judging it: the sentence that says so, and the whole text."""

    sentence: str
    text: str
    edits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a change is allowed, under which level, and every reason."""

    allowed: bool
    level: Level
    """The level that was enforced: per direction the deeper of the configured one and the floor."""
    violations: tuple[Violation, ...] = ()
    warnings: tuple[Violation, ...] = ()
    messages: tuple[str, ...] = ()
    """What the dialect's 409 and `verbose=true` show, in its order."""
    repair: Repair | None = None
    policy_set: str | None = None

    @property
    def incompatible(self) -> bool:
        """Whether the history speaks against it, and not only rules."""
        return any(violation.rule in _ABOUT_HISTORY for violation in self.violations)

    @property
    def broken_rules(self) -> tuple[Violation, ...]:
        """The violations of rules beside compatibility."""
        return tuple(violation for violation in self.violations if violation.rule not in _ABOUT_HISTORY)

    def as_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        facts: dict[str, Any] = {
            "allowed": self.allowed,
            "level": self.level.name,
            "violations": [violation.as_json() for violation in self.violations],
            "warnings": [violation.as_json() for violation in self.warnings],
            "messages": list(self.messages),
        }
        if self.policy_set is not None:
            facts["policy_set"] = self.policy_set
        if self.repair is not None:
            facts["repair"] = {"sentence": self.repair.sentence, "schema": self.repair.text}
        return facts
