"""Metadata and rules beside a schema: when they are valid, and how defaults, requests and overrides merge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from .model import Metadata, Rule, RuleSet

VERSION_PROPERTY = "confluent:version"
RESERVED_PROPERTY = "confluent:reserved"
_NAME_LIMIT = 256
_MIGRATION = ("UPGRADE", "DOWNGRADE", "UPDOWN")
_DOMAIN = ("WRITE", "READ", "WRITEREAD")


class InvalidRuleSet(ValueError):
    """A rule set that the dialect refuses (42210); the text names the rule and what is wrong with it."""


def check_rule_set(rule_set: RuleSet | None) -> None:
    """Raises InvalidRuleSet unless every rule has a usable name, a type and a mode that its kind of list allows."""
    if rule_set is None:
        return
    _check(rule_set.migration_rules or (), _MIGRATION, "migration")
    _check(rule_set.domain_rules or (), _DOMAIN, "domain")
    _check(rule_set.encoding_rules or (), _DOMAIN, "encoding")


def _check(rules: Sequence[Rule], modes: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for rule in rules:
        if not rule.name:
            raise InvalidRuleSet(f"Found a {what} rule without a name")
        if len(rule.name) > _NAME_LIMIT:
            raise InvalidRuleSet(
                f"The name of a {what} rule is longer than {_NAME_LIMIT} characters: '{rule.name[:40]}…'"
            )
        if rule.name in seen:
            raise InvalidRuleSet(f"Found rule with duplicate name '{rule.name}'")
        seen.add(rule.name)
        if not rule.type:
            raise InvalidRuleSet(f"Rule '{rule.name}' has no type")
        if rule.mode is not None and rule.mode not in modes:
            raise InvalidRuleSet(f"The {what} rule '{rule.name}' has mode {rule.mode}; allowed are {', '.join(modes)}")


def merge_metadata(base: Metadata | None, over: Metadata | None) -> Metadata | None:
    """Both together: properties by key with the later side winning, tags of one path united."""
    if base is None or over is None:
        return over if base is None else base
    tags = {
        path: tuple(sorted({*base.tags.get(path, ()), *over.tags.get(path, ())}))
        for path in sorted({*base.tags, *over.tags})
    }
    properties = dict(sorted({**base.properties, **over.properties}.items()))
    return Metadata(tags, properties, tuple(sorted({*base.sensitive, *over.sensitive})))


def merge_rule_sets(base: RuleSet | None, over: RuleSet | None) -> RuleSet | None:
    """Both together: rules of one name are replaced by the later side's, the rest is kept in order."""
    if base is None or over is None:
        return over if base is None else base
    return RuleSet(
        _merge_rules(base.migration_rules, over.migration_rules),
        _merge_rules(base.domain_rules, over.domain_rules),
        _merge_rules(base.encoding_rules, over.encoding_rules),
        over.enable_at or base.enable_at,
    )


def _merge_rules(base: Sequence[Rule] | None, over: Sequence[Rule] | None) -> tuple[Rule, ...] | None:
    if base is None or over is None:
        only = over if base is None else base
        return None if only is None else tuple(only)
    replaced = {rule.name for rule in over}
    return (*(rule for rule in base if rule.name not in replaced), *over)


def without_rules(rule_set: RuleSet | None, names: Iterable[str]) -> RuleSet | None:
    """The rule set without the rules of those names."""
    if rule_set is None:
        return None
    gone = set(names)

    def keep(rules: Sequence[Rule] | None) -> tuple[Rule, ...] | None:
        return None if rules is None else tuple(rule for rule in rules if rule.name not in gone)

    return replace(
        rule_set,
        migration_rules=keep(rule_set.migration_rules),
        domain_rules=keep(rule_set.domain_rules),
        encoding_rules=keep(rule_set.encoding_rules),
    )


def with_property(metadata: Metadata | None, key: str, value: str) -> Metadata:
    """The metadata with one property set."""
    base = metadata or Metadata()
    return replace(base, properties=dict(sorted({**base.properties, key: value}.items())))


def without_version(metadata: Metadata | None) -> Metadata | None:
    """The metadata without the property that numbers versions, which lookups ignore; nothing left is none."""
    if metadata is None or VERSION_PROPERTY not in metadata.properties:
        return metadata
    properties: Mapping[str, str] = {
        key: value for key, value in metadata.properties.items() if key != VERSION_PROPERTY
    }
    if not (properties or metadata.tags or metadata.sensitive):
        return None
    return replace(metadata, properties=properties)
