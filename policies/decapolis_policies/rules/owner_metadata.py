"""owner-metadata: a schema's metadata says who answers for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from decapolis_policies.rule import Change, Expression, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """Which properties are needed and what they must look like."""

    properties: list[str] = Field(default_factory=lambda: ["owner"], min_length=1, description="names of properties")
    pattern: Expression = Field(default=r"\S", description="an expression that each value must match somewhere")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each property that is missing or does not look as it must."""
    metadata = change.candidate.metadata
    given = {} if metadata is None else metadata.properties
    for name in options.properties:
        if re.search(options.pattern, given.get(name, "")) is None:
            yield Fault(f"metadata.properties.{name}", f"the property must be there and match {options.pattern}")


rule = Rule("owner-metadata", "The metadata names an owner.", Options, check)
