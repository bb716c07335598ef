"""subject-naming: subjects are called as agreed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from decapolis_policies.rule import Change, Expression, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """What a subject's name looks like."""

    pattern: Expression = Field(
        default=r"[a-z0-9]+([._-][a-z0-9]+)*", description="an expression that the whole name must match"
    )


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault where the subject's bare name (without its context) does not match."""
    name = change.candidate.subject
    if re.fullmatch(options.pattern, name) is None:
        yield Fault(name, f"the subject's name must match {options.pattern}")


rule = Rule("subject-naming", "Subjects have agreed names.", Options, check)
