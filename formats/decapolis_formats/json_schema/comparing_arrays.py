"""Compares arrays: all items, items by place under both content models, limits (compatibility.md 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .comparing_objects import MODEL, additional, unevaluated
from .comparing_values import limit
from .findings import Findings, Inner
from .nodes import NOTHING, Empty, Node, Sequence
from .strictness import items_beyond, stricter_sequences

if TYPE_CHECKING:
    from .comparing import Comparison


def compare_sequences(comparison: Comparison, found: Findings, old: Sequence, new: Sequence) -> Inner:
    """All differences between two arrays."""
    if old.every is not new.every:
        if old.every is None or new.every is None:
            found.add("SCHEMA_ADDED" if old.every is None else "SCHEMA_REMOVED", "items")
        else:
            inner = yield old.every, new.every
            found.below("items", inner)
    if old.places or new.places:
        yield from _places(comparison, found, old, new)
    limit(found, "MAX_ITEMS", "maxItems", old.max_items, new.max_items)
    limit(found, "MIN_ITEMS", "minItems", old.min_items, new.min_items)
    limit(found, "MAX_CONTAINS", "maxContains", old.max_contains, new.max_contains)
    limit(found, "MIN_CONTAINS", "minContains", old.min_contains, new.min_contains)
    if old.unique is not new.unique:
        found.add(f"UNIQUE_ITEMS_{'ADDED' if new.unique else 'REMOVED'}", "uniqueItems")
    before, after = items_beyond(comparison, old), items_beyond(comparison, new)
    yield from additional(found, "ITEMS", "additionalItems", before, after)
    before = unevaluated(old, strict=comparison.strict)
    after = unevaluated(new, strict=comparison.strict)
    yield from additional(found, "ITEMS", "unevaluatedItems", before, after)
    if comparison.strict:
        yield from stricter_sequences(comparison, found, old, new)


def _places(comparison: Comparison, found: Findings, old: Sequence, new: Sequence) -> Inner:
    comparison.spend((len(old.places) + len(new.places)) // 16)
    shared = min(len(old.places), len(new.places))
    for index in range(shared):
        inner = yield old.places[index], new.places[index]
        found.below(f"items/{index}", inner)
    for index in range(shared, len(old.places)):
        yield from _removed(comparison, found, f"items/{index}", old.places[index], new)
    for index in range(shared, len(new.places)):
        yield from _added(comparison, found, f"items/{index}", new.places[index], old)


def _removed(comparison: Comparison, found: Findings, path: str, schema: Node, new: Sequence) -> Inner:
    rest = _rest(comparison, new)
    if rest is True:
        found.add("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL", path)
    elif isinstance(rest, Node):
        inner = yield schema, rest
        found.below(path, inner)
        found.add(f"ITEM_REMOVED_{'NOT' if inner.breaking else 'IS'}_COVERED_{MODEL}", path)
    elif schema.body is NOTHING:
        found.add("ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", path)
    else:
        found.add("ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", path)


def _added(comparison: Comparison, found: Findings, path: str, schema: Node, old: Sequence) -> Inner:
    rest = _rest(comparison, old)
    if rest is True:
        empty = isinstance(schema.body, Empty)
        found.add(f"ITEM_{'WITH_EMPTY_SCHEMA_' if empty else ''}ADDED_TO_OPEN_CONTENT_MODEL", path)
    elif isinstance(rest, Node):
        inner = yield rest, schema
        found.below(path, inner)
        found.add(f"ITEM_ADDED_{'NOT' if inner.breaking else 'IS'}_COVERED_{MODEL}", path)
    else:
        found.add("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL", path)


def _rest(comparison: Comparison, sequence: Sequence) -> Node | bool:
    """What items behind the places may be: anything, what one schema says, or nothing."""
    beyond = items_beyond(comparison, sequence)
    if beyond is not True:
        return beyond
    later = sequence.unevaluated
    if later is None or isinstance(later.body, Empty) or (comparison.strict and sequence.idle):
        return True
    return False if later.body is NOTHING else later
