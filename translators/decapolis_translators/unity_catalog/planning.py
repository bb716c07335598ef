"""What the planners of both dialects share: pairs of columns, comments that stay, what a new table is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from decapolis_formats.types import Field, Struct

from .config import FEATURES, UnityConfig
from .tables import MARK, Wanted

EMPTY: Final = "a table needs a column, and the document has no field"


def paired(now: Struct, wanted: Wanted) -> dict[str, str]:
    """Columns that got another name, old to new: a new field whose alias is the column of a field that is gone."""
    there = {each.name.lower(): each.name for each in now.fields}
    kept = {each.name.lower() for each in wanted.struct.fields}
    found: dict[str, str] = {}
    for each in wanted.struct.fields:
        if each.name.lower() in there:
            continue
        for alias in wanted.aliases.get(each.name, ()):
            old = there.get(alias.lower())
            if old is not None and alias.lower() not in kept and old not in found:
                found[old] = each.name
                break
    return found


def renamed(now: Struct, names: Mapping[str, str]) -> Struct:
    """The columns under their new names."""
    return replace(now, fields=tuple(replace(each, name=names.get(each.name, each.name)) for each in now.fields))


def with_comments(wanted: Struct, now: Struct) -> Struct:
    """The wanted columns; where the document says nothing about one, what people wrote about it stays."""
    there = {each.name.lower(): each for each in now.fields}
    return replace(
        wanted,
        fields=tuple(_with_comment(each, there.get(each.name.lower())) for each in wanted.fields),
        doc=wanted.doc or now.doc,
    )


def _with_comment(wanted: Field, now: Field | None) -> Field:
    if now is None:
        return wanted
    type = wanted.type
    if isinstance(type, Struct) and isinstance(now.type, Struct):
        type = with_comments(type, now.type)
    return replace(wanted, type=type, doc=wanted.doc or now.doc)


def properties_of(subject: str, config: UnityConfig) -> dict[str, str]:
    """What a new table is told beside its columns."""
    features = FEATURES if config.is_databricks and config.table_features else {}
    return {**features, **config.properties, MARK: subject}


def location_of(name: str, config: UnityConfig) -> str | None:
    """Where a new table lies, None where the catalog says that."""
    if not config.is_external or config.storage_location is None:
        return None
    _, schema, table = name.split(".")
    return f"{config.storage_location.rstrip('/')}/{schema}/{table}"
