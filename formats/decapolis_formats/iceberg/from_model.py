"""From the type model to Iceberg's JSON, and what each version of it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from decapolis_formats.extras import library
from decapolis_formats.holds import Holds
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import (
    Annotated,
    Decimal,
    Enum,
    Field,
    Fixed,
    List,
    Loss,
    Map,
    Model,
    Named,
    Scalar,
    Struct,
    Type,
    Union,
    Where,
)

from .ids import ids_of
from .scalars import LARGEST_PRECISION, THIRD, scalars

_NAMES = {scalar: name for name, scalar in THIRD.items()}


def holds(options: Options = NO_WISHES) -> Holds:
    """What the version holds: structs of numbered fields, docs, from version 3 on nanoseconds."""
    version = options.iceberg_version
    known = set(scalars(version).values())
    return Holds(
        exact=lambda scalar: _exact(scalar, known),
        struct_root=True,
        root_name="dropped",
        nullable=_nullable,
        # version 3 has defaults, but the library reads only some of them back: they are told as lost
        default=lambda _found, _where: False,
        docs=frozenset(("field", "member")),
        ids=True,
        spell=lambda name: name or "_",
        finish=_numbered,
    )


def _exact(type: Scalar, known: set[Scalar]) -> bool:
    match type:
        case Decimal():
            precision = type.precision or 0
            return 0 < precision <= LARGEST_PRECISION and 0 <= type.scale <= precision and type.size is None
        case Fixed():
            return True
        case Enum():
            return False
        case _:
            return type in known


def _nullable(type: Type, where: Where, wanted: bool) -> bool:
    return wanted and where != "root"


def _numbered(model: Model) -> tuple[Model, tuple[Loss, ...]]:
    """The model with an id on everything: its own where all are there and distinct, else new ones."""
    found = list(ids_of(model.root))
    if None not in found and len(set(found)) == len(found):
        return model, ()
    loss = Loss("", "no ids of the fields", "they are numbered in their order", guessed=True)
    return replace(model, root=_renumbered(model.root, count(1))), (loss,)


def _renumbered(type: Type, ids: Iterator[int]) -> Type:
    """All fields of a struct get their numbers before what is inside of them."""
    match type:
        case Struct():
            own = [replace(field, id=next(ids)) for field in type.fields]
            return replace(type, fields=tuple(replace(each, type=_renumbered(each.type, ids)) for each in own))
        case List():
            own_id = next(ids)
            return replace(type, id=own_id, item=_renumbered(type.item, ids))
        case Map():
            key_id, value_id = next(ids), next(ids)
            key, value = _renumbered(type.key, ids), _renumbered(type.value, ids)
            return replace(type, key=key, value=value, key_id=key_id, value_id=value_id)
        case _:
            return type


def write(model: Model, options: Options = NO_WISHES) -> str:
    """The JSON of a model that fits, as pyiceberg prints it."""
    schema = library("pyiceberg.schema", "Iceberg").Schema
    parsed = schema.model_validate_json(json.dumps(_struct(model.root) | {"schema-id": 0}))
    return str(parsed.model_dump_json())


def spelled(type: Type, options: Options = NO_WISHES) -> str:
    """A type as people write it."""
    match type:
        case Struct():
            return "struct"
        case List():
            return f"list<{spelled(type.item)}>"
        case Map():
            return f"map<{spelled(type.key)}, {spelled(type.value)}>"
        case _:
            return str(_type(type))


def _struct(type: Type) -> dict[str, Any]:
    assert isinstance(type, Struct)
    return {"type": "struct", "fields": [_field(field) for field in type.fields]}


def _field(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": field.id,
        "name": field.name,
        "required": not field.nullable,
        "type": _type(field.type),
    }
    if field.doc is not None:
        found["doc"] = field.doc
    return found


def _type(type: Type) -> Any:
    match type:
        case Struct():
            return _struct(type)
        case List():
            required = not type.nullable
            return {"type": "list", "element-id": type.id, "element": _type(type.item), "element-required": required}
        case Map():
            key = {"key-id": type.key_id, "key": _type(type.key)}
            value = {"value-id": type.value_id, "value": _type(type.value), "value-required": not type.nullable}
            return {"type": "map", **key, **value}
        case Decimal():
            return f"decimal({type.precision}, {type.scale})"
        case Fixed():
            return f"fixed[{type.size}]"
        case Enum() | Union() | Named() | Annotated():
            raise AssertionError(f"{type} does not fit Iceberg")
        case _:
            return _NAMES[type]
