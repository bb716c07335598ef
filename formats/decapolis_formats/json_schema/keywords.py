"""Reads one keyword's value and refuses wrong JSON types, nothing more (compatibility.md section 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from decapolis_formats.errors import InvalidSchema

from .documents import Place
from .patterns import check_pattern

GREATEST_COUNT = 2_147_483_647
JSON_TYPES = {
    bool: "a boolean",
    dict: "an object",
    float: "NaN or an infinity",
    int: "an integer",
    list: "an array",
    str: "a string",
}


def refused(place: Place, keyword: str, wanted: str, value: Any) -> InvalidSchema:
    """The error for a keyword whose value is of another JSON type than the wanted one."""
    found = "null" if value is None else JSON_TYPES.get(type(value), f"the number {value}")
    return InvalidSchema(f"{place}/{keyword}: {wanted} is expected, not {found}")


def count(schema: Mapping[str, Any], keyword: str, place: Place) -> int | None:
    """A whole number written as one (`1.0` is not), None where the keyword is absent."""
    value = schema.get(keyword)
    if value is None and keyword not in schema:
        return None
    if type(value) is not int:
        raise refused(place, keyword, "an integer", value)
    if abs(value) > GREATEST_COUNT:
        raise InvalidSchema(f"{place}/{keyword}: {value} is out of range (at most {GREATEST_COUNT})")
    return value


def number(schema: Mapping[str, Any], keyword: str, place: Place) -> int | Decimal | None:
    """A number, None where the keyword is absent."""
    value = schema.get(keyword)
    if value is None and keyword not in schema:
        return None
    if type(value) is int or isinstance(value, Decimal):
        return value
    raise refused(place, keyword, "a number", value)


def string(schema: Mapping[str, Any], keyword: str, place: Place) -> str | None:
    """A string, None where the keyword is absent."""
    value = schema.get(keyword)
    if value is None and keyword not in schema:
        return None
    if not isinstance(value, str):
        raise refused(place, keyword, "a string", value)
    return value


def boolean(schema: Mapping[str, Any], keyword: str, place: Place) -> bool | None:
    """A boolean, None where the keyword is absent."""
    value = schema.get(keyword)
    if value is None and keyword not in schema:
        return None
    if not isinstance(value, bool):
        raise refused(place, keyword, "a boolean", value)
    return value


def array(schema: Mapping[str, Any], keyword: str, place: Place) -> list[Any]:
    """The elements of an array, none where the keyword is absent."""
    value = schema.get(keyword, NOTHING_THERE)
    if not isinstance(value, list):
        raise refused(place, keyword, "an array", value)
    return value


def members(schema: Mapping[str, Any], keyword: str, place: Place) -> dict[str, Any]:
    """The members of an object, none where the keyword is absent."""
    value = schema.get(keyword, NO_MEMBERS)
    if not isinstance(value, dict):
        raise refused(place, keyword, "an object", value)
    return value


def names(value: Any, keyword: str, place: Place) -> frozenset[str]:
    """The strings of an array as a set."""
    if not isinstance(value, list):
        raise refused(place, keyword, "an array", value)
    for name in value:
        if not isinstance(name, str):
            raise refused(place, keyword, "an array of strings", name)
    return frozenset(value)


def pattern(schema: Mapping[str, Any], keyword: str, place: Place) -> str | None:
    """A regular expression that compiles, None where the keyword is absent."""
    written = string(schema, keyword, place)
    if written is not None:
        check_pattern(written, f"{place}/{keyword}")
    return written


NOTHING_THERE: list[Any] = []
NO_MEMBERS: dict[str, Any] = {}
