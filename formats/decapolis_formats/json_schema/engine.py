"""The engine of JSON Schema: the functions of the `Engine` protocol over compiled schemas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.model import DEFAULT_OPTIONS, CompareOptions, Dependency, Difference, Format

from .comparing import Comparison
from .documents import Library
from .loading import Loader
from .nodes import Node
from .printing import printed
from .reading import value_of

RESERVED_PREFIX = "$$"


@dataclass(frozen=True)
class JsonSchema:
    """A JSON Schema read and compiled once; nothing of it changes afterwards."""

    text: str
    dependencies: tuple[Dependency, ...]
    value: Any = field(repr=False, compare=False)
    root: Node = field(repr=False, compare=False)
    format: Format = Format.JSON_SCHEMA

    @cached_property
    def canonical(self) -> str:
        """The text that is stored, hashed and answered."""
        return printed(self.value)

    @cached_property
    def normalized(self) -> str:
        """The canonical text with the keys sorted at every level."""
        return printed(self.value, sort=True)


def parse(
    text: str, dependencies: Sequence[Dependency] = (), *, strict: bool = True, validate_fields: bool = False
) -> JsonSchema:
    """Reads and compiles a schema; `validate_fields` refuses names with `$$`, `strict` changes nothing."""
    value = value_of(text)
    if not isinstance(value, dict | bool):
        raise InvalidSchema("#: a schema must be an object or a boolean")
    root = Loader(Library(value, dependencies)).load()
    parsed = JsonSchema(text, tuple(dependencies), value, root)
    if validate_fields:
        for name in field_names(parsed):
            if name.startswith(RESERVED_PREFIX):
                raise InvalidSchema(f"#/properties/{name}: names that start with {RESERVED_PREFIX} are reserved")
    return parsed


def canonical(parsed: JsonSchema) -> str:
    """The first JSON value of the text, compact, keys in their order (compatibility.md section 4.7)."""
    return parsed.canonical


def normalized(parsed: JsonSchema) -> str:
    """The canonical text with sorted keys; arrays keep their order."""
    return parsed.normalized


def compare(reader: JsonSchema, writer: JsonSchema, options: CompareOptions = DEFAULT_OPTIONS) -> list[Difference]:
    """All differences when `reader` judges what `writer` allowed; ComparisonTooCostly past the budget."""
    return Comparison(options).run(writer.root, reader.root).listed()


def equivalent(left: JsonSchema, right: JsonSchema) -> bool:
    """Whether the canonical texts are the same (compatibility.md section 2)."""
    return left.canonical == right.canonical


def rendered(parsed: JsonSchema, style: str) -> str:
    """The canonical text: the dialect has no styles for JSON Schema, and ignores those it does not know."""
    return parsed.canonical


def field_names(parsed: JsonSchema) -> tuple[str, ...]:
    """The names of the top-level properties in their order."""
    properties = parsed.value.get("properties") if isinstance(parsed.value, dict) else None
    return tuple(properties) if isinstance(properties, dict) else ()


def entity_name(parsed: JsonSchema) -> str | None:
    """The title of the schema, None where it has none."""
    title = parsed.value.get("title") if isinstance(parsed.value, dict) else None
    return title if isinstance(title, str) else None
