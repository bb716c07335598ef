"""naming-strategy: subjects follow the strategy that producers are configured to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """Which strategy."""

    strategy: Literal["topic", "record", "topic-record"] = Field(
        default="topic", description="<topic>-key or -value; the record's full name; <topic>-<the record's full name>"
    )


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault where the subject is not what the strategy makes of the schema."""
    subject, name = change.candidate.subject, change.outline.name
    if options.strategy == "topic":
        if not any(subject.endswith(end) and len(subject) > len(end) for end in ("-key", "-value")):
            yield Fault(subject, "the subject must be a topic's name followed by -key or -value")
    elif name is None:
        yield Fault(subject, f"the strategy {options.strategy} needs a schema with a name")
    elif options.strategy == "record" and subject != name:
        yield Fault(subject, f"the subject must be the full name of the record, {name}")
    elif options.strategy == "topic-record" and not (subject.endswith(f"-{name}") and len(subject) > len(name) + 1):
        yield Fault(subject, f"the subject must be a topic's name followed by -{name}")


rule = Rule("naming-strategy", "Subjects follow a naming strategy.", Options, check)
