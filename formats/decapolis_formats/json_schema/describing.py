"""One line for each difference, in the shape that the dialect prints for JSON (confluent-rest.md 5.8)."""

from __future__ import annotations

from decapolis_formats.model import Difference

SENTENCES = {
    "TYPE_CHANGED": "{path} takes values of another kind in the {reader} schema than in the {writer} one",
    "TYPE_NARROWED": "the type at {path} is narrower in the {reader} schema than in the {writer} one",
    "TYPE_EXTENDED": "the type at {path} is wider in the {reader} schema than in the {writer} one",
    "SCHEMA_ADDED": "{path} has a schema in the {reader} schema and none in the {writer} one",
    "SCHEMA_REMOVED": "{path} has a schema in the {writer} schema and none in the {reader} one",
    "COMBINED_TYPE_CHANGED": "the {reader} schema combines the parts at {path} in another way",
    "COMBINED_TYPE_EXTENDED": "the {reader} schema combines the parts at {path} more freely",
    "COMBINED_TYPE_SUBSCHEMAS_CHANGED": "some part at {path} has no compatible part in the other schema",
    "PRODUCT_TYPE_EXTENDED": "the {reader} schema has more parts at {path} that must all hold",
    "PRODUCT_TYPE_NARROWED": "the {reader} schema has fewer parts at {path} that must all hold",
    "SUM_TYPE_EXTENDED": "the {reader} schema offers more alternatives at {path}",
    "SUM_TYPE_NARROWED": "the {reader} schema offers fewer alternatives at {path}",
    "NOT_TYPE_EXTENDED": "the {reader} schema forbids more at {path} than the {writer} one",
    "NOT_TYPE_NARROWED": "the {reader} schema forbids at {path} no more than the {writer} one",
    "ENUM_ARRAY_CHANGED": "the values at {path} are others in the {reader} schema than in the {writer} one",
    "PATTERN_PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL": (
        "the {reader} schema has a closed content model and no longer allows what matches {path}"
    ),
}
ENDINGS = {
    "_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "{path} is gone, and what the {reader} schema allows there takes what the {writer} one allowed"
    ),
    "_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "{path} is gone, and what the {reader} schema allows there refuses what the {writer} one allowed"
    ),
    "_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "{path} is new, and takes what the {writer} schema allowed there"
    ),
    "_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "{path} is new, and does not take what the {writer} schema allowed there"
    ),
    "_REMOVED_FROM_OPEN_CONTENT_MODEL": "{path} is gone, and the {reader} schema allows anything there",
    "_REMOVED_FROM_CLOSED_CONTENT_MODEL": (
        "{path} is gone, and the {reader} schema has a closed content model that allows nothing there"
    ),
    "_ADDED_TO_OPEN_CONTENT_MODEL": "{path} is new, and the {writer} schema allowed {anything} there",
    "_ADDED_TO_UNOPEN_CONTENT_MODEL": "{path} is new, and the {writer} schema did not leave it open",
    "_ADDED_TO_CLOSED_CONTENT_MODEL": "{path} is new, and the {writer} schema allowed nothing there",
    "_WITH_DEFAULT_ADDED": "{path} is required by the {reader} schema only, and has a default",
    "_ADDED": "the {reader} schema says something at {path} that the {writer} one does not",
    "_REMOVED": "the {writer} schema says something at {path} that the {reader} one does not",
    "_INCREASED": "the limit at {path} is higher in the {reader} schema than in the {writer} one",
    "_DECREASED": "the limit at {path} is lower in the {reader} schema than in the {writer} one",
    "_EXPANDED": "numbers at {path} must be multiples of more in the {reader} schema",
    "_REDUCED": "numbers at {path} must be multiples of less in the {reader} schema",
    "_EXTENDED": "the {reader} schema lists or allows more at {path} than the {writer} one",
    "_NARROWED": "the {reader} schema lists or allows less at {path} than the {writer} one",
    "_CHANGED": "{path} is not the same in the {reader} schema and in the {writer} one",
}


def describe(difference: Difference, *, reader: str = "new", writer: str = "old") -> str:
    """The difference as `{errorType:"T", description:"...'}`: the dialect's own quotes, our own words."""
    template = SENTENCES.get(difference.type) or next(
        (text for ending, text in ENDINGS.items() if difference.type.endswith(ending)),
        "{path} differs between the {reader} schema and the {writer} one",
    )
    anything = "a value of any kind" if "EMPTY" in difference.type else "values that the {reader} one may refuse"
    # replaced one by one: a path may hold braces
    sentence = template.replace("{anything}", anything).replace("{reader}", reader).replace("{writer}", writer)
    facts = " ({})".format(difference.info.replace('"', "'")) if difference.info else ""
    text = sentence.replace("{path}", f"'{difference.path}'") + facts
    return f'{{errorType:"{difference.type}", description:"{text[:1].upper()}{text[1:]}\'}}'
