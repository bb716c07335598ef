"""keep-rule-set: data-contract rules do not get lost, encryption least of all."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from decapolis_formats import RuleSet
from decapolis_policies.rule import Change, Fault, Rule, RuleOptions


class Options(RuleOptions):
    """Which rules must stay."""

    types: list[str] = Field(default_factory=list, description="types of rules, e.g. ENCRYPT; all where none is named")


def check(change: Change, options: Options) -> Iterator[Fault]:
    """A fault for each data-contract rule of the version before that is gone or switched off."""
    if change.previous is None:
        return
    kept = {name for name, _ in _active(change.candidate.rule_set)}
    for name, type in _active(change.previous.rule_set):
        if name not in kept and (not options.types or type in options.types):
            yield Fault(f"ruleSet.{name}", f"the {type} rule must be kept and enabled", about_previous=True)


def _active(rule_set: RuleSet | None) -> Iterator[tuple[str, str]]:
    if rule_set is None:
        return
    for rules in (rule_set.migration_rules, rule_set.domain_rules, rule_set.encoding_rules):
        for each in rules or ():
            if not each.disabled:
                yield each.name or "", each.type or ""


rule = Rule("keep-rule-set", "Data-contract rules are kept.", Options, check)
