"""The outline of JSON Schemas: objects with properties are types, a property's path is its JSON pointer with `#`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from decapolis_formats.json_schema.engine import JsonSchema, entity_name

from .model import Gathering, Outline, OutlineField, OutlineType, says_deprecated

_ONE = ("additionalProperties", "items", "not", "if", "then", "else", "contains", "propertyNames", "additionalItems")
_MANY = ("allOf", "anyOf", "oneOf", "items", "prefixItems")
_NAMED = ("definitions", "$defs", "patternProperties", "dependentSchemas")
TAGS = "confluent:tags"

Place = tuple[Any, str, int]


def outline(schema: JsonSchema) -> Outline:
    """Every object and every property that the text itself spells out; references are not followed."""
    found = Gathering()
    waiting: deque[Place] = deque([(schema.value, "#", 0)])
    while waiting:
        value, path, depth = waiting.popleft()
        if isinstance(value, dict):
            waiting.extend(_entered(found, value, path, depth))
    return found.outline(entity_name(schema))


def _entered(found: Gathering, value: dict[str, Any], path: str, depth: int) -> Iterator[Place]:
    properties = value.get("properties")
    if isinstance(properties, dict):
        depth += 1
        found.depth = max(found.depth, depth)
        found.types.append(_type(value, path, "object"))
        required = value.get("required")
        names = frozenset(map(str, required)) if isinstance(required, list) else frozenset()
        for name, inner in properties.items():
            place = f"{path}/properties/{_escaped(name)}"
            found.fields.append(_field(inner, name, place, path, optional=name not in names))
            yield inner, place, depth
    elif isinstance(value.get("enum"), list):
        found.types.append(_type(value, path, "enum"))
    yield from _inner(value, path, depth)


def _inner(value: dict[str, Any], path: str, depth: int) -> Iterator[Place]:
    for keyword in _ONE:
        if isinstance(value.get(keyword), dict):
            yield value[keyword], f"{path}/{keyword}", depth
    for keyword in _MANY:
        if isinstance(value.get(keyword), list):
            yield from ((each, f"{path}/{keyword}/{index}", depth) for index, each in enumerate(value[keyword]))
    for keyword in _NAMED:
        if isinstance(value.get(keyword), dict):
            named = value[keyword].items()
            yield from ((each, f"{path}/{keyword}/{_escaped(name)}", depth) for name, each in named)


def _type(value: Mapping[str, Any], path: str, kind: str) -> OutlineType:
    symbols = tuple(str(each) for each in value["enum"]) if kind == "enum" else ()
    title = value.get("title")
    name = title if isinstance(title, str) else path.rpartition("/")[2].lstrip("#")
    # a reader of JSON validates: there is nothing that stands for an unknown value
    return OutlineType(path, name, kind, _doc(value), symbols, False, _deprecated(value), _tags(value))


def _field(value: Any, name: str, path: str, owner: str, *, optional: bool) -> OutlineField:
    keywords: Mapping[str, Any] = value if isinstance(value, dict) else {}
    uses = tuple(_uses(keywords))
    format = keywords.get("format")
    return OutlineField(
        path,
        name,
        owner,
        uses,
        _doc(keywords),
        "default" in keywords,
        keywords.get("default"),
        optional or "null" in uses,
        format if isinstance(format, str) else None,
        _deprecated(keywords),
        _tags(keywords),
    )


def _uses(keywords: Mapping[str, Any]) -> Iterator[str]:
    """The type names that a property states: its own, those of its members, those of its items."""
    todo: deque[Any] = deque([keywords])
    seen = 0
    while todo and seen < 1_000:
        seen += 1
        value = todo.popleft()
        if not isinstance(value, dict):
            continue
        stated = value.get("type")
        yield from (map(str, stated) if isinstance(stated, list) else [stated] if isinstance(stated, str) else [])
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for keyword in ("allOf", "anyOf", "oneOf"):
            if isinstance(value.get(keyword), list):
                todo.extend(value[keyword])
        todo.append(value.get("items"))


def _doc(value: Mapping[str, Any]) -> str | None:
    doc = value.get("description")
    return doc if isinstance(doc, str) else None


def _deprecated(value: Mapping[str, Any]) -> bool:
    return value.get("deprecated") is True or says_deprecated(_doc(value))


def _tags(value: Mapping[str, Any]) -> tuple[str, ...]:
    tags = value.get(TAGS)
    return tuple(map(str, tags)) if isinstance(tags, list) else ()


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
