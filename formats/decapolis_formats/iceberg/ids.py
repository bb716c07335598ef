"""The ids of everything in a schema that has one."""

from __future__ import annotations

from collections.abc import Iterator

from decapolis_formats.types import List, Map, Struct, Type


def ids_of(type: Type) -> Iterator[int | None]:
    """Ids of fields, items, keys and values, from the outermost inwards; None where there is none."""
    match type:
        case Struct():
            for field in type.fields:
                yield field.id
                yield from ids_of(field.type)
        case List():
            yield type.id
            yield from ids_of(type.item)
        case Map():
            yield from (type.key_id, type.value_id)
            yield from ids_of(type.key)
            yield from ids_of(type.value)
