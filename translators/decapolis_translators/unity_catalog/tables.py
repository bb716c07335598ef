"""Tables as the API tells them, and what a document wants of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from decapolis_formats.fitting import fitted
from decapolis_formats.options import Dialect, Options
from decapolis_formats.sql_ddl.from_model import holds
from decapolis_formats.types import ABSENT, Annotated, Field, List, Loss, Map, Model, Named, Struct, Text, Type
from decapolis_translators.catalog import Column, Table
from decapolis_translators.errors import Garbled

from . import spark
from .config import FEATURES

MARK: Final = "decapolis.subject"
_HOLDS: Final = holds(Options(dialect=Dialect.DATABRICKS))


@dataclass(frozen=True, slots=True)
class UnityTable(Table):
    """A table with what decides whether it can be altered."""

    table_type: str = ""
    format: str = ""
    features: frozenset[str] = frozenset()
    """Those of `FEATURES` that it has."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a document wants of a table: columns that fit, older names of them, their defaults, and what is lost."""

    struct: Struct
    aliases: Mapping[str, Sequence[str]]
    defaults: Mapping[str, Any]
    losses: tuple[Loss, ...]


def wanted_of(model: Model) -> Wanted:
    """The nearest table of a model whose root is a struct."""
    fits, losses = fitted(model, _HOLDS)
    root, given = fits.meaning(fits.root), model.meaning(model.root)
    assert isinstance(root, Struct)
    assert isinstance(given, Struct)
    names = {each.name for each in root.fields}
    aliases = {each.name: _aliases(each) for each in given.fields if each.name in names}
    defaults = {
        each.name: each.default for each in root.fields if each.default is not ABSENT and each.default is not None
    }
    lost = [Loss(name, f"the default {value!r}"[:80], "it is kept in the document") for name, value in defaults.items()]
    return Wanted(comparable(root, outer=True), aliases, defaults, tuple(dict.fromkeys((*losses, *lost))))


def _aliases(field: Field) -> tuple[str, ...]:
    said = field.properties.get("aliases")
    return tuple(each for each in said if isinstance(each, str)) if isinstance(said, list | tuple) else ()


def comparable(struct: Struct, *, outer: bool = False) -> Struct:
    """The struct without what no statement could change later: defaults, and comments inside of lists and maps."""
    fields = tuple(
        replace(
            each, type=_plain(each.type), default=None if each.nullable else ABSENT, id=None, properties={}, tags=()
        )
        for each in struct.fields
    )
    return Struct(fields, struct.doc if outer else None)


def _plain(type: Type) -> Type:
    match type:
        case Struct():
            return comparable(type)
        case List():
            return List(_silent(_plain(type.item)), nullable=True)
        case Map():
            return Map(_silent(_plain(type.key)), _silent(_plain(type.value)), nullable=True)
        case Annotated() | Named():
            raise AssertionError(f"{type} does not fit a table")
        case _:
            return type


def _silent(type: Type) -> Type:
    match type:
        case Struct():
            return Struct(tuple(replace(each, type=_silent(each.type), doc=None) for each in type.fields))
        case List():
            return replace(type, item=_silent(type.item))
        case Map():
            return replace(type, key=_silent(type.key), value=_silent(type.value))
        case _:
            return type


def table_in(said: Any, name: str) -> UnityTable:
    """A TableInfo of the classic API; old servers keep anything in `type_json`, and nothing is believed of it."""
    if not isinstance(said, Mapping):
        raise Garbled("Expected a table, got something else than an object")
    columns = said.get("columns") or []
    if not isinstance(columns, list):
        raise Garbled("The columns of a table are no list")
    ordered = sorted((_object(each) for each in columns), key=lambda each: _position(each.get("position")))
    read = [_column(each) for each in ordered]
    properties = said.get("properties") or {}
    if not isinstance(properties, Mapping):
        raise Garbled("The properties of a table are no object")
    kind, form = str(said.get("table_type") or ""), str(said.get("data_source_format") or "")
    return UnityTable(
        name,
        tuple(column for column, _ in read),
        Struct(tuple(field for _, field in read), said.get("comment") or None),
        properties.get(MARK),
        f"{kind} {form}".strip() or None,
        str(said["table_id"]) if said.get("table_id") else None,
        said.get("comment") or None,
        kind,
        form,
        frozenset(key for key, value in FEATURES.items() if properties.get(key) == value),
    )


def _object(said: Any) -> Mapping[str, Any]:
    if not isinstance(said, Mapping) or not isinstance(said.get("name"), str):
        raise Garbled("A column of a table has no name")
    return said


def _position(said: Any) -> int:
    return said if isinstance(said, int) else 0


def _column(said: Mapping[str, Any]) -> tuple[Column, Field]:
    nullable = said.get("nullable", True) is not False
    doc = said.get("comment") or None
    type, spelled = _type_of(said)
    extra: dict[str, Any] = {"default": None} if nullable else {}
    return Column(said["name"], spelled, nullable, doc), Field(said["name"], type, nullable, doc=doc, **extra)


def _type_of(said: Mapping[str, Any]) -> tuple[Type, str]:
    """From `type_json` where that can be read, else from `type_text`; what neither tells is text."""
    tries: list[Any] = []
    if isinstance(said.get("type_json"), str):
        given = spark.read_json(said["type_json"])
        tries.append(given["type"] if isinstance(given, Mapping) and "name" in given and "type" in given else given)
    tries.append(said.get("type_text"))
    for each in tries:
        try:
            type = spark.read(each)
        except spark.Unreadable:
            continue
        return type, spark.text(type, exact=True)
    return Text(), str(said.get("type_text") or said.get("type_name") or "unknown").lower()


def column_out(field: Field, position: int) -> dict[str, Any]:
    """A ColumnInfo as the classic API takes it; `nullable` is always said, because silence is taken for no."""
    said: dict[str, Any] = {
        "name": field.name,
        "type_text": spark.text(field.type),
        "type_name": spark.type_name(field.type),
        "type_json": orjson.dumps(spark.written_field(field)).decode(),
        "position": position,
        "nullable": field.nullable,
    }
    if field.doc is not None:
        said["comment"] = field.doc
    return said
