"""From Iceberg's JSON to the type model, parsed by pyiceberg."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal as Number
from typing import Any

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.extras import library
from decapolis_formats.model import Dependency
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import (
    ABSENT,
    Date,
    Decimal,
    Field,
    Fixed,
    Floating,
    List,
    Loss,
    Map,
    Model,
    Reading,
    Struct,
    Text,
    Time,
    Timestamp,
    Type,
)
from decapolis_formats.values import counted

from .ids import ids_of
from .scalars import THIRD


def read(text: str, dependencies: Sequence[Dependency] = (), options: Options = NO_WISHES) -> Reading:
    """The model of a schema in JSON; InvalidSchema where pyiceberg does not take it for one."""
    reader = _Reader()
    return reader.schema(_parsed(text))


def _parsed(text: str) -> Any:
    schemas = library("pyiceberg.schema", "Iceberg")
    errors = library("pyiceberg.exceptions", "Iceberg")
    try:
        schema = schemas.Schema.model_validate_json(text)
    except (ValueError, errors.ValidationError, RecursionError) as unreadable:
        raise InvalidSchema(f"Not an Iceberg schema: {_first_reason(unreadable)}") from None
    if not schema.fields and "fields" not in text:
        raise InvalidSchema("Not an Iceberg schema: an object with `type` struct and `fields` is expected")
    return schema


def _first_reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if "errors.pydantic" not in line]
    return " ".join(lines[:3])[:300]


class _Reader:
    """One walk over one schema."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self.types = library("pyiceberg.types", "Iceberg")

    def schema(self, schema: Any) -> Reading:
        if schema.identifier_field_ids:
            listed = ", ".join(map(str, schema.identifier_field_ids))
            self.losses.append(
                Loss("", f"that the fields {listed} identify a row", "other schemas have no such fields")
            )
        root = Struct(tuple(self._field(field, field.name) for field in schema.fields))
        ids = [id for id in ids_of(root) if id is not None]
        twice = sorted({id for id in ids if ids.count(id) > 1}) if len(set(ids)) < len(ids) else []
        if twice:
            raise InvalidSchema(f"Not an Iceberg schema: two fields have the id {twice[0]}")
        return Reading(Model(root), tuple(self.losses))

    def _field(self, field: Any, path: str) -> Field:
        type = self._type(field.field_type, path)
        nullable = not field.required
        default: Any = ABSENT if field.initial_default is None else _value(field.initial_default, type)
        if field.write_default != field.initial_default:
            what = f"the default {field.write_default} of new rows"
            self.losses.append(Loss(path, what, "the one that old rows are read with stays"))
        if default is ABSENT and nullable:
            default = None
        return Field(field.name, type, nullable, default, field.doc, id=field.field_id)

    def _type(self, type: Any, path: str) -> Type:
        kinds = self.types
        match type:
            case kinds.StructType():
                return Struct(tuple(self._field(field, f"{path}.{field.name}") for field in type.fields))
            case kinds.ListType():
                return List(self._type(type.element_type, f"{path}[]"), not type.element_required, type.element_id)
            case kinds.MapType():
                key, value = self._type(type.key_type, f"{path}{{key}}"), self._type(type.value_type, f"{path}{{}}")
                return Map(key, value, not type.value_required, type.key_id, type.value_id)
            case kinds.DecimalType():
                return Decimal(type.precision, type.scale)
            case kinds.FixedType():
                return Fixed(len(type))
            case _:
                return self._primitive(type, path)

    def _primitive(self, type: Any, path: str) -> Type:
        found = THIRD.get(str(type))
        if found is None:
            self.losses.append(Loss(path, f"the type {type}", "it is read as a string", guessed=True))
        return found or Text()


def _value(value: Any, type: Type) -> Any:
    match type:
        case Date() | Time() | Timestamp() if isinstance(value, str):
            return counted(value, type)
        case Date() | Time() | Timestamp() if isinstance(value, date | time):
            # the library may have read the text into a value of its own (a datetime is a date, too)
            return counted(value.isoformat(), type)
        case Decimal():
            return Number(str(value))
        case Floating():
            return float(value)
        case _:
            return value
