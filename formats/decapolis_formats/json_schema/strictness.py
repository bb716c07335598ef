"""What `strict_semantics` adds: a schema passes only if it accepts every instance that the old one
accepts.

Each rule here closes a hole that the reference leaves open; docs/compatibility-json.md lists them with
examples.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .findings import Findings, Inner, Pair
from .nodes import (
    EVERYTHING,
    Combined,
    Conditional,
    Empty,
    Node,
    Nothing,
    Numeric,
    Record,
    Referring,
    Sequence,
    Text,
    children,
)
from .patterns import found_in
from .printing import printed, scalar
from .value_types import types_of

if TYPE_CHECKING:
    from .comparing import Comparison

# printing so many characters takes about as long as comparing a pair of nodes
CHARACTERS_A_STEP = 50


def stricter_texts(found: Findings, old: Text, new: Text) -> None:
    """A type that is stated now, and a format that is new or another one."""
    _typed(found, old, new)
    if new.format is not None and new.format != old.format:
        found.add(
            "FORMAT_ADDED" if old.format is None else "FORMAT_CHANGED",
            "format",
            f"{old.format} → {new.format}",
        )


def stricter_numbers(found: Findings, old: Numeric, new: Numeric) -> None:
    """A type that is stated now, and draft-04's flags that make a limit exclusive."""
    _typed(found, old, new)
    was_low, was_high = old.exclusive_flags
    is_low, is_high = new.exclusive_flags
    if is_low and new.minimum is not None:
        kept = old.minimum is not None and (old.minimum > new.minimum or (was_low and old.minimum == new.minimum))
        if not kept:
            found.add("EXCLUSIVE_MINIMUM_ADDED", "exclusiveMinimum")
    if is_high and new.maximum is not None:
        kept = old.maximum is not None and (old.maximum < new.maximum or (was_high and old.maximum == new.maximum))
        if not kept:
            found.add("EXCLUSIVE_MAXIMUM_ADDED", "exclusiveMaximum")


def _typed(found: Findings, old: Text | Numeric | Record | Sequence, new: Text | Numeric | Record | Sequence) -> None:
    if new.typed and not old.typed:
        found.add("TYPE_NARROWED")


def values_as_numbers(values: Iterable[Any]) -> frozenset[str]:
    """The texts of values with numbers by their value: `1`, `1.0` and `1e0` are one."""
    return frozenset(printed(value, sort=True, plain=_leveled) for value in values)


def _leveled(value: Any) -> str:
    if not isinstance(value, Decimal):
        return scalar(value)
    # a plain integer would be as long as its exponent is large
    whole = value.adjusted() < 1_000 and value == value.to_integral_value()
    return str(int(value)) if whole else str(value.normalize())


def stricter_records(comparison: Comparison, found: Findings, old: Record, new: Record) -> Inner:
    """Required names of any kind, patterns and names of properties, and what is unevaluated."""
    _typed(found, old, new)
    for name in sorted(new.required - old.required):
        schema = new.properties.get(name)
        if schema is not None and not schema.has_default:
            continue  # found already where properties are compared
        if schema is None or name in old.properties:
            found.add("REQUIRED_ATTRIBUTE_ADDED", f"required/{name}")
        else:
            found.add("REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", f"properties/{name}")
    yield from _patterns(found, old, new)
    if new.names is not None:
        yield from _within(found, "PROPERTY_NAMES", "propertyNames", old.names, new.names)
    if not _open_later(new) and not _same_owners(comparison, old.owner, new.owner):
        found.add("UNEVALUATED_PROPERTIES_NARROWED", "unevaluatedProperties")


def _patterns(found: Findings, old: Record, new: Record) -> Inner:
    for pattern, schema in new.patterns.items():
        path = f"patternProperties/{pattern}"
        yield from _within(found, "PATTERN_PROPERTY", path, old.patterns.get(pattern), schema)
    for pattern, schema in old.patterns.items():
        if pattern in new.patterns or isinstance(schema.body, Nothing):
            continue
        path = f"patternProperties/{pattern}"
        if isinstance(new.additional, Node):
            inner = yield schema, new.additional
            found.below(path, inner)
        elif new.additional is False or not _open_later(new):
            found.add("PATTERN_PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", path)


def _same_owners(comparison: Comparison, old: Node | None, new: Node | None) -> bool:
    """Whether what is evaluated cannot have changed: nothing else evaluates, or all that does is the same."""
    if old is None or new is None:
        return old is new
    seen: set[Pair] = set()
    pending = [(old, new)]
    while pending:
        pair = pending.pop()
        if pair in seen:
            continue
        seen.add(pair)
        if text_of(comparison, pair[0]) != text_of(comparison, pair[1]):
            return False
        # below equal texts only references can lead to something else
        pending.extend(zip(*(_references_in(comparison, node) for node in pair), strict=True))
    return True


def text_of(comparison: Comparison, node: Node) -> str:
    """The text of a schema with sorted keys; its length counts as work."""
    text = printed(node.source, sort=True)
    comparison.spend(len(text) // CHARACTERS_A_STEP)
    return text


def _references_in(comparison: Comparison, node: Node) -> list[Node]:
    found, seen, pending = [], set(), [node]
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        comparison.spend(1)
        if isinstance(current.body, Referring):
            found.append(current.body.target)
        else:
            pending.extend(children(current.body))
    return found


def _open_later(body: Record | Sequence) -> bool:
    return body.idle or body.unevaluated is None or body.unevaluated.body is EVERYTHING


def _within(found: Findings, name: str, path: str, old: Node | None, new: Node) -> Inner:
    if old is not None:
        inner = yield old, new
        found.below(path, inner)
    elif not isinstance(new.body, Empty):
        found.add(f"{name}_ADDED", path)


def strict_model_for(record: Record, name: str, *, writer: bool) -> list[Node] | bool:
    """What the standard says of a property that the record does not name: every pattern that matches counts.

    Where other parts of the schema evaluate as well, a writer is taken for open, a reader is not.
    """
    matching = [schema for pattern, schema in record.patterns.items() if found_in(pattern, name)]
    if matching:
        return matching
    if record.additional is not True:
        return [record.additional] if isinstance(record.additional, Node) else False
    later = record.unevaluated
    if record.idle or later is None or later.body is EVERYTHING or (writer and record.owner is not None):
        return True
    return False if isinstance(later.body, Nothing) else [later]


def stricter_sequences(comparison: Comparison, found: Findings, old: Sequence, new: Sequence) -> Inner:
    """What an array must contain, and what is unevaluated."""
    _typed(found, old, new)
    if new.contains is not None and old.contains is None:
        # even where everything counts, something must be there
        found.add("CONTAINS_ADDED", "contains")
    elif new.contains is not None and old.contains is not None:
        yield from _contained(found, old.contains, new.contains, new)
    if not _open_later(new) and not _same_owners(comparison, old.owner, new.owner):
        found.add("UNEVALUATED_ITEMS_NARROWED", "unevaluatedItems")


def _contained(found: Findings, old: Node, new: Node, reader: Sequence) -> Inner:
    if reader.min_contains != 0:
        inner = yield old, new
        found.below("contains", inner)
    if reader.max_contains is not None:
        # a schema that counts more items could count too many
        inner = yield new, old
        if inner.breaking:
            found.add("CONTAINS_CHANGED", "contains")


def items_beyond(comparison: Comparison, sequence: Sequence) -> Node | bool:
    """What items behind the listed places may be, as the reference or the standard reads it."""
    if not comparison.strict:
        return sequence.additional
    if sequence.every is not None:
        return sequence.every
    return True if sequence.inert else sequence.additional


def stricter_conditionals(found: Findings, old: Conditional, new: Conditional) -> Inner:
    """The conditions must be equivalent, and each branch must accept what the old one accepts."""
    before, after = old.branches, new.branches
    if "if" not in after:
        return
    if "if" not in before:
        found.add("CONDITION_ADDED", "if")
        return
    for pair in ((before["if"], after["if"]), (after["if"], before["if"])):
        inner = yield pair
        if inner.breaking:
            found.add("CONDITION_CHANGED", "if")
            return
    for branch in ("then", "else"):
        if branch in after:
            yield from _within(found, "CONDITIONAL_BRANCH", branch, before.get(branch), after[branch])


def exclusive_among(comparison: Comparison, combined: Combined, pair: tuple[Node, Node], new: Node) -> bool:
    """Whether fitting one member of a `oneOf` is enough: the others must not fit as well."""
    if not comparison.strict or new.body is not combined or combined.criterion != "oneOf":
        return True
    comparison.spend(len(combined.members))
    taken = types_of(pair[0], comparison.types)
    return all(member is pair[1] or not taken & types_of(member, comparison.types) for member in combined.members)


def stricter_members(
    comparison: Comparison, found: Findings, pairs: list[tuple[Node, Node]], old: Combined, new: Combined
) -> Generator[Pair, Findings, None]:
    """A `oneOf` must not come to fit twice: members without a common type, or pairs that are equivalent."""
    if new.criterion == "allOf" or (len(new.members) == 1 and new.distinct):
        return
    if not new.members and old.members:
        found.add("COMBINED_TYPE_SUBSCHEMAS_CHANGED")
    if new.criterion == "anyOf" or _apart(comparison, new.members):
        return
    if old.criterion == "oneOf" and len(old.members) == len(new.members):
        for before, after in pairs:
            inner = yield after, before
            if inner.breaking:
                break
        else:
            return
    found.add("COMBINED_TYPE_SUBSCHEMAS_CHANGED")


def _apart(comparison: Comparison, members: tuple[Node, ...]) -> bool:
    taken: frozenset[str] = frozenset()
    for member in members:
        types = types_of(member, comparison.types)
        if taken & types:
            return False
        taken |= types
    return True
