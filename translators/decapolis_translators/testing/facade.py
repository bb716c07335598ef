"""One façade per way to run a registry under test: fakes always, real servers where they start."""

from __future__ import annotations

import builtins
import importlib
import os
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from types import ModuleType
from typing import Any, ClassVar, Literal, TypeVar, overload

from decapolis_translators.catalog import Catalog
from decapolis_translators.contract import Translator

from .fakes import DialectFake, Loopback, Profile

CHOICE = "DECAPOLIS_FACADES"
"""Environment variable: comma-separated globs of façade names to test; all without it."""


class Startable(ABC):
    """Something that can be started, stopped, and configured for what speaks to it."""

    name: ClassVar[str]
    kind: ClassVar[Literal["fake", "real"]]

    def available(self) -> str | None:
        """Why it cannot run here, None when it can."""
        return None

    @abstractmethod
    def start(self) -> None:
        """Starts it, empty."""

    @abstractmethod
    def stop(self) -> None:
        """Stops it and gives everything back."""

    @abstractmethod
    def config(self) -> Mapping[str, Any]:
        """The configuration with which it is reached."""


class Facade(Startable):
    """A registry."""

    @abstractmethod
    def translator_type(self) -> type[Translator[Any]]:
        """The type that speaks to it."""

    def translator(self, registry_id: str = "under-test") -> Translator[Any]:
        """A new instance, not yet opened."""
        kind = self.translator_type()
        return kind(registry_id, kind.Config.model_validate(dict(self.config())))

    def unreachable(self) -> Translator[Any] | None:
        """An instance whose registry cannot be reached; None for types without a network."""
        kind = self.translator_type()
        return kind("nowhere", kind.Config.model_validate({"url": "http://127.0.0.1:9", "timeout": 1}))


class CatalogFacade(Startable):
    """A catalog."""

    @abstractmethod
    def catalog_type(self) -> type[Catalog[Any]]:
        """The type that speaks to it."""

    def catalog(self, registry_id: str = "under-test") -> Catalog[Any]:
        """A new instance, not yet opened."""
        kind = self.catalog_type()
        return kind(registry_id, kind.Config.model_validate(dict(self.config())))

    @abstractmethod
    def unreachable_catalog(self) -> Catalog[Any] | None:
        """An instance whose catalog cannot be reached; None for types without a network."""


class DialectFacade(Facade):
    """A fake of the dialect on a loopback port; a subclass names the profile and the type."""

    kind = "fake"
    profile: ClassVar[Profile]
    type: ClassVar[builtins.type[Translator[Any]]]

    def __init__(self) -> None:
        self.fake = DialectFake(self.profile)
        self._served = Loopback(self.fake)

    def start(self) -> None:
        """Opens the port."""
        self._served.start()

    def stop(self) -> None:
        """Closes the port; the fake keeps its state."""
        self._served.stop()

    def config(self) -> Mapping[str, Any]:
        """The URL alone."""
        return {"url": self._served.url}

    def translator_type(self) -> builtins.type[Translator[Any]]:
        """The configured type."""
        return self.type


Kind = TypeVar("Kind", bound=Startable)


@overload
def facades_of(package: ModuleType) -> list[type[Facade]]: ...


@overload
def facades_of(package: ModuleType, kind: type[Kind]) -> list[type[Kind]]: ...


def facades_of(package: ModuleType, kind: type[Startable] = Facade) -> Sequence[type[Startable]]:
    """The concrete façades in the modules of a package, chosen by DECAPOLIS_FACADES, sorted by name."""
    found = {facade.name: facade for module in _modules(package) for facade in _facades_in(module, kind)}
    globs = os.environ.get(CHOICE, "*").split(",")
    return [found[name] for name in sorted(found) if any(fnmatch(name, glob.strip()) for glob in globs)]


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(module.name)


def _facades_in(module: ModuleType, kind: type[Kind]) -> Iterator[type[Kind]]:
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, kind) and "name" in vars(value):
            yield value
