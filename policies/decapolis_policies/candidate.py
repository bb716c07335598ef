"""What is judged: a schema that somebody wants to be the next version of a subject."""

from __future__ import annotations

from dataclasses import dataclass

from decapolis_formats import Metadata, Reference, RuleSet

from .history import Text


@dataclass(frozen=True, slots=True)
class Candidate:
    """A schema with everything beside its text that a rule may ask about."""

    schema: Text
    subject: str = ""
    references: tuple[Reference, ...] = ()
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
