"""The bodies of strings, numbers, objects and arrays, drafts 4, 6 and 7 (compatibility.md section 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from decapolis_formats.errors import InvalidSchema

from . import keywords
from .dialects import Draft
from .documents import Place
from .nodes import Numeric, Record, Sequence, Text
from .patterns import check_pattern

if TYPE_CHECKING:
    from .loading import Loader

TEXT_KEYWORDS = frozenset({"minLength", "maxLength", "pattern", "format"})
NUMBER_KEYWORDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
SEQUENCE_KEYWORDS = frozenset({"items", "additionalItems", "minItems", "maxItems", "uniqueItems"})
RECORD_KEYWORDS = frozenset(
    {
        "properties",
        "required",
        "minProperties",
        "maxProperties",
        "dependencies",
        "patternProperties",
        "additionalProperties",
    }
)
FAMILIES = {
    "array": SEQUENCE_KEYWORDS | {"contains"},
    "object": RECORD_KEYWORDS | {"propertyNames"},
    "number": NUMBER_KEYWORDS,
    "string": TEXT_KEYWORDS,
}
DRAFT_4_FAMILIES = FAMILIES | {"array": SEQUENCE_KEYWORDS, "object": RECORD_KEYWORDS}


def families(draft: Draft) -> dict[str, frozenset[str]]:
    """The keywords that make a body of their family even where no type is stated."""
    return DRAFT_4_FAMILIES if draft is Draft.FOUR else FAMILIES


def text(value: dict[str, Any], place: Place, *, typed: bool) -> Text:
    """The body of strings, with the keywords that are there."""
    body = Text(typed=typed)
    if not TEXT_KEYWORDS.isdisjoint(value):
        body.min_length = keywords.count(value, "minLength", place)
        body.max_length = keywords.count(value, "maxLength", place)
        body.pattern = keywords.pattern(value, "pattern", place)
        body.format = keywords.string(value, "format", place)
    return body


def numeric(value: dict[str, Any], place: Place, name: str) -> Numeric:
    """The body of numbers; `name` is the stated type, empty where none is stated."""
    body = Numeric(typed=bool(name), integer=name == "integer")
    if NUMBER_KEYWORDS.isdisjoint(value):
        return body
    body.minimum = keywords.number(value, "minimum", place)
    body.maximum = keywords.number(value, "maximum", place)
    body.multiple_of = keywords.number(value, "multipleOf", place)
    if body.multiple_of is not None and not body.multiple_of:
        raise InvalidSchema(f"{place}/multipleOf: 0 has no multiples")
    if place.scope.draft is Draft.FOUR:
        flags = (keywords.boolean(value, each, place) for each in ("exclusiveMinimum", "exclusiveMaximum"))
        low, high = flags
        body.exclusive_flags = (bool(low), bool(high))
    else:
        body.exclusive_minimum = keywords.number(value, "exclusiveMinimum", place)
        body.exclusive_maximum = keywords.number(value, "exclusiveMaximum", place)
    return body


def record(loader: Loader, value: dict[str, Any], place: Place, *, typed: bool) -> Record:
    """The body of objects, as the drafts up to 7 read it."""
    body = Record(typed=typed)
    fill_record(loader, body, value, place)
    if "dependencies" in value:
        _depend(loader, body, keywords.members(value, "dependencies", place), place.at("dependencies"))
    if "additionalProperties" in value:
        additional = value["additionalProperties"]
        if not isinstance(additional, bool):
            additional = loader.child(additional, place.at("additionalProperties"))
        body.additional = additional
    return body


def fill_record(loader: Loader, body: Record, value: dict[str, Any], place: Place) -> None:
    """Reads the keywords of objects that mean the same in every draft."""
    if "properties" in value:
        listed = keywords.members(value, "properties", place)
        inside = place.at("properties")
        id_keyword = place.scope.draft.id_keyword
        body.properties = {
            name: loader.strict_child(each, inside.at(name))
            for name, each in listed.items()
            if name != id_keyword or isinstance(each, dict)
        }
    if "required" in value:
        body.required = keywords.names(value["required"], "required", place)
    if "patternProperties" in value:
        body.patterns = loader.schemas(value, "patternProperties", place)
        for pattern in body.patterns:
            check_pattern(pattern, f"{place}/patternProperties")
    if "propertyNames" in value and place.scope.draft > Draft.FOUR:
        body.names = loader.child(value["propertyNames"], place.at("propertyNames"))
    body.min_properties = keywords.count(value, "minProperties", place)
    body.max_properties = keywords.count(value, "maxProperties", place)


def _depend(loader: Loader, body: Record, listed: dict[str, Any], place: Place) -> None:
    names, schemas = {}, {}
    for name, each in listed.items():
        if isinstance(each, list):
            wanted = keywords.names(each, name, place)
            if wanted:
                names[name] = wanted
        else:
            schemas[name] = loader.strict_child(each, place.at(name))
    body.dependent_names, body.dependent_schemas = names, schemas


def sequence(loader: Loader, value: dict[str, Any], place: Place, *, typed: bool) -> Sequence:
    """The body of arrays, as the drafts up to 7 read it."""
    body = Sequence(typed=typed)
    fill_sequence(loader, body, value, place)
    if "additionalItems" in value:
        additional = value["additionalItems"]
        if not isinstance(additional, bool):
            additional = loader.child(additional, place.at("additionalItems"))
        body.additional = additional
    items = value.get("items")
    body.inert = not isinstance(items, list)
    if isinstance(items, list):
        inside = place.at("items")
        body.places = tuple(loader.child(each, inside.at(str(index))) for index, each in enumerate(items))
    elif "items" in value:
        body.every = loader.strict_child(items, place.at("items"))
        # beside a single schema the reference does not look at `additionalItems: false`
        body.additional = body.additional or True
    return body


def fill_sequence(loader: Loader, body: Sequence, value: dict[str, Any], place: Place) -> None:
    """Reads the keywords of arrays that mean the same in every draft."""
    body.min_items = keywords.count(value, "minItems", place)
    body.max_items = keywords.count(value, "maxItems", place)
    body.unique = bool(keywords.boolean(value, "uniqueItems", place))
    if "contains" in value and place.scope.draft > Draft.FOUR:
        body.contains = loader.child(value["contains"], place.at("contains"))
