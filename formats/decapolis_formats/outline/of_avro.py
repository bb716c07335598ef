"""The outline of Avro schemas: a field's path is its record's full name, a dot and its own name, as inline tags have it."""

from __future__ import annotations

from collections import deque

from decapolis_formats.avro import AvroSchema, entity_name
from decapolis_formats.avro.nodes import ABSENT, Array, Enum, Field, Fixed, Map, Primitive, Record, Type, Union
from decapolis_formats.avro.tags import TAGS

from .model import Gathering, Outline, OutlineField, OutlineType, says_deprecated


def outline(schema: AvroSchema) -> Outline:
    """Every named type of the text itself, from the outermost inwards."""
    found = Gathering()
    waiting: deque[tuple[Type, int]] = deque([(schema.root, 1)])
    seen: set[str] = set(schema.known)
    while waiting:
        node, depth = waiting.popleft()
        match node:
            case Array():
                waiting.append((node.items, depth))
            case Map():
                waiting.append((node.values, depth))
            case Union():
                waiting.extend((branch, depth) for branch in node.branches)
            case Record() | Enum() | Fixed() if node.full not in seen:
                seen.add(node.full)
                found.types.append(_type(node))
                if isinstance(node, Record):
                    found.depth = max(found.depth, depth)
                    found.fields.extend(_field(node.full, each) for each in node.fields)
                    waiting.extend((each.type, depth + 1) for each in node.fields)
    return found.outline(entity_name(schema))


def _type(node: Record | Enum | Fixed) -> OutlineType:
    symbols = tuple(node.symbols) if isinstance(node, Enum) else ()
    return OutlineType(
        node.full,
        node.full,
        node.kind,
        node.doc,
        symbols,
        isinstance(node, Enum) and node.default is not None,
        _deprecated(node),
        _tags(node),
    )


def _field(owner: str, field: Field) -> OutlineField:
    uses = tuple(_uses(field.type))
    return OutlineField(
        f"{owner}.{field.name}",
        field.name,
        owner,
        uses,
        field.doc,
        field.default is not ABSENT,
        None if field.default is ABSENT else field.default,
        "null" in uses and uses[0] in {"union", "null"},
        _logical(field.type),
        _deprecated(field),
        _tags(field),
    )


def _uses(node: Type) -> list[str]:
    """The names in a type expression; a named type stands for itself by kind and by full name."""
    names, todo = [], [node]
    while todo:
        each = todo.pop()
        names.append(each.kind)
        match each:
            case Array():
                todo.append(each.items)
            case Map():
                todo.append(each.values)
            case Union():
                todo.extend(reversed(each.branches))
            case Record() | Enum() | Fixed():
                names.append(each.full)
    return names


def _logical(node: Type) -> str | None:
    """The logical type of a field, or of the one branch beside null."""
    if isinstance(node, Union):
        named = [_logical(branch) for branch in node.branches]
        return next((name for name in named if name), None)
    if isinstance(node, Primitive | Fixed | Array | Map | Record):
        value = node.properties.get("logicalType")
        return value if isinstance(value, str) else None
    return None


def _deprecated(node: Record | Enum | Fixed | Field) -> bool:
    return bool(node.properties.get("deprecated")) or says_deprecated(node.doc)


def _tags(node: Record | Enum | Fixed | Field) -> tuple[str, ...]:
    tags = node.properties.get(TAGS)
    return tuple(map(str, tags)) if isinstance(tags, list) else ()
