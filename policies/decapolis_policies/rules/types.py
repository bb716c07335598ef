"""types: some types must not be used, and some fields must have a certain type."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """Type names as the format writes them, e.g. `float`, `bytes`, `google.protobuf.Any`, `number`."""

    forbidden: list[str] = Field(default_factory=list, description="globs on names of types that must not be used")
    required: dict[str, list[str]] = Field(
        default_factory=dict, description="by glob on a field's name: the types that it may have"
    )


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each use of a forbidden type and for each field of another type than its name requires."""
    for field in change.outline.fields:
        for name in field.uses:
            if any(fnmatchcase(name, glob) for glob in options.forbidden):
                yield Fault(field.path, f"the type {name} must not be used")
        for glob, allowed in options.required.items():
            if fnmatchcase(field.name, glob) and field.type not in allowed:
                yield Fault(field.path, f"the type must be one of {', '.join(allowed)}, not {field.type}")


rule = Rule("types", "Types are those that are agreed.", Options, check)
