"""What names mean: one table of all types that a schema can see (compatibility.md 5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

from decapolis_formats.errors import InvalidSchema

from . import known
from .nodes import Enum, Extend, Field, File, Message

Prefixes: TypeAlias = "tuple[str, ...]"
Origin: TypeAlias = "tuple[str, int] | None"
_LONGEST_NAMES: Final = 50_000_000
LOCAL: Final[Origin] = ("", -1)


@dataclass(slots=True, eq=False)
class Type:
    """A message or enum; `origin` is subject and version of the reference that brought it."""

    full_name: str
    node: Message | Enum
    package: str
    prefixes: Prefixes
    origin: Origin
    file_name: str
    is_proto3: bool

    @property
    def local_name(self) -> str:
        """The name inside its package."""
        return self.full_name[len(self.package) + 1 :] if self.package else self.full_name

    @property
    def is_map_entry(self) -> bool:
        """Whether it is the spelled-out entry of a map field."""
        return isinstance(self.node, Message) and self.node.is_map_entry


@dataclass(slots=True, frozen=True)
class Source:
    """One file that takes part: its name as imported, its tree and its origin."""

    name: str
    file: File
    origin: Origin


def file_prefixes(package: str | None) -> Prefixes:
    """The prefixes that a name at the top of a file may stand for, longest first."""
    return (package + ".", "") if package else ("",)


def inner_prefixes(prefixes: Prefixes, name: str) -> Prefixes:
    """The prefixes inside the type `name`.

    A package is one step: a name is never looked up in a part of it.
    """
    return (f"{prefixes[0]}{name}.", *prefixes)


class Types:
    """All types and extensions of a schema, its references and the known files, found by name."""

    __slots__ = ("_extensions", "_sources", "_types", "replaced")

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources = tuple(sources)
        self._extensions: dict[str, Field] | None = None
        self._types: dict[str, Type] = {}
        for source in self._sources:
            _collect_types(source, self._types)
        self.replaced = known.NAMES.intersection(source.name for source in self._sources)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files beside the known ones, the schema itself last."""
        return self._sources

    def find(self, full_name: str) -> Type | None:
        """The type of that full name, without a leading dot."""
        found = self._types.get(full_name)
        if found is None and full_name.startswith(known.PACKAGES):
            found = known_types().get(full_name)
            if found is not None and found.file_name in self.replaced:
                return None
        return found

    def resolve(self, name: str, prefixes: Prefixes) -> Type | None:
        """The type that a name means where these prefixes hold; None where nothing is called so."""
        if name.startswith("."):
            return self.find(name[1:])
        for prefix in prefixes:
            found = self.find(prefix + name)
            if found is not None:
                return found
        return None

    def extension(self, name: str, prefixes: Prefixes) -> tuple[str, Field] | None:
        """Full name and declaration of the extension that a custom option's name means."""
        table = self._extension_table()
        candidates = (name[1:],) if name.startswith(".") else (prefix + name for prefix in prefixes)
        for candidate in candidates:
            if candidate in table:
                return candidate, table[candidate]
        return None

    def _extension_table(self) -> Mapping[str, Field]:
        if self._extensions is None:
            table = {name: field for name, field, file in known_extensions() if file not in self.replaced}
            for source in self._sources:
                table.update(_extensions_of(source.file))
            self._extensions = table
        return self._extensions


def _collect_types(source: Source, table: dict[str, Type]) -> None:
    file = source.file
    package = file.package or ""
    waiting: list[tuple[Prefixes, Message | Enum]] = []
    waiting += ((file_prefixes(file.package), message) for message in file.messages)
    waiting += ((file_prefixes(file.package), enum) for enum in file.enums)
    length = 0
    for prefixes, node in waiting:  # grows while it is walked, so that of equal names the last one counts
        full_name = prefixes[0] + node.name
        length += len(full_name)
        if length > _LONGEST_NAMES:  # deep nesting makes a text of some megabytes into names of gigabytes
            raise InvalidSchema("The full names of the nested types are too long together")
        inner = (full_name + ".", *prefixes)
        table[full_name] = Type(full_name, node, package, inner, source.origin, source.name, file.is_proto3)
        if isinstance(node, Message):
            waiting += ((inner, message) for message in node.messages)
            waiting += ((inner, enum) for enum in node.enums)


def _extensions_of(file: File) -> Iterator[tuple[str, Field]]:
    outermost = file_prefixes(file.package)[0]
    yield from _named(outermost, file.extends)
    waiting = [(outermost, message) for message in file.messages]
    for prefix, message in waiting:
        inner = f"{prefix}{message.name}."
        yield from _named(inner, message.extends)
        waiting.extend((inner, nested) for nested in message.messages)


def _named(prefix: str, extends: Iterable[Extend]) -> Iterator[tuple[str, Field]]:
    for extend in extends:
        for field in extend.fields:
            yield prefix + field.name, field


@cache
def known_types() -> Mapping[str, Type]:
    """The types of the known files by full name."""
    table: dict[str, Type] = {}
    for name, file in known.known_files().items():
        _collect_types(Source(name, file, None), table)
    return table


@cache
def known_extensions() -> tuple[tuple[str, Field, str], ...]:
    """The extensions that the known files declare: full name, declaration, file."""
    return tuple(
        (name, field, file_name)
        for file_name, file in known.known_files().items()
        for name, field in _extensions_of(file)
    )
