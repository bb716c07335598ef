"""Inline tags: the `confluent:tags` arrays that stand in a schema's own text.

A path spells the way to an entity, dotted: `object` is the record itself and `object.ssn` its property.
Behind a property the way goes on with the kind of its schema: `object.address.object.street`,
`object.lines.array.object.sku`, `object.party.oneof.0.object.name`; `array` is followed by an index where
items are listed one by one, and `definition` by a name of `definitions` or `$defs`. Names may contain dots.
References are not followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from decapolis_formats.errors import InvalidSchema

from .engine import JsonSchema
from .printing import printed
from .reading import value_of

KEYWORD = "confluent:tags"
RECORD, FIELD = "sr_record", "sr_field"
COMBINATIONS = {"allof": "allOf", "anyof": "anyOf", "oneof": "oneOf"}
Entity = tuple[str, str]
Step = tuple[str, Any, bool]


def tagged(parsed: JsonSchema, add: Mapping[Entity, Sequence[str]], remove: Mapping[Entity, Sequence[str]]) -> str:
    """The canonical text with tags added and then removed; InvalidSchema names a path that leads nowhere.

    Keys are (entityPath, entityType) with the types `sr_record` and `sr_field`.
    """
    value = value_of(parsed.text)
    for entity, tags in add.items():
        schema = _entity(value, entity)
        schema[KEYWORD] = list(dict.fromkeys([*_tags(schema), *tags]))
    for entity, tags in remove.items():
        schema = _entity(value, entity)
        left = [tag for tag in _tags(schema) if tag not in tags]
        schema.pop(KEYWORD, None)
        if left:
            schema[KEYWORD] = left
    return printed(value)


def inline_tags(parsed: JsonSchema) -> dict[str, tuple[str, ...]]:
    """The tags of every entity that has some, by its path."""
    found: dict[str, tuple[str, ...]] = {}
    for (path, _), tags in tagged_entities(parsed).items():
        found.setdefault(path, tags)
    return found


def tagged_entities(parsed: JsonSchema) -> dict[Entity, tuple[str, ...]]:
    """The same by path and kind, as `tagged` takes them."""
    found: dict[Entity, tuple[str, ...]] = {}
    pending: list[tuple[str, Any, bool]] = [("", parsed.value, False)]
    while pending:
        path, schema, is_field = pending.pop()
        tags = _tags(schema)
        if tags:
            entity = (path, FIELD) if is_field else (_dotted(path, "object"), RECORD)
            found.setdefault(entity, tuple(tags))
        inner = ((_dotted(path, step), child, leads) for step, child, leads in _steps(schema))
        pending.extend(reversed(list(inner)))
    return found


def _dotted(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step


def _tags(schema: Any) -> list[str]:
    tags = schema.get(KEYWORD) if isinstance(schema, dict) else None
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _steps(schema: Any) -> Iterator[Step]:
    """The ways on from a schema: how the step is written, where it leads, and whether that is a property."""
    if not isinstance(schema, dict):
        return
    for name, child in _named(schema, "properties"):
        yield f"object.{name}", child, True
    items = schema.get("items")
    listed = items if isinstance(items, list) else schema.get("prefixItems", [])
    for index, child in enumerate(listed if isinstance(listed, list) else []):
        yield f"array.{index}", child, False
    if isinstance(items, dict):
        yield "array", items, False
    for step, keyword in COMBINATIONS.items():
        members = schema.get(keyword)
        for index, child in enumerate(members if isinstance(members, list) else []):
            yield f"{step}.{index}", child, False
    for keyword in ("definitions", "$defs"):
        for name, child in _named(schema, keyword):
            yield f"definition.{name}", child, False


def _named(schema: dict[str, Any], keyword: str) -> list[tuple[str, Any]]:
    listed = schema.get(keyword)
    return list(listed.items()) if isinstance(listed, dict) else []


def _entity(value: Any, entity: Entity) -> dict[str, Any]:
    path, kind = entity
    if kind not in (RECORD, FIELD):
        raise InvalidSchema(f"{path}: {kind} is no type of entity (known: {RECORD}, {FIELD})")
    schema = _walked(value, path, kind)
    if schema is None:
        raise InvalidSchema(f"{path}: the schema has no {kind} at this path")
    if not isinstance(schema, dict):
        raise InvalidSchema(f"{path}: a schema that is {printed(schema)} cannot carry tags")
    return schema


def _walked(value: Any, path: str, kind: str) -> Any:
    pending: list[tuple[Any, str]] = [(value, path)]
    seen = set()
    while pending:
        schema, rest = pending.pop()
        if rest == "object" and kind == RECORD:
            return schema
        for step, child, is_field in _steps(schema):
            if rest == step and is_field and kind == FIELD:
                return child
            onward = (id(child), len(rest) - len(step))
            if rest.startswith(f"{step}.") and onward not in seen:
                seen.add(onward)
                pending.append((child, rest[len(step) + 1 :]))
    return None
