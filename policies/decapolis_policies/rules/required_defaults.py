"""required-defaults: fields have a default, so that they can be added and removed later."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """Which fields may do without."""

    except_fields: list[str] = Field(default_factory=list, description="globs on names of fields that need none")
    new_only: bool = Field(default=False, description="ask only fields that the version before does not have")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each field without a default; proto3 fields always have one, optional JSON properties need none."""
    before = change.previous_outline
    known = {each.path for each in before.fields} if options.new_only and before is not None else set()
    for field in change.outline.fields:
        excused = field.path in known or any(fnmatchcase(field.name, glob) for glob in options.except_fields)
        needless = field.has_default or (field.optional and field.path.startswith("#"))
        if not (excused or needless):
            yield Fault(field.path, "the field needs a default")


rule = Rule("required-defaults", "Fields have defaults.", Options, check)
