"""Loads registry types from a folder while the gateway runs, and refuses those that could not do their work.

Modules of the folder live in a package of their own (`decapolis_plugins`), so that none of them can stand in for a module of
somebody else, whatever it is called.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from .catalog import Catalog, CatalogConfig
from .contract import Translator, TranslatorConfig
from .discovery import LoadedType

PACKAGE = "decapolis_plugins"


class UnusableModule(ValueError):
    """A module that brings no registry type; the text says why, and nothing was changed."""

    def __init__(self, module: str, reason: str) -> None:
        super().__init__(f"The module {module} cannot be used: {reason}")
        self.module = module
        self.reason = reason


class PluginFolder:
    """The folder that registry types are loaded from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def modules(self) -> list[str]:
        """The names of the modules and packages in it."""
        if not self.folder.is_dir():
            return []
        files = (path.stem for path in self.folder.glob("*.py"))
        packages = (path.parent.name for path in self.folder.glob("*/__init__.py"))
        return sorted({name for name in (*files, *packages) if name.isidentifier() and not name.startswith("_")})

    def load(self, module: str) -> list[LoadedType]:
        """The registry types of a module, imported anew; UnusableModule where there are none or one falls short."""
        name = f"{PACKAGE}.{self._within(module)}"
        package = self._package()
        before = {key: sys.modules.pop(key) for key in list(sys.modules) if key == name or key.startswith(f"{name}.")}
        importlib.invalidate_caches()
        try:
            found = _types_in(importlib.import_module(name), module)
        except Exception as error:
            for key in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
                del sys.modules[key]
            sys.modules.update(before)
            if isinstance(error, UnusableModule):
                raise
            raise UnusableModule(module, f"{type(error).__name__}: {error}") from error
        finally:
            package.__path__ = [str(self.folder)]
        return [LoadedType(each.type, f"{module}:{each.__name__}", each, str(self.folder)) for each in found]

    def _within(self, module: str) -> str:
        """The module's name inside of the folder: `plugins.acme` may name the folder first."""
        parts = module.split(".")
        if not all(part.isidentifier() and not part.startswith("__") for part in parts):
            raise UnusableModule(module, "a module's name is made of words with dots between them")
        for names in (parts, parts[1:] if parts[0] == self.folder.name else []):
            place = self.folder.joinpath(*names)
            if names and (place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()):
                return ".".join(names)
        raise UnusableModule(module, f"there is no such module in {self.folder}")

    def _package(self) -> ModuleType:
        package = sys.modules.get(PACKAGE)
        if package is None:
            package = sys.modules[PACKAGE] = ModuleType(PACKAGE, "Registry types that were loaded at run time.")
        package.__path__ = [str(self.folder)]
        return package


def _types_in(imported: ModuleType, module: str) -> list[type[Any]]:
    found = [_checked(each, module) for each in _offered(imported)]
    if not found:
        raise UnusableModule(module, "it holds no class that is a Translator or a Catalog")
    return found


def _offered(module: ModuleType) -> Iterator[type[Any]]:
    """The classes of the module that are, or say they are, registry types; bases of others among them are left out."""
    own = [each for each in vars(module).values() if inspect.isclass(each) and _is_of(each, module.__name__)]
    for each in own:
        is_base = any(each in other.__mro__[1:] for other in own)
        if not is_base and (issubclass(each, (Translator, Catalog)) or isinstance(vars(each).get("type"), str)):
            yield each


def _is_of(each: type[Any], module: str) -> bool:
    return each.__module__ == module or each.__module__.startswith(f"{module}.")


def _checked(found: type[Any], module: str) -> type[Any]:
    """The class, unless it lacks what every registry type has; the refusal names class and methods."""
    contract: type[Any] = Catalog if issubclass(found, Catalog) else Translator
    missing = sorted(name for name in contract.__abstractmethods__ if _is_missing(found, name))
    if missing:
        raise UnusableModule(module, f"the class {found.__name__} lacks {_listed(missing)} of {contract.__name__}")
    if not issubclass(found, (Translator, Catalog)):
        raise UnusableModule(module, f"the class {found.__name__} is neither a Translator nor a Catalog")
    waiting = [name for name in contract.__abstractmethods__ if inspect.iscoroutinefunction(getattr(contract, name))]
    blocking = sorted(name for name in waiting if not inspect.iscoroutinefunction(getattr(found, name)))
    if blocking:
        raise UnusableModule(module, f"the class {found.__name__} must declare {_listed(blocking)} with async def")
    if not isinstance(getattr(found, "type", None), str) or not found.type:
        raise UnusableModule(module, f"the class {found.__name__} has no `type`, the name of the registry type")
    config, base = getattr(found, "Config", None), CatalogConfig if issubclass(found, Catalog) else TranslatorConfig
    if not (inspect.isclass(config) and issubclass(config, base)):
        raise UnusableModule(module, f"the class {found.__name__} has no `Config` that is a {base.__name__}")
    return found


def _is_missing(found: type[Any], name: str) -> bool:
    return getattr(getattr(found, name, None), "__isabstractmethod__", not hasattr(found, name))


def _listed(names: Iterable[str]) -> str:
    return "the method " + ", ".join(names) if len(list(names)) == 1 else "the methods " + ", ".join(names)
