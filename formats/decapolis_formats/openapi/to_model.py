"""From a component schema of an OpenAPI document, 2.0 to 3.1 in YAML or JSON, to the type model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.json_schema.documents import Library
from decapolis_formats.json_schema.reading import value_of
from decapolis_formats.json_schema.to_model import read_value
from decapolis_formats.model import Dependency
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import Loss, Reading
from decapolis_formats.yaml_text import json_text

_PLACES = ("components/schemas", "definitions")


def read(text: str, dependencies: Sequence[Dependency] = (), options: Options = NO_WISHES) -> Reading:
    """The model of one component schema: the selected one, else the one that no other one uses."""
    document = _document(text)
    place, schemas = components(document)
    name, losses = chosen(schemas, options.select, f"#/{place}/")
    library = Library(document, dependencies)
    reading = read_value(document, library, f"#/{place}/{quote(escaped(name))}", keys=True)
    return replace(reading, losses=(*losses, *reading.losses))


def component_names(text: str) -> tuple[str, ...]:
    """The names of the component schemas in their order."""
    return tuple(components(_document(text))[1])


def _document(text: str) -> dict[str, Any]:
    document = value_of(json_text(text))
    if not isinstance(document, dict) or not {"openapi", "swagger"} & document.keys():
        raise InvalidSchema("Not an OpenAPI document: an object with `openapi` is expected")
    return document


def components(document: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Where the schemas of a document are, and the schemas by name; InvalidSchema where there are none."""
    for place in _PLACES:
        found: Any = document
        for step in place.split("/"):
            found = found.get(step) if isinstance(found, dict) else None
        if isinstance(found, dict) and found:
            return place, found
    raise InvalidSchema("The document has no schemas under components/schemas")


def escaped(name: str) -> str:
    """A name as one step of a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def chosen(schemas: Mapping[str, Any], wanted: str | None, prefix: str) -> tuple[str, tuple[Loss, ...]]:
    """The schema that is meant, with the guess where none was named."""
    names = list(schemas)
    if wanted is not None:
        if wanted not in schemas:
            raise InvalidSchema(f"There is no schema {wanted} (there are: {', '.join(names)})")
        return wanted, ()
    used = {ref.removeprefix(prefix) for name, schema in schemas.items() for ref in _references(schema, name, prefix)}
    roots = [name for name in names if quote(escaped(name)) not in used and name not in used] or names[:1]
    if len(roots) == 1:
        return roots[0], ()
    others = ", ".join(roots[1:])
    return roots[0], (Loss("", f"the schemas {others}", f"{roots[0]} is the first one, select another", guessed=True),)


def _references(value: Any, owner: str, prefix: str) -> Iterator[str]:
    """The references inside a schema, but for those to itself."""
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            reference = each.get("$ref")
            if isinstance(reference, str) and reference != f"{prefix}{quote(escaped(owner))}":
                yield reference
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)
