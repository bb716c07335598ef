"""logical-types: dates, times, amounts and ids are written as such."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """Names of logical types: Avro's `logicalType`, JSON Schema's `format`, Protobuf's well-known types in small letters."""

    required: dict[str, list[str]] = Field(
        default_factory=lambda: {"*_at": ["timestamp-millis", "timestamp-micros", "timestamp", "date-time"]},
        description="by glob on a field's name: the logical types that it may have",
    )
    forbidden: list[str] = Field(default_factory=list, description="logical types that must not be used")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each field without the logical type that its name requires, and for each forbidden one."""
    for field in change.outline.fields:
        if field.logical_type in options.forbidden:
            yield Fault(field.path, f"the logical type {field.logical_type} must not be used")
        for glob, allowed in options.required.items():
            if fnmatchcase(field.name, glob) and field.logical_type not in allowed:
                found = field.logical_type or "none"
                yield Fault(field.path, f"the logical type must be one of {', '.join(allowed)}, not {found}")


rule = Rule("logical-types", "Fields have the logical types that their names promise.", Options, check)
