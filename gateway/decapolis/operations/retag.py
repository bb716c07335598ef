"""Registers a copy of a version with other inline tags, metadata or rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from decapolis.gateway import View
from decapolis.web import current_call
from decapolis_formats import FormatError, Metadata, RuleSet, engine_of
from decapolis_formats.data_contracts import merge_rule_sets, without_rules
from decapolis_policies.history import Text

from .candidate import Request, Tags
from .effective import followed
from .errors import RuleSetInvalid, SchemaInvalid
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
    rules = change.rule_set or without_rules(
        merge_rule_sets(schema.rule_set, change.rules_to_merge), change.rules_to_remove
    )
    text = schema.text
    if change.add or change.remove:
        known = await registry.dependencies(schema, subject.context, deleted=True)
        engine: Any = engine_of(schema.format)
        try:
            parsed = Text(schema.format, text, known).parsed(strict=False)
            text = engine.tagged(parsed, change.add or {}, change.remove or {})
        except FormatError as error:
            raise SchemaInvalid(str(error)) from error
    request = Request(
        text,
        schema.format.schema_type,
        schema.references,
        change.metadata or schema.metadata,
        rules,
        version=change.new_version,
    )
    return await register(view, spelled, request)
