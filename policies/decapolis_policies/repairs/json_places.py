"""Finds the same place in two JSON Schemas by the path of a difference, references inside the documents followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_BY_NAME: Final = ("properties", "dependencies")
MOST_REFERENCES: Final = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """What both schemas say at one place, and how people call it."""

    new: dict[str, Any]
    old: dict[str, Any]
    where: str
    is_root: bool


def along(new: Any, old: Any, steps: Sequence[str]) -> Pair | None:
    """Both nodes at the end of a path; None where either is no object, or the path leaves the document."""
    here, there = _followed(new, new), _followed(old, old)
    left = list(steps)
    while left:
        if not (isinstance(here, dict) and isinstance(there, dict)):
            return None
        here, there, taken = _inner(here, there, left)
        here, there, left = _followed(here, new), _followed(there, old), left[taken:]
    if not (isinstance(here, dict) and isinstance(there, dict)):
        return None
    return Pair(here, there, "#/" + "/".join(steps) if steps else "the schema", not steps)


def _inner(new: dict[str, Any], old: dict[str, Any], left: Sequence[str]) -> tuple[Any, Any, int]:
    keyword = left[0]
    if keyword in _BY_NAME and len(left) > 1:
        return _by_name(new, keyword, left[1]), _by_name(old, keyword, left[1]), 2
    if keyword == "items" and len(left) > 1 and left[1].isdecimal():
        index = int(left[1])
        return _at(items_of(new), index), _at(items_of(old), index), 2
    return new.get(child_at(new, keyword)), old.get(child_at(old, keyword)), 1


def child_at(node: dict[str, Any], keyword: str) -> str:
    """The keyword of this draft that a path calls so: additional items are `items` where prefixItems stand."""
    return "items" if keyword == "additionalItems" and keyword not in node and "prefixItems" in node else keyword


def items_of(node: dict[str, Any]) -> list[Any] | None:
    """The schemas of the first items, None where there are none by place."""
    for keyword in ("prefixItems", "items"):
        found = node.get(keyword)
        if isinstance(found, list):
            return found
    return None


def _by_name(node: dict[str, Any], keyword: str, name: str) -> Any:
    keywords = (keyword, "dependentSchemas") if keyword == "dependencies" else (keyword,)
    holders = (node.get(each) for each in keywords)
    return next((holder[name] for holder in holders if isinstance(holder, dict) and name in holder), None)


def _at(items: list[Any] | None, index: int) -> Any:
    return items[index] if items is not None and index < len(items) else None


def _followed(node: Any, root: Any) -> Any:
    for _ in range(MOST_REFERENCES):
        if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
            return node
        node = _target(root, node["$ref"])
    return None


def _target(root: Any, reference: str) -> Any:
    if not reference.startswith("#"):
        return None
    for token in reference[1:].split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        root = root.get(name) if isinstance(root, dict) else None
    return root
