"""What a comparison of two nodes found, as a tree that shares what pairs met again have in common."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from decapolis_formats.errors import ComparisonTooCostly
from decapolis_formats.model import Difference

from .nodes import Node

MAX_LISTED = 10_000
MAX_VISITED = 200_000
MAX_CHARACTERS = 4_000_000

COMPATIBLE = frozenset(
    {
        "ADDITIONAL_ITEMS_ADDED",
        "ADDITIONAL_ITEMS_EXTENDED",
        "ADDITIONAL_PROPERTIES_ADDED",
        "ADDITIONAL_PROPERTIES_EXTENDED",
        "COMBINED_TYPE_EXTENDED",
        "DEFAULT_CHANGED",
        "DEPENDENCY_ARRAY_NARROWED",
        "DEPENDENCY_ARRAY_REMOVED",
        "DEPENDENCY_SCHEMA_REMOVED",
        "DESCRIPTION_CHANGED",
        "ENUM_ARRAY_EXTENDED",
        "EXCLUSIVE_MAXIMUM_INCREASED",
        "EXCLUSIVE_MAXIMUM_REMOVED",
        "EXCLUSIVE_MINIMUM_DECREASED",
        "EXCLUSIVE_MINIMUM_REMOVED",
        "ID_CHANGED",
        "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL",
        "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL",
        "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL",
        "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        "MAXIMUM_INCREASED",
        "MAXIMUM_REMOVED",
        "MAX_CONTAINS_INCREASED",
        "MAX_CONTAINS_REMOVED",
        "MAX_ITEMS_INCREASED",
        "MAX_ITEMS_REMOVED",
        "MAX_LENGTH_INCREASED",
        "MAX_LENGTH_REMOVED",
        "MAX_PROPERTIES_INCREASED",
        "MAX_PROPERTIES_REMOVED",
        "MINIMUM_DECREASED",
        "MINIMUM_REMOVED",
        "MIN_CONTAINS_DECREASED",
        "MIN_CONTAINS_REMOVED",
        "MIN_ITEMS_DECREASED",
        "MIN_ITEMS_REMOVED",
        "MIN_LENGTH_DECREASED",
        "MIN_LENGTH_REMOVED",
        "MIN_PROPERTIES_DECREASED",
        "MIN_PROPERTIES_REMOVED",
        "MULTIPLE_OF_REDUCED",
        "MULTIPLE_OF_REMOVED",
        "NOT_TYPE_NARROWED",
        "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL",
        "PATTERN_REMOVED",
        "PRODUCT_TYPE_NARROWED",
        "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL",
        "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
        "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL",
        "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
        "REQUIRED_ATTRIBUTE_REMOVED",
        "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED",
        "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL",
        "SCHEMA_REMOVED",
        "SUM_TYPE_EXTENDED",
        "TITLE_CHANGED",
        "TYPE_EXTENDED",
        "UNEVALUATED_ITEMS_ADDED",
        "UNEVALUATED_ITEMS_EXTENDED",
        "UNEVALUATED_PROPERTIES_ADDED",
        "UNEVALUATED_PROPERTIES_EXTENDED",
        "UNIQUE_ITEMS_REMOVED",
    }
)
LENIENT = COMPATIBLE | {
    "ADDITIONAL_PROPERTIES_NARROWED",
    "ADDITIONAL_PROPERTIES_REMOVED",
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL",
    "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
    "UNEVALUATED_PROPERTIES_NARROWED",
    "UNEVALUATED_PROPERTIES_REMOVED",
}


class Findings:
    """The differences at one pair of nodes and those found below it; paths are relative to the pair."""

    __slots__ = ("breaking", "inner", "own", "tolerated")

    def __init__(self, tolerated: frozenset[str]) -> None:
        self.tolerated = tolerated
        self.breaking = False
        self.own: list[tuple[str, str, str]] = []
        self.inner: list[tuple[str, Findings]] = []

    def add(self, name: str, path: str = "", info: str = "") -> None:
        """Notes a difference."""
        self.own.append((name, path, info))
        if name not in self.tolerated:
            self.breaking = True

    def below(self, path: str, found: Findings) -> None:
        """Takes over what was found below; nothing is kept where nothing was found."""
        if found.own or found.inner:
            self.inner.append((path, found))
            self.breaking |= found.breaking

    def listed(self) -> list[Difference]:
        """Everything as differences with full paths, breaking ones first, at most MAX_LISTED."""
        breaking = self._flattened(breaking=True) if self.breaking else []
        if self.breaking and not breaking:
            raise ComparisonTooCostly("The schemas are incompatible, in more places than can be listed")
        return (breaking + self._flattened(breaking=False))[:MAX_LISTED]

    def _flattened(self, *, breaking: bool) -> list[Difference]:
        out: list[Difference] = []
        pending: list[tuple[Way, Findings]] = [(None, self)]
        visits = characters = 0
        while pending and len(out) < MAX_LISTED and visits < MAX_VISITED and characters < MAX_CHARACTERS:
            visits += 1
            way, found = pending.pop()
            for name, tail, info in found.own:
                compatible = name in found.tolerated
                if compatible is not breaking:
                    out.append(Difference(name, _path(way, tail), compatible, info))
                    characters += len(out[-1].path)
            for step, inner in reversed(found.inner):
                if inner.breaking or not breaking:
                    pending.append(((way, step) if step else way, inner))
        return out


Way = tuple[Any, str] | None


def _path(way: Way, tail: str) -> str:
    steps = [tail] if tail else []
    while way is not None:
        way, step = way
        steps.append(step)
    steps.append("#")
    return "/".join(reversed(steps)) if len(steps) > 1 else "#/"


Pair = tuple[Node | None, Node | None]
Inner = Generator[Pair, Findings, None]
