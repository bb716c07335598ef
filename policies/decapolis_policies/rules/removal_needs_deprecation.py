"""removal-needs-deprecation: what goes was announced in an earlier version."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """What needs to be announced."""

    fields: bool = Field(default=True, description="fields that go")
    types: bool = Field(default=True, description="types that go")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each field or type that is gone and was not marked as deprecated in the version before."""
    before = change.previous_outline
    if before is None:
        return
    types = {each.path for each in change.outline.types}
    fields = {each.path for each in change.outline.fields}
    announced = {each.path for each in before.types if each.deprecated}
    if options.types:
        for each in before.types:
            if each.path not in types and not each.deprecated:
                yield _gone(each.path, each.kind)
    if options.fields:
        for field in before.fields:
            if field.path not in fields and not field.deprecated and field.owner not in announced:
                yield _gone(field.path, "field")


def _gone(path: str, kind: str) -> Fault:
    return Fault(path, f"the {kind} must be marked as deprecated in one version before it goes", about_previous=True)


rule = Rule("removal-needs-deprecation", "Nothing goes without notice.", Options, check)
