"""Registers a copy of a version with other inline tags, metadata or rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decapolis.gateway import View
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_formats import FormatError, Metadata, RuleSet, engine_of
from decapolis_formats.data_contracts import VERSION_PROPERTY, merge_rule_sets, with_property, without_rules
from decapolis_translators.contract import Feature
from decapolis_translators.errors import Absent

from .candidate import Request, Tags
from .effective import followed
from .errors import RuleSetInvalid, SchemaInvalid
from .fetch import parsed_with_references
from .register import register
from .shown import Shown


@dataclass(frozen=True, slots=True)
class Retag:
    """What shall be different in the copy."""

    new_version: int = 0
    add: Tags | None = None
    remove: Tags | None = None
    metadata: Metadata | None = None
    rule_set: RuleSet | None = None
    rules_to_merge: RuleSet | None = None
    rules_to_remove: tuple[str, ...] = ()


async def retag(view: View, spelled: str, version: int | None, change: Retag) -> Shown:
    """The new version; RuleSetInvalid when a whole rule set and single rules are changed at once."""
    if change.rule_set is not None and (change.rules_to_merge is not None or change.rules_to_remove):
        raise RuleSetInvalid("ruleSet cannot be given together with rulesToMerge or rulesToRemove")
    current_call().demand_fresh()
    subject, registry = await followed(view, spelled)
    stored = await registry.fetch(str(subject), version)
    schema = stored.schema
    text = schema.text
    if change.add or change.remove:
        engine: Any = engine_of(schema.format)
        try:
            parsed = await parsed_with_references(registry, subject.context, schema)
            text = engine.tagged(parsed, change.add or {}, change.remove or {})
        except FormatError as error:
            raise SchemaInvalid(str(error)) from error
    rules = change.rule_set
    if change.rules_to_merge is not None or change.rules_to_remove:
        previous = await _previous_rules(registry, str(subject), change.new_version)
        rules = without_rules(merge_rule_sets(previous, change.rules_to_merge), change.rules_to_remove)
    metadata = change.metadata or schema.metadata
    if registry.capabilities.has(Feature.METADATA):
        # the copy says which version it is; the number itself is put in when it is known
        metadata = with_property(metadata, VERSION_PROPERTY, str(change.new_version))
    request = Request(
        text,
        schema.format.schema_type,
        schema.references,
        metadata,
        rules,
        version=change.new_version,
    )
    return await register(view, spelled, request)


async def _previous_rules(registry: LiveRegistry, subject: str, new_version: int) -> RuleSet | None:
    """The rules that single ones are merged into and removed from: those of the version before the new one."""
    try:
        stored = await registry.fetch(subject, new_version - 1 if new_version > 1 else None)
    except Absent:
        return None
    return stored.schema.rule_set
