"""Two schemas of any formats side by side, field by field: a topic's Avro against a table's columns.

>>> from decapolis_formats import Format
>>> from decapolis_formats.transform import read_model
>>> avro = '{"type": "record", "name": "R", "fields": [{"name": "id", "type": "long"}]}'
>>> topic, table = read_model(avro, Format.AVRO), read_model("message R { required int32 id; }", Format.PARQUET)
>>> for finding in compare(topic.model, table.model):
...     print(finding)
id: type (int64 on the left, int32 on the right), lossy
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from .types import ABSENT, Field, List, Map, Model, Named, Struct, Type, Union
from .widening import holds_values
from .wording import shown


class Change(StrEnum):
    """What differs at a path."""

    ONLY_LEFT = "only on the left"
    ONLY_RIGHT = "only on the right"
    NAME = "name"
    TYPE = "type"
    NULLABILITY = "nullability"
    DEFAULT = "default"
    DOC = "doc"
    TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference; `lossy` that what the left side holds has no place on the right side."""

    path: str
    change: Change
    left: str = ""
    right: str = ""
    lossy: bool = False

    def __str__(self) -> str:
        sides = f" ({self.left or 'none'} on the left, {self.right or 'none'} on the right)"
        alone = self.change in (Change.ONLY_LEFT, Change.ONLY_RIGHT)
        shown_sides = f" ({self.left or self.right})" if alone else sides
        return f"{self.path or 'the root'}: {self.change}{shown_sides}{', lossy' if self.lossy else ''}"


MAX_FINDINGS: Final = 10_000


def compare(left: Model, right: Model) -> tuple[Finding, ...]:
    """All differences in the order of the left side's fields, at most MAX_FINDINGS of them.

    Names that differ in case and underscores only are taken for the same field, and told.
    """
    found = _Comparison(left, right).run()
    return tuple(finding for finding, _ in zip(found, range(MAX_FINDINGS), strict=False))


class _Comparison:
    """One walk over both models."""

    def __init__(self, left: Model, right: Model) -> None:
        self.left = left
        self.right = right
        self.seen: set[tuple[int, int]] = set()

    def run(self) -> Iterator[Finding]:
        yield from self._nullability("", self.left.nullable, self.right.nullable)
        yield from self._types("", self.left.root, self.right.root)

    def _types(self, path: str, left: Type, right: Type) -> Iterator[Finding]:
        named = isinstance(left, Named) or isinstance(right, Named)
        left, right = self.left.meaning(left), self.right.meaning(right)
        if named:
            # a definition is one object however often it is used; a pair that is being compared ends here
            pair = (id(left), id(right))
            if pair in self.seen:
                return
            self.seen.add(pair)
        match left, right:
            case Struct(), Struct():
                yield from self._structs(path, left, right)
            case List(), List():
                yield from self._nullability(f"{path}[]", left.nullable, right.nullable)
                yield from self._types(f"{path}[]", left.item, right.item)
            case Map(), Map():
                yield from self._types(f"{path}{{key}}", left.key, right.key)
                yield from self._nullability(f"{path}{{}}", left.nullable, right.nullable)
                yield from self._types(f"{path}{{}}", left.value, right.value)
            case (Union(), _) | (_, Union()):
                yield from self._unions(path, left, right)
            case _ if shown(left) != shown(right):
                yield Finding(path, Change.TYPE, shown(left), shown(right), not holds_values(right, left))

    def _structs(self, path: str, left: Struct, right: Struct) -> Iterator[Finding]:
        yield from _said(path, left.doc, right.doc, left.tags, right.tags)
        pairs = _paired(left.fields, right.fields)
        for field in left.fields:
            inner = f"{path}.{field.name}" if path else field.name
            other = pairs.get(field.name)
            if other is None:
                yield Finding(inner, Change.ONLY_LEFT, self._declared(field, self.left), lossy=True)
            else:
                yield from self._fields(inner, field, other)
        matched = {other.name for other in pairs.values()}
        for field in right.fields:
            if field.name not in matched:
                inner = f"{path}.{field.name}" if path else field.name
                needed = not field.nullable and field.default is ABSENT
                yield Finding(inner, Change.ONLY_RIGHT, right=self._declared(field, self.right), lossy=needed)

    def _declared(self, field: Field, model: Model) -> str:
        return f"{shown(model.meaning(field.type))}{', may be null' if field.nullable else ''}"

    def _fields(self, path: str, left: Field, right: Field) -> Iterator[Finding]:
        if left.name != right.name:
            yield Finding(path, Change.NAME, left.name, right.name)
        yield from self._nullability(path, left.nullable, right.nullable)
        yield from self._types(path, left.type, right.type)
        if _default(left) != _default(right):
            yield Finding(path, Change.DEFAULT, _default(left), _default(right))
        yield from _said(path, left.doc, right.doc, left.tags, right.tags)

    def _nullability(self, path: str, left: bool, right: bool) -> Iterator[Finding]:
        if left != right:
            words = {True: "may be null", False: "never null"}
            yield Finding(path, Change.NULLABILITY, words[left], words[right], lossy=left)

    def _unions(self, path: str, left: Type, right: Type) -> Iterator[Finding]:
        """Unions differ when a branch of one is no branch of the other; it is lossy when it then has no place."""
        ours, theirs = _branches(left), _branches(right)
        lost = [each for each in ours if not any(self._has_place(each, other) for other in theirs)]
        words, other_words = _worded(ours, self.left), _worded(theirs, self.right)
        if set(words) != set(other_words):
            yield Finding(path, Change.TYPE, " | ".join(words), " | ".join(other_words), bool(lost))

    def _has_place(self, left: Type, right: Type) -> bool:
        ours, theirs = self.left.meaning(left), self.right.meaning(right)
        if isinstance(ours, (Struct, List, Map)):
            return type(ours) is type(theirs) and not any(each.lossy for each in self._types("", left, right))
        return holds_values(theirs, ours)


def _branches(type: Type) -> list[Type]:
    return [branch.type for branch in type.branches] if isinstance(type, Union) else [type]


def _worded(types: Sequence[Type], model: Model) -> list[str]:
    return [shown(model.meaning(each)) for each in types]


def _paired(left: Sequence[Field], right: Sequence[Field]) -> dict[str, Field]:
    """The right side's field for each name of the left side that has one: the same name, else one spelled alike."""
    exact = {field.name: field for field in right}
    found = {field.name: exact[field.name] for field in left if field.name in exact}
    rest = {_folded(field.name): field for field in right if field.name not in found}
    for field in left:
        if field.name not in found and _folded(field.name) in rest:
            found[field.name] = rest.pop(_folded(field.name))
    return found


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def _said(
    path: str, left: str | None, right: str | None, left_tags: Sequence[str], right_tags: Sequence[str]
) -> Iterator[Finding]:
    if (left or None) != (right or None):
        yield Finding(path, Change.DOC, left or "", right or "")
    if set(left_tags) != set(right_tags):
        yield Finding(path, Change.TAGS, ", ".join(left_tags), ", ".join(right_tags))


def _default(field: Field) -> str:
    """The default for people; null of what may be null is said by its nullability already."""
    value: Any = field.default
    return "" if value is ABSENT or (value is None and field.nullable) else repr(value)
