"""Metadata and rule sets in a version's labels, so that they come back as they were.

Properties have a label each, which makes them searchable in the registry's own console; the rest is JSON, as the
dialect writes it. Labels of others are left out of the schema: whoever changes those changes no schema.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from decapolis_formats import Metadata, RuleSet, Schema
from decapolis_translators.confluent import wire
from decapolis_translators.errors import Garbled

PROPERTY = "decapolis.property."
METADATA = "decapolis.metadata"
RULE_SET = "decapolis.rule-set"


def labels_of(schema: Schema) -> dict[str, str]:
    """The labels that hold what the text does not."""
    labels: dict[str, str] = {}
    if schema.metadata is not None:
        whole = wire.metadata_out(schema.metadata)
        properties = whole.pop("properties", {})
        labels |= {PROPERTY + key: value for key, value in properties.items()}
        labels[METADATA] = orjson.dumps(whole).decode()
    if schema.rule_set is not None:
        labels[RULE_SET] = orjson.dumps(wire.rule_set_out(schema.rule_set)).decode()
    return labels


def metadata_in(labels: Mapping[str, str]) -> Metadata | None:
    """The metadata that labels hold, None without any."""
    if METADATA not in labels:
        return None
    properties = {key.removeprefix(PROPERTY): value for key, value in labels.items() if key.startswith(PROPERTY)}
    return wire.metadata_in({**_object(labels[METADATA]), "properties": properties})


def rule_set_in(labels: Mapping[str, str]) -> RuleSet | None:
    """The rule set that labels hold, None without one."""
    return wire.rule_set_in(_object(labels[RULE_SET])) if RULE_SET in labels else None


def ours(labels: Mapping[str, str]) -> dict[str, str]:
    """Those labels that are part of the schema."""
    return {key: value for key, value in labels.items() if key in {METADATA, RULE_SET} or key.startswith(PROPERTY)}


def _object(text: str) -> Mapping[str, object]:
    try:
        found = orjson.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Garbled("A label of ours holds no JSON object; somebody has edited it")
    return found
