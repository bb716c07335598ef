"""What a schema is made of, for those who search: its fields with types and tags, its namespace, and every word in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from decapolis_formats import Dependency, FormatError, Schema
from decapolis_formats.transform import read_model
from decapolis_formats.types import List, Map, Model, Named, Struct, Type, Union
from decapolis_formats.wording import shown

MOST_FIELDS = 2000
DEEPEST = 12
_WORDS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Described:
    """The facts of one schema."""

    fields: tuple[tuple[str, str, str], ...]
    """Path, type in words, and tags joined by blanks."""
    namespace: str
    tags: tuple[str, ...]
    docs: str


def described(schema: Schema, dependencies: Sequence[Dependency]) -> Described:
    """What can be told of a schema; one that cannot be read has no fields."""
    try:
        model = read_model(schema.text, schema.format, dependencies=dependencies).model
    except FormatError:
        return Described((), "", (), "")
    walk = _Walk(model)
    fields = tuple(each for each, _ in zip(walk.fields("", model.root, 0), range(MOST_FIELDS), strict=False))
    name = model.root.name if isinstance(model.root, Named) else ""
    tags = sorted({tag for _, _, said in fields for tag in said.split()})
    return Described(fields, name.rpartition(".")[0], tuple(tags), _WORDS.sub(" ", " ".join([name, *walk.docs])))


class _Walk:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.docs: list[str] = []

    def fields(self, path: str, type: Type, depth: int) -> Iterator[tuple[str, str, str]]:
        meant = self.model.meaning(type)
        if depth > DEEPEST:
            return
        match meant:
            case Struct():
                self.docs += [meant.doc] if meant.doc else []
                for field in meant.fields:
                    inner = f"{path}.{field.name}" if path else field.name
                    self.docs += [field.doc] if field.doc else []
                    yield inner, shown(self.model.meaning(field.type)), " ".join(field.tags)
                    yield from self.fields(inner, field.type, depth + 1)
            case List():
                yield from self.fields(f"{path}[]", meant.item, depth + 1)
            case Map():
                yield from self.fields(f"{path}{{}}", meant.value, depth + 1)
            case Union():
                for branch in meant.branches:
                    yield from self.fields(path, branch.type, depth + 1)


def words_of(subject: str, facts: Described, metadata: Mapping[str, Any]) -> str:
    """Everything that a free search may find, in small letters."""
    said = [subject, *(path for path, _, _ in facts.fields), *(type for _, type, _ in facts.fields), facts.docs]
    said += [*facts.tags, *_texts(metadata)]
    return "\n".join(said).lower()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield str(key)
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
    elif value is not None:
        yield str(value)


def tags_in(metadata: Mapping[str, Any]) -> set[str]:
    """The tags that a map of metadata has: a list under `tags`, or lists by path."""
    tags = metadata.get("tags")
    if isinstance(tags, str):
        return {part.strip() for part in tags.split(",") if part.strip()}
    return set(_texts(list(tags.values()) if isinstance(tags, Mapping) else tags or []))
