"""Finds registry types through the entry-point group `decapolis.translators`, ours and strangers' alike.

Nothing is imported before its type is asked for; one that fails to import is told with its reason and hurts
nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .catalog import Catalog
from .contract import Translator

GROUP = "decapolis.translators"
_OURS = "decapolis"

TranslatorType = type[Translator[Any]] | type[Catalog[Any]]


class UnknownTypeError(LookupError):
    """No installed package brings a type of that name; the text lists those that exist."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        super().__init__(f"Unknown registry type: {name} (known: {', '.join(self.known) or 'none'})")


class BrokenTypeError(LookupError):
    """The type exists, but cannot be used; the text says why."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"The registry type {name} cannot be used: {reason}")


class NameTaken(ValueError):
    """An installed package brings a type of that name: it can be neither replaced nor removed at run time."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The registry type {name} belongs to an installed package, so it stays as it is at run time")
        self.name = name


@dataclass(frozen=True)
class FoundType:
    """One name of the group, where it comes from, and, once asked, its class or what is wrong with it."""

    name: str
    entry_point: EntryPoint

    @property
    def source(self) -> str:
        """The module and class that the entry point names."""
        return self.entry_point.value

    @property
    def package(self) -> str | None:
        """The distribution that brings it."""
        return self.entry_point.dist.name if self.entry_point.dist else None

    @property
    def version(self) -> str | None:
        """The version of that distribution."""
        return self.entry_point.dist.version if self.entry_point.dist else None

    @cached_property
    def loaded(self) -> TranslatorType | str:
        """The class, or one sentence about why there is none; imports at the first use only."""
        try:
            found = self.entry_point.load()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        if not isinstance(found, type) or not issubclass(found, (Translator, Catalog)):
            return f"{self.source} is neither a Translator nor a Catalog"
        if getattr(found, "type", None) != self.name:
            return f"{self.source} calls itself {getattr(found, 'type', None)!r}"
        return found

    @property
    def reason(self) -> str | None:
        """Why it cannot be used, None where it can."""
        return self.loaded if isinstance(self.loaded, str) else None


@dataclass(frozen=True)
class LoadedType:
    """A type that was loaded at run time, or the module that was meant to bring one and why it does not."""

    name: str
    source: str
    loaded: TranslatorType | str
    package: str | None = None
    version: str | None = None

    @property
    def reason(self) -> str | None:
        """Why it cannot be used, None where it can."""
        return self.loaded if isinstance(self.loaded, str) else None


KnownType = FoundType | LoadedType


class Types:
    """The registry types of this installation; of two with one name the first found counts."""

    def __init__(self, found: Iterable[EntryPoint] | None = None) -> None:
        points = entry_points(group=GROUP) if found is None else found
        self._found: dict[str, KnownType] = {}
        for point in points:
            self._found.setdefault(point.name, FoundType(point.name, point))

    def demand_free(self, name: str) -> None:
        """NameTaken where an installed package brings a type of that name."""
        if isinstance(self._found.get(name), FoundType):
            raise NameTaken(name)

    def add(self, loaded: LoadedType) -> None:
        """Makes a type known that was loaded at run time; NameTaken where an installed one has the name."""
        self.demand_free(loaded.name)
        self._found[loaded.name] = loaded

    def drop(self, name: str) -> None:
        """Forgets a type that was loaded at run time; NameTaken for an installed one, which only its package can remove."""
        self.demand_free(name)
        self._found.pop(name, None)

    def find(self, name: str) -> KnownType | None:
        """What is known under a name, None where nothing is."""
        return self._found.get(name)

    def all(self) -> list[KnownType]:
        """Every type by name, usable or not."""
        return [self._found[name] for name in sorted(self._found)]

    def names(self) -> list[str]:
        """The names alone, without importing anything."""
        return sorted(self._found)

    def named(self, name: str) -> TranslatorType:
        """The class of that type; UnknownTypeError or BrokenTypeError otherwise."""
        found = self._found.get(name)
        if found is None:
            raise UnknownTypeError(name, self._found)
        loaded = found.loaded
        if isinstance(loaded, str):
            raise BrokenTypeError(name, loaded)
        return loaded


def documentation(found: KnownType) -> str | None:
    """Where a type is described: what its class says, else the page of its package, None where neither is known."""
    said = getattr(found.loaded, "documentation", None)
    if isinstance(said, str):
        return said
    if found.package == _OURS:
        return f"docs/registries/{found.name}.md"
    distribution = found.entry_point.dist if isinstance(found, FoundType) else None
    links = [] if distribution is None else distribution.metadata.get_all("Project-URL", [])
    pages = {label.strip().lower(): url.strip() for label, _, url in (link.partition(",") for link in links)}
    return pages.get("documentation") or pages.get("homepage")
