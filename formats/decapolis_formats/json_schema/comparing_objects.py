"""Compares objects: properties under both content models, required names, dependencies and what is
additional.

The table of properties is that of compatibility.md section 4.4.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from .comparing_values import limit
from .findings import Findings, Inner, Pair
from .nodes import EVERYTHING, NOTHING, Empty, Node, Nothing, Record, Sequence
from .patterns import found_in
from .strictness import strict_model_for, stricter_records

if TYPE_CHECKING:
    from .comparing import Comparison

MODEL = "BY_PARTIALLY_OPEN_CONTENT_MODEL"


def compare_records(comparison: Comparison, found: Findings, old: Record, new: Record) -> Inner:
    """All differences between two objects."""
    yield from _properties(comparison, found, old, new)
    limit(found, "MAX_PROPERTIES", "maxProperties", old.max_properties, new.max_properties)
    limit(found, "MIN_PROPERTIES", "minProperties", old.min_properties, new.min_properties)
    if old.required != new.required:
        _required(found, old, new)
    if old.dependent_names or new.dependent_names:
        _dependent_names(found, old, new)
    if old.dependent_schemas or new.dependent_schemas:
        yield from _dependent_schemas(found, old, new)
    if old.additional is not new.additional:
        yield from additional(found, "PROPERTIES", "additionalProperties", old.additional, new.additional)
    if old.unevaluated is not new.unevaluated:
        before = unevaluated(old, strict=comparison.strict)
        after = unevaluated(new, strict=comparison.strict)
        yield from additional(found, "PROPERTIES", "unevaluatedProperties", before, after)
    if comparison.strict:
        yield from stricter_records(comparison, found, old, new)


def _properties(comparison: Comparison, found: Findings, old: Record, new: Record) -> Inner:
    before, after = old.properties, new.properties
    comparison.spend((len(before) + len(after)) // 16)
    for name, schema in before.items():
        kept = after.get(name)
        if kept is None:
            yield from _removed(comparison, found, name, schema, new)
            continue
        inner = comparison.at_once(schema, kept)
        if inner is None:
            inner = yield schema, kept
        if inner is not comparison.nothing:
            found.below(f"properties/{name}", inner)
    for name, schema in after.items():
        if name not in before:
            yield from _added(comparison, found, name, schema, old, new)


def is_open(record: Record) -> bool:
    """Whether properties that are not named may hold anything."""
    closed_later = record.unevaluated is not None and not isinstance(record.unevaluated.body, Empty)
    return record.additional is True and not record.patterns and not closed_later


def model_for(record: Record, name: str) -> list[Node] | bool:
    """What the record says of a property that it does not name: True for anything, False for nothing."""
    if is_open(record):
        return True
    for pattern, schema in record.patterns.items():
        if found_in(pattern, name):
            return [schema]
    if isinstance(record.additional, Node):
        return [record.additional]
    later = record.unevaluated
    if record.additional is True and later is not None and not isinstance(later.body, Empty | Nothing):
        return [later]
    return False


def _removed(comparison: Comparison, found: Findings, name: str, schema: Node, new: Record) -> Inner:
    path = f"properties/{name}"
    partial = strict_model_for(new, name, writer=False) if comparison.strict else model_for(new, name)
    if partial is True:
        return found.add("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL", path)
    if partial:
        covered = True
        for cover in partial:
            inner = yield schema, cover
            found.below(path, inner)
            covered = covered and not inner.breaking
        return found.add(f"PROPERTY_REMOVED_{'IS' if covered else 'NOT'}_COVERED_{MODEL}", path)
    if schema.body is NOTHING:
        return found.add("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", path)
    return found.add("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", path)


def _added(comparison: Comparison, found: Findings, name: str, schema: Node, old: Record, new: Record) -> Inner:
    path = f"properties/{name}"
    required = name in new.required
    partial = strict_model_for(old, name, writer=True) if comparison.strict else model_for(old, name)
    if partial is True:
        return found.add(_added_to_open(schema, required=required, strict=comparison.strict), path)
    if partial:
        yield from _covered(comparison, found, path, partial, schema)
    kind = "OPTIONAL_PROPERTY"
    if required:
        kind = "REQUIRED_PROPERTY_WITH_DEFAULT" if schema.has_default else "REQUIRED_PROPERTY"
    found.add(f"{kind}_ADDED_TO_UNOPEN_CONTENT_MODEL", path)
    return None


def _added_to_open(schema: Node, *, required: bool, strict: bool) -> str:
    if isinstance(schema.body, Empty) and not (strict and required):
        return "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL"
    if not required:
        return "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"
    if schema.has_default:
        return "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL"
    return "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL"


def _covered(comparison: Comparison, found: Findings, path: str, partial: list[Node], schema: Node) -> Inner:
    answers = []
    for cover in partial:
        inner = yield cover, schema
        answers.append(inner)
    best = next((inner for inner in answers if not inner.breaking), answers[0])
    found.below(path, best)
    found.add(f"PROPERTY_ADDED_{'NOT' if best.breaking else 'IS'}_COVERED_{MODEL}", path)


def _required(found: Findings, old: Record, new: Record) -> None:
    for name in old.properties.keys() & new.properties.keys():
        before, after = name in old.required, name in new.required
        if before and not after:
            found.add("REQUIRED_ATTRIBUTE_REMOVED", f"required/{name}")
        elif after and not before:
            default = "_WITH_DEFAULT" if new.properties[name].has_default else ""
            found.add(f"REQUIRED_ATTRIBUTE{default}_ADDED", f"required/{name}")


def _dependent_names(found: Findings, old: Record, new: Record) -> None:
    for name in {**old.dependent_names, **new.dependent_names}:
        before, after = old.dependent_names.get(name), new.dependent_names.get(name)
        if before == after:
            continue
        if before is None or after is None:
            change = "ADDED" if before is None else "REMOVED"
        else:
            change = "EXTENDED" if before < after else "NARROWED" if before > after else "CHANGED"
        found.add(f"DEPENDENCY_ARRAY_{change}", f"dependencies/{name}")


def _dependent_schemas(found: Findings, old: Record, new: Record) -> Inner:
    for name in {**old.dependent_schemas, **new.dependent_schemas}:
        before, after = old.dependent_schemas.get(name), new.dependent_schemas.get(name)
        if before is None or after is None:
            found.add(f"DEPENDENCY_SCHEMA_{'ADDED' if before is None else 'REMOVED'}", f"dependencies/{name}")
        else:
            inner = yield before, after
            found.below(f"dependencies/{name}", inner)


def unevaluated(body: Record | Sequence, *, strict: bool) -> Node | bool:
    """What `unevaluatedProperties` or `unevaluatedItems` allow, in the terms of the additional ones.

    To the reference a `true` that is written is a schema like others: adding it narrows.
    """
    schema = body.unevaluated
    if schema is None or (strict and (body.idle or schema.body is EVERYTHING)):
        return True
    return False if schema.body is NOTHING else schema


def additional(
    found: Findings, what: str, path: str, old: Node | bool, new: Node | bool
) -> Generator[Pair, Findings, None]:
    """The change of what additional or unevaluated properties or items may be."""
    later = path.startswith("unevaluated")
    prefix = f"{'UNEVALUATED' if later else 'ADDITIONAL'}_{what}"
    if (old is False) is not (new is False):
        found.add(f"{prefix}_{'ADDED' if old is False else 'REMOVED'}", path)
    elif isinstance(old, Node) and isinstance(new, Node) and not (later and _everything_narrowed(old, new)):
        inner = yield old, new
        found.below(path, inner)
    elif old is not new:
        found.add(f"{prefix}_{'EXTENDED' if new is True else 'NARROWED'}", path)


def _everything_narrowed(old: Node, new: Node) -> bool:
    return isinstance(old.body, Empty) and not isinstance(new.body, Empty)
