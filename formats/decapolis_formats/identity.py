"""When two schemas are the same: the fingerprint that ids and guids rest on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Metadata, Reference, Rule, RuleSet


def digest(text: str, references: Sequence[Reference], metadata: Metadata | None, rule_set: RuleSet | None) -> bytes:
    """MD5 over text, references, metadata and rules in the order that Confluent's guid uses.

    An empty metadata or rule set differs from an absent one: each contributes a byte of its own.
    """
    md5 = hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    for reference in references:
        md5.update(reference.name.encode() + reference.subject.encode())
        md5.update(reference.version.to_bytes(4, "big", signed=True))
    if metadata is not None:
        md5.update(b"\x01")
        for part in _metadata_parts(metadata):
            md5.update(part.encode())
    if rule_set is not None:
        md5.update(b"\x01")
        for rules in (rule_set.migration_rules, rule_set.domain_rules, rule_set.encoding_rules):
            for rule in rules or ():
                for part in _rule_parts(rule):
                    md5.update(part.encode())
                if rule.disabled:
                    md5.update(b"\x01")
        if rule_set.enable_at is not None:
            md5.update(rule_set.enable_at.encode())
    return md5.digest()


def _metadata_parts(metadata: Metadata) -> Iterable[str]:
    for path in sorted(metadata.tags):
        yield path
        yield from sorted(metadata.tags[path])
    for key in sorted(metadata.properties):
        yield key
        yield metadata.properties[key]
    yield from sorted(metadata.sensitive)


def _rule_parts(rule: Rule) -> Iterable[str]:
    for value in (rule.name, rule.doc, rule.kind, rule.mode, rule.type):
        if value is not None:
            yield value
    yield from sorted(rule.tags or ())
    for key in sorted(rule.params or {}):
        yield key
        yield (rule.params or {})[key]
    for value in (rule.expr, rule.on_success, rule.on_failure):
        if value is not None:
            yield value
