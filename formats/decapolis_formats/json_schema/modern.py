"""What 2019-09 and 2020-12 read otherwise than the drafts before them (compatibility.md section 4.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import keywords
from .classic import NUMBER_KEYWORDS, TEXT_KEYWORDS, fill_record, fill_sequence
from .documents import Place
from .nodes import Record, Sequence

if TYPE_CHECKING:
    from .loading import Loader

FAMILIES = {
    "array": frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "unevaluatedItems"}),
    "object": frozenset(
        {
            "properties",
            "required",
            "minProperties",
            "maxProperties",
            "patternProperties",
            "additionalProperties",
            "propertyNames",
            "dependentRequired",
            "dependentSchemas",
            "unevaluatedProperties",
        }
    ),
    "number": NUMBER_KEYWORDS,
    "string": TEXT_KEYWORDS,
}


def record(loader: Loader, value: dict[str, Any], place: Place, *, typed: bool) -> Record:
    """The body of objects: dependencies have two keywords, `additionalProperties: true` says nothing."""
    body = Record(typed=typed)
    fill_record(loader, body, value, place)
    if "dependentRequired" in value:
        inside = place.at("dependentRequired")
        listed = keywords.members(value, "dependentRequired", place)
        wanted = {name: keywords.names(each, name, inside) for name, each in listed.items()}
        body.dependent_names = {name: names for name, names in wanted.items() if names}
    if "dependentSchemas" in value:
        body.dependent_schemas = loader.schemas(value, "dependentSchemas", place)
    body.idle = "additionalProperties" in value
    additional = value.get("additionalProperties", True)
    if not isinstance(additional, bool):
        additional = loader.child(additional, place.at("additionalProperties"))
    body.additional = additional
    if "unevaluatedProperties" in value:
        body.unevaluated = loader.child(value["unevaluatedProperties"], place.at("unevaluatedProperties"))
    return body


def sequence(loader: Loader, value: dict[str, Any], place: Place, *, typed: bool) -> Sequence:
    """The body of arrays: `prefixItems` are the places, `items` are all items or those behind the places."""
    body = Sequence(typed=typed)
    fill_sequence(loader, body, value, place)
    if "prefixItems" in value:
        inside = place.at("prefixItems")
        listed = keywords.array(value, "prefixItems", place)
        body.places = tuple(loader.child(each, inside.at(str(index))) for index, each in enumerate(listed))
    body.idle = "items" in value
    items = value.get("items", True)
    if isinstance(items, bool):
        body.additional = items
    elif body.places:
        body.additional = loader.child(items, place.at("items"))
    else:
        body.every = loader.child(items, place.at("items"))
    if "contains" in value:
        minimum = keywords.count(value, "minContains", place)
        body.min_contains = 1 if minimum is None else minimum
        body.max_contains = keywords.count(value, "maxContains", place)
    if "unevaluatedItems" in value:
        body.unevaluated = loader.child(value["unevaluatedItems"], place.at("unevaluatedItems"))
    return body
