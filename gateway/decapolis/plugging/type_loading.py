"""Registry types from the plug-in folder: loaded when the gateway starts, when it reloads, and when it is told to."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from decapolis.operations.plugging import ModuleUnusable, PluginsOff, TypeInUse
from decapolis.settings import Plugins
from decapolis_translators.discovery import KnownType, LoadedType, NameTaken, Types, UnknownTypeError
from decapolis_translators.plugins import PluginFolder, UnusableModule

log = logging.getLogger(__name__)


class TypeLoader:
    """Makes types known and forgets them; each of it is logged."""

    def __init__(self, types: Types, settings: Plugins | None) -> None:
        self._types = types
        self._folder = PluginFolder(settings.folder) if settings is not None and settings.allow else None
        self._broken: dict[str, LoadedType] = {}
        self._forgotten: set[str] = set()

    def demand_allowed(self) -> PluginFolder:
        """PluginsOff unless the gateway file allows it."""
        if self._folder is None:
            raise PluginsOff(
                "Types are loaded at run time only where gateway.yaml says "
                "`plugins: {folder: PATH, allow: true}`: everything in that folder is code that the gateway runs"
            )
        return self._folder

    def everything(self) -> list[KnownType]:
        """Every type, and every module of the folder that brings none, with the reason."""
        known = self._types.all()
        return [*known, *(each for name, each in sorted(self._broken.items()) if self._types.find(name) is None)]

    def load_folder(self) -> dict[str, str | None]:
        """Loads every module of the folder; by module why it brings no type, None where it does."""
        found: dict[str, str | None] = {}
        if self._folder is None:
            return found
        for module in self._folder.modules():
            if module in self._forgotten:
                continue
            try:
                self.load(module)
                found[module] = None
            except ModuleUnusable as unusable:
                found[module] = str(unusable)
                self._broken[module] = LoadedType(module, module, str(unusable), str(self._folder.folder))
        return found

    def load(self, module: str) -> list[LoadedType]:
        """The types of a module, known from now on; ModuleUnusable changes nothing."""
        folder = self.demand_allowed()
        try:
            loaded = folder.load(module)
            for each in loaded:
                self._types.demand_free(each.name)
        except (UnusableModule, NameTaken) as unusable:
            log.warning("registry type not loaded", extra={"plugin": module, "reason": str(unusable)})
            raise ModuleUnusable(str(unusable)) from unusable
        for each in loaded:
            self._types.add(each)
            log.info("registry type loaded", extra={"type": each.name, "source": each.source, "package": each.package})
        name = loaded[0].source.partition(":")[0]
        self._broken.pop(name, None)
        self._forgotten.discard(name)
        return loaded

    def unload(self, name: str, using: Sequence[str]) -> None:
        """Forgets a type that was loaded at run time; TypeInUse while registries are of it."""
        found = self._types.find(name)
        if found is None:
            raise UnknownTypeError(name, self._types.names())
        if using:
            raise TypeInUse(f"Registries are of the type {name}: {', '.join(using)}; remove them first")
        try:
            self._types.drop(name)
        except NameTaken as taken:
            raise TypeInUse(str(taken)) from taken
        self._forgotten.add(found.source.partition(":")[0])
        log.info("registry type unloaded", extra={"type": name, "source": found.source})
