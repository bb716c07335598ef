"""no-prefix: names of fields do not begin with a prefix that a company is tired of."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from decapolis_policies import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """Which prefix, and whom it is forgiven."""

    prefix: str = Field(default="x_", min_length=1, description="what names must not begin with")
    known: bool = Field(default=True, description="fields that the version before has may keep their names")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each field whose name begins with the prefix."""
    before = change.previous_outline if options.known else None
    for field in change.outline.fields:
        forgiven = before is not None and before.field_at(field.path) is not None
        if field.name.startswith(options.prefix) and not forgiven:
            yield Fault(field.path, f"the name must not begin with {options.prefix}")


rule = Rule("no-prefix", "Names do not begin with a prefix.", Options, check)
