"""field-limit: a schema has only so many fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """How many fields there may be."""

    per_type: int = Field(default=200, ge=1, description="in one record")
    in_all: int = Field(default=1_000, ge=1, description="in the whole schema")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each record with too many, and one for the schema as a whole."""
    fields = change.outline.fields
    for owner, number in Counter(field.owner for field in fields).items():
        if number > options.per_type:
            yield Fault(owner, f"the type has {number} fields, more than {options.per_type}")
    if len(fields) > options.in_all:
        yield Fault("", f"the schema has {len(fields)} fields, more than {options.in_all}")


rule = Rule("field-limit", "Schemas have only so many fields.", Options, check)
