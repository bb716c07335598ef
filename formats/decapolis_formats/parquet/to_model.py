"""From Parquet's text to the type model, old spellings of lists and maps included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from decapolis_formats.model import Dependency
from decapolis_formats.options import NO_WISHES, Options
from decapolis_formats.types import (
    ABSENT,
    Decimal,
    Field,
    Integer,
    List,
    Loss,
    Map,
    Model,
    Named,
    Null,
    Reading,
    Struct,
    Text,
    Timestamp,
    Type,
    Unit,
    Variant,
)

from .columns import meant, smallest
from .nodes import Column
from .reading import read_message

_MAPS = frozenset(("MAP", "MAP_KEY_VALUE"))


def read(text: str, dependencies: Sequence[Dependency] = (), options: Options = NO_WISHES) -> Reading:
    """The model of a text; InvalidSchema where it does not follow the grammar."""
    message = read_message(text)
    reader = _Reader()
    root = reader.struct(message.columns, "")
    return Reading(Model(Named(message.name), False, {message.name: root}), tuple(reader.losses))


class _Reader:
    """One walk over one tree."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []

    def struct(self, columns: Iterable[Column], path: str) -> Struct:
        return Struct(tuple(self._field(each, f"{path}.{each.name}" if path else each.name) for each in columns))

    def _field(self, column: Column, path: str) -> Field:
        if column.repetition == "repeated":
            return Field(column.name, List(self._one(column, f"{path}[]")), id=column.id)
        type = self._one(column, path)
        nullable = column.repetition == "optional"
        return Field(column.name, type, nullable, None if nullable else ABSENT, id=column.id)

    def _one(self, column: Column, path: str) -> Type:
        """What a column means for one value of it."""
        if column.children is None:
            return self._scalar(column, path)
        if column.means == "LIST" and len(column.children) == 1:
            return self._list(column, column.children[0], path)
        if column.means in _MAPS and len(column.children) == 1:
            return self._map(column, column.children[0], path)
        if column.means == "VARIANT":
            self._lose(path, "the binary form of the variant", "its value counts")
            return Variant()
        if column.annotation is not None:
            self._lose(path, f"the annotation {column.annotation}", "it is read as a struct")
        return self.struct(column.children, path)

    def _list(self, outer: Column, middle: Column, path: str) -> Type:
        """A list: of the group's only field, or of the repeated column itself as old writers had it."""
        inner = middle.children
        old = inner is None or len(inner) != 1 or middle.name in ("array", f"{outer.name}_tuple")
        if old or inner is None or inner[0].repetition == "repeated":
            return List(self._one(middle, f"{path}[]"), id=middle.id)
        item = inner[0]
        return List(self._one(item, f"{path}[]"), item.repetition == "optional", item.id)

    def _map(self, outer: Column, pairs: Column, path: str) -> Type:
        inner = pairs.children or ()
        if len(inner) != 2:
            self._lose(path, "that it is a map", "its pairs have no key and value")
            return List(self._one(pairs, f"{path}[]"))
        key, value = inner
        found = self._one(value, f"{path}{{}}")
        return Map(self._one(key, f"{path}{{key}}"), found, value.repetition == "optional", key.id, value.id)

    def _scalar(self, column: Column, path: str) -> Type:
        if column.physical == "int96":
            self.losses.append(Loss(path, "that it is an int96", "it is read as an instant", guessed=True))
            return Timestamp(Unit.NANOS)
        found = meant(column)
        if isinstance(found, Decimal) and found.size is None:
            self._tell_storage(column, found, path)
        if found is not None:
            return found
        if column.means == "ENUM":
            self._lose(path, "that it is one of some symbols", "the schema does not tell them")
            return Text()
        self._lose(path, f"the annotation {column.annotation}", "it is read as what keeps it")
        bare = Column(column.repetition, column.physical, column.name, column.length)
        return meant(bare) or Null()

    def _tell_storage(self, column: Column, type: Decimal, path: str) -> None:
        smaller = smallest(type.precision or 0) <= Integer().bits // 8
        if column.physical == "binary" or (column.length is not None and smaller):
            self._lose(path, "how the number is kept", "it is kept in the smallest column that holds it")

    def _lose(self, path: str, what: str, why: str) -> None:
        self.losses.append(Loss(path, what, why))
