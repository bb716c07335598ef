"""reference-limit: a schema uses only so many others."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """How many references there may be."""

    direct: int = Field(default=10, ge=0, description="listed by the schema itself")
    in_all: int = Field(default=50, ge=0, description="with those that references need in turn")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault where there are more."""
    dependencies = change.candidate.schema.dependencies
    direct = sum(not each.indirect for each in dependencies)
    if direct > options.direct:
        yield Fault("references", f"the schema has {direct} references, more than {options.direct}")
    if len(dependencies) > options.in_all:
        yield Fault("references", f"the schema needs {len(dependencies)} others, more than {options.in_all}")


rule = Rule("reference-limit", "Schemas use only so many others.", Options, check)
