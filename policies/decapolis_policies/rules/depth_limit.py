"""depth-limit: records do not nest without end."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """How deep records may nest in one another."""

    depth: int = Field(default=8, ge=1, description="1 is a flat record")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault where they nest deeper."""
    if change.outline.depth > options.depth:
        yield Fault("", f"records nest {change.outline.depth} deep, more than {options.depth}")


rule = Rule("depth-limit", "Records nest only so deep.", Options, check)
