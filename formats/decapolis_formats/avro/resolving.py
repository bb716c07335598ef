"""Puts definitions in the place of names that a text used before it defined them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from decapolis_formats.errors import InvalidSchema

from .defaults import fits
from .nodes import ABSENT, Array, Definition, Map, Pending, Record, Type, Union


def resolved(
    root: Type, definitions: Iterable[Definition], known: Mapping[str, Definition], *, check_defaults: bool
) -> Type:
    """The root with every name replaced in place; InvalidSchema for a name that nothing defines."""
    records = []
    todo: list[Type] = [root, *definitions]
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Record):
            records.append(node)
        todo.extend(_settle(node, known))
    if check_defaults:
        _check_defaults(records)
    return _definition(root, known)


def _settle(node: Type, known: Mapping[str, Definition]) -> Iterable[Type]:
    """Replaces the names one step inside a type; the types found there that may hold more."""
    match node:
        case Array():
            node.items = _definition(node.items, known)
            return (node.items,)
        case Map():
            node.values = _definition(node.values, known)
            return (node.values,)
        case Union() if not node.plain:
            node.branches[:] = [_definition(branch, known) for branch in node.branches]
            return node.branches
        case Record():
            for field in node.fields:
                field.type = _definition(field.type, known)
            return [field.type for field in node.fields]
        case _:
            return ()


def _definition(node: Type, known: Mapping[str, Definition]) -> Type:
    if not isinstance(node, Pending):
        return node
    try:
        return known[node.full]
    except KeyError:
        raise InvalidSchema(f"Not an Avro schema: no type has the name {node.full!r}") from None


def _check_defaults(records: Iterable[Record]) -> None:
    for record in records:
        for field in record.fields:
            if field.default is not ABSENT and not fits(field.type, field.default):
                place = f"In the field {field.name!r} of the record {record.full}"
                raise InvalidSchema(f"{place}: the default does not fit the type")
