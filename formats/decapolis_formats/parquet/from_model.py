"""From the type model to Parquet's text, and what it holds."""

from __future__ import annotations

import re
from typing import Final

from decapolis_formats.holds import Holds
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import Annotated, Field, List, Map, Model, Named, Struct, Type, Union

from .columns import column, exact
from .nodes import Annotation, Column, Message, declared, printed

_ILLEGAL: Final = re.compile(r"[\s;{}()=,]")


def holds(options: Options = NO_WISHES) -> Holds:
    """What Parquet holds: columns and groups with ids; no docs, defaults, symbols or names of types."""
    return Holds(
        exact=exact,
        struct_root=True,
        root_name="needed",
        nullable=lambda _found, where, wanted: wanted and where != "root",
        ids=True,
        empty_structs=False,
        spell=_legal,
        spell_type=_legal,
    )


def _legal(name: str) -> str:
    return _ILLEGAL.sub("_", name) or "_"


def write(model: Model, options: Options = NO_WISHES) -> str:
    """The text of a model that fits."""
    root = model.meaning(model.root)
    assert isinstance(root, Struct)
    name = model.root.name if isinstance(model.root, Named) else ""
    return printed(Message(name, tuple(map(_field, root.fields))))


def spelled(type: Type, options: Options = NO_WISHES) -> str:
    """A type as people write it."""
    found = _column(type, "required", "_", None)
    return declared(found, "").strip().replace("  ", " ")


def _field(field: Field) -> Column:
    return _column(field.type, "optional" if field.nullable else "required", field.name, field.id)


def _column(type: Type, repetition: str, name: str, id: int | None) -> Column:
    match type:
        case Struct():
            return Column(repetition, "group", name, id=id, children=tuple(map(_field, type.fields)))
        case List():
            item = _column(type.item, _repetition(nullable=type.nullable), "element", type.id)
            return _group(repetition, name, "LIST", "list", (item,), id)
        case Map():
            key = _column(type.key, "required", "key", type.key_id)
            value = _column(type.value, _repetition(nullable=type.nullable), "value", type.value_id)
            return _group(repetition, name, "MAP", "key_value", (key, value), id)
        case Union() | Named() | Annotated():
            raise AssertionError(f"{type} does not fit Parquet")
        case _:
            return column(type, repetition, name, id)


def _repetition(*, nullable: bool) -> str:
    return "optional" if nullable else "required"


def _group(repetition: str, name: str, means: str, inner: str, children: tuple[Column, ...], id: int | None) -> Column:
    """The three levels of a list or map."""
    middle = Column("repeated", "group", inner, children=children)
    return Column(repetition, "group", name, annotation=Annotation(means), id=id, children=(middle,))
