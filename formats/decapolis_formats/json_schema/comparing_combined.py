"""Compares `allOf`, `anyOf`, `oneOf`, `not` and conditionals (compatibility.md section 4.4)."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from .findings import Findings, Inner, Pair
from .matching import largest_matching
from .nodes import Combined, Conditional, Negation, Node
from .strictness import exclusive_among, stricter_conditionals, stricter_members, text_of

if TYPE_CHECKING:
    from .comparing import Comparison


def with_a_member(comparison: Comparison, old: Node, new: Node) -> Generator[Pair, Findings, Findings | None]:
    """What stands between a combined schema and another one, where one member decides; else None."""
    if isinstance(new.body, Combined):
        combined, pairs = new.body, [(old, member) for member in members_of(comparison, new.body)]
        by_any, difference = combined.criterion != "allOf", "SUM_TYPE_EXTENDED"
    else:
        assert isinstance(old.body, Combined)
        combined, pairs = old.body, [(member, new) for member in members_of(comparison, old.body)]
        by_any, difference = combined.criterion == "allOf", "PRODUCT_TYPE_NARROWED"
    alone = len(pairs) == 1
    if not (alone or by_any):
        return None
    for pair in pairs:
        found = yield pair
        if not found.breaking and (alone or exclusive_among(comparison, combined, pair, new)):
            if alone:
                return found
            taken = Findings(comparison.tolerated)
            taken.below("", found)
            taken.add(difference)
            return taken
    return None


def compare_combined(comparison: Comparison, found: Findings, old: Combined, new: Combined) -> Inner:
    """The criteria, the number of different members, and whether the members can be paired off."""
    if not _criteria(comparison, found, old, new):
        return
    before, after = distinct_of(comparison, old), distinct_of(comparison, new)
    if len(before) < len(after):
        found.add("PRODUCT_TYPE_EXTENDED" if new.criterion == "allOf" else "SUM_TYPE_EXTENDED")
    elif len(before) > len(after):
        found.add("PRODUCT_TYPE_NARROWED" if old.criterion == "allOf" else "SUM_TYPE_NARROWED")
    matched = yield from _paired_off(comparison, before, after)
    for index, (_, inner) in matched.items():
        found.below(f"{old.criterion}/{index}", inner)
    if len(matched) < min(len(before), len(after)):
        found.add("COMBINED_TYPE_SUBSCHEMAS_CHANGED")
    elif comparison.strict:
        pairs = [(before[index], after[other]) for index, (other, _) in matched.items()]
        yield from stricter_members(comparison, found, pairs, old, new)


def members_of(comparison: Comparison, combined: Combined) -> tuple[Node, ...]:
    """The members as the standard or the reference counts them."""
    return combined.members if comparison.strict else combined.loose


def distinct_of(comparison: Comparison, combined: Combined) -> tuple[Node, ...]:
    """The members of different texts, as the standard or the reference counts them."""
    return combined.distinct if comparison.strict else combined.loose_distinct


def _criteria(comparison: Comparison, found: Findings, old: Combined, new: Combined) -> bool:
    if old.criterion == new.criterion:
        return True
    one_before, one_after = (len(members_of(comparison, each)) == 1 for each in (old, new))
    widened = (
        new.criterion == "anyOf"
        or (one_before and (one_after or new.criterion == "oneOf"))
        or (one_after and old.criterion == "allOf")
    )
    found.add(
        "COMBINED_TYPE_EXTENDED" if widened else "COMBINED_TYPE_CHANGED",
        info=f"{old.criterion} → {new.criterion}",
    )
    return widened


Matched = dict[int, tuple[int, Findings]]


def _paired_off(
    comparison: Comparison, before: tuple[Node, ...], after: tuple[Node, ...]
) -> Generator[Pair, Findings, Matched]:
    needed = min(len(before), len(after))
    for guess in (_in_order, _by_text):
        matched = yield from _all_fit(before, after, guess(comparison, before, after))
        if len(matched) == needed:
            return matched
    edges: list[dict[int, Findings]] = []
    for old in before:
        compatible = {}
        for other, new in enumerate(after):
            found = yield old, new
            if not found.breaking:
                compatible[other] = found
        edges.append(compatible)
    matching = largest_matching(edges)
    return {index: (other, edges[index][other]) for index, other in matching.items()}


Guess = list[tuple[int, int]]


def _in_order(comparison: Comparison, before: tuple[Node, ...], after: tuple[Node, ...]) -> Guess:
    return [(index, index) for index in range(min(len(before), len(after)))]


def _by_text(comparison: Comparison, before: tuple[Node, ...], after: tuple[Node, ...]) -> Guess:
    """Pairs of the same text, and the rest in order: what is left where one member was put between others."""
    places = {text_of(comparison, node): index for index, node in enumerate(after)}
    same = {index: places.pop(text_of(comparison, node), None) for index, node in enumerate(before)}
    taken = {other for other in same.values() if other is not None}
    free = iter([index for index in range(len(after)) if index not in taken])
    pairs = ((index, next(free, None) if other is None else other) for index, other in same.items())
    return [(index, other) for index, other in pairs if other is not None]


def _all_fit(before: tuple[Node, ...], after: tuple[Node, ...], guess: Guess) -> Generator[Pair, Findings, Matched]:
    matched: Matched = {}
    for index, other in guess:
        found = yield before[index], after[other]
        if found.breaking:
            break
        matched[index] = (other, found)
    return matched


def compare_negations(comparison: Comparison, found: Findings, old: Negation, new: Negation) -> Inner:
    """What is forbidden, the other way round: the new may forbid less."""
    inner = yield new.forbidden, old.forbidden
    found.add("NOT_TYPE_EXTENDED" if inner.breaking else "NOT_TYPE_NARROWED", "not")


def compare_conditionals(comparison: Comparison, found: Findings, old: Conditional, new: Conditional) -> Inner:
    """Nothing, unless semantics are strict: the reference takes any two conditionals for equal."""
    if comparison.strict:
        yield from stricter_conditionals(found, old, new)
