"""Inline tags: the `confluent:tags` property of records and fields, read and edited by the names of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from decapolis_formats.errors import InvalidSchema

from .json_text import load
from .nodes import Array, Field, Map, Record, Type, Union
from .printing import Canonical
from .reading import Reader
from .schema import AvroSchema

TAGS = "confluent:tags"

Entity = tuple[str, str]


def inline_tags(schema: AvroSchema) -> dict[str, tuple[str, ...]]:
    """Tags by the path of their entity: a record's full name, or that and a field's name after a dot."""
    return {path: tags for (path, _), tags in tagged_entities(schema).items()}


def tagged_entities(schema: AvroSchema) -> dict[Entity, tuple[str, ...]]:
    """The same by path and kind, as `tagged` takes them."""
    found = {entity: _tags(node) for entity, node in _entities(schema.root)}
    return {entity: tags for entity, tags in found.items() if tags}


def tagged(schema: AvroSchema, add: Mapping[Entity, Sequence[str]], remove: Mapping[Entity, Sequence[str]]) -> str:
    """The canonical text with tags added to and removed from entities: (path, `sr_record` or `sr_field`).

    InvalidSchema names a path that is no such entity of the text itself (references stay as they are).
    """
    copy = _copied(schema)
    entities = {
        entity: node
        for entity, node in _entities(copy)
        if entity[0] not in schema.known and entity[0].rpartition(".")[0] not in schema.known
    }
    for entity in dict.fromkeys((*add, *remove)):
        if entity not in entities:
            raise InvalidSchema(f"The schema has no {entity[1]} at the path {entity[0]!r}")
        _edit(entities[entity], add.get(entity, ()), remove.get(entity, ()))
    return Canonical(schema.known).text(copy)


def _copied(schema: AvroSchema) -> Type:
    """A reading of our own, because parsed schemas are shared and must not change."""
    reader = Reader(strict=False)
    for dependency in schema.dependencies:
        reader.read(load(dependency.text))
    return reader.read(load(schema.text))


def _entities(root: Type) -> Iterator[tuple[Entity, Record | Field]]:
    """Every record with its fields, each once, from the outermost inwards."""
    todo, seen = [root], set()
    for node in todo:
        match node:
            case Array():
                todo.append(node.items)
            case Map():
                todo.append(node.values)
            case Union():
                todo.extend(node.branches)
            case Record() if node.full not in seen:
                seen.add(node.full)
                yield (node.full, "sr_record"), node
                for field in node.fields:
                    yield (f"{node.full}.{field.name}", "sr_field"), field
                    todo.append(field.type)


def _tags(entity: Record | Field) -> tuple[str, ...]:
    tags: Any = entity.properties.get(TAGS)
    return tuple(dict.fromkeys(map(str, tags))) if isinstance(tags, list) else ()


def _edit(entity: Record | Field, add: Sequence[str], remove: Sequence[str]) -> None:
    tags = [tag for tag in dict.fromkeys((*_tags(entity), *add)) if tag not in remove]
    properties = dict(entity.properties) | {TAGS: tags}
    if not tags:
        del properties[TAGS]
    entity.properties = properties
