"""required-docs: every type and field says what it means."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """What needs documentation, and how much."""

    types: bool = Field(default=True, description="records, messages, objects and enums need it")
    fields: bool = Field(default=True, description="fields and properties need it")
    min_length: int = Field(default=1, ge=1, description="characters that count as documentation")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each type and field without documentation; JSON properties of an object type may rely on its own."""
    wanted: list[tuple[str, str | None, str]] = []
    if options.types:
        wanted += [(each.path, each.doc, each.kind) for each in change.outline.types if each.kind != "fixed"]
    if options.fields:
        wanted += [(each.path, each.doc, "field") for each in change.outline.fields]
    for path, doc, kind in dict.fromkeys(wanted):
        if len((doc or "").strip()) < options.min_length:
            yield Fault(path, f"the {kind} needs documentation of at least {options.min_length} characters")


rule = Rule("required-docs", "Types and fields are documented.", Options, check)
