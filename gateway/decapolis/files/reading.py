"""From files to one configuration: every file is read whole, and every fault of all of them is told at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from decapolis.settings import Configuration, GatewaySettings, Origin, RegistryEntry, Tls, conflicts
from decapolis_translators.discovery import Types

from .document import Document, read
from .entries import Entries
from .faults import ConfigurationFault, Fault, Place, Problem, spelled
from .policies import policies_of
from .shapes import beside, fitted
from .variables import Variables

_SECRET_FILES = frozenset({"store_file", "redis_file", "secret_file"})
_OVERLAY: Mapping[str, Place] = {
    "host": ("listen", "host"),
    "port": ("listen", "port"),
    "store": ("store",),
    "access": ("access",),
}


def load(path: Path | None, changes: Mapping[str, Any], environ: Mapping[str, str]) -> Configuration:
    """The configuration of a start: the file (if any), overlaid by what flags and variables say."""
    reading = GatewayReading(path, changes, environ, Types())
    if reading.faults:
        raise ConfigurationFault(reading.faults)
    assert reading.settings is not None  # a file that does not fit has faults
    configuration = Configuration.assembled(reading.settings, reading.entries)
    origin = Origin(path, dict(changes), reading.registries_file)
    return configuration.model_copy(update={"origin": origin})


class GatewayReading:
    """A gateway file with the files it names, read together."""

    def __init__(self, path: Path | None, changes: Mapping[str, Any], environ: Mapping[str, str], types: Types) -> None:
        self.document = Document("configuration") if path is None else read(path)
        self._folder = Path() if path is None else path.parent
        raw = self._filled({key: value for key, value in changes.items() if value is not None}, environ)
        self.settings, misfits = fitted(GatewaySettings, raw)
        self.document.problems += beside(self.document.problems, misfits)
        documents = [self.document]
        self.entries: list[RegistryEntry] = []
        self.registries_file: Path | None = None
        if isinstance(raw.get("registries_file"), str):
            self.registries_file = self._folder / raw["registries_file"]
            entries = Entries(read(self.registries_file), environ, types)
            self.entries = entries.fitting
            documents.append(entries.document)
            _note_conflicts(entries, self.document, raw)
        else:
            _note_conflicts(None, self.document, raw)
        if isinstance(raw.get("policies_file"), str):
            documents.append(policies_in(read(self._folder / raw["policies_file"]), environ))
        if self.settings is not None:
            self.settings = self._anchored(self.settings)
        self.faults: list[Fault] = [fault for document in documents for fault in document.faults()]

    def _filled(self, changes: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
        raw = dict(self.document.value)
        for key, value in changes.items():
            *around, last = map(str, _OVERLAY[key])
            inside = raw
            for each in around:
                there = inside.get(each)
                inside[each] = dict(there) if isinstance(there, dict) else {}
                inside = inside[each]
            inside[last] = value
        self.document.overlaid = {spelled(_OVERLAY[key]): f"--{key} or DECAPOLIS_{key.upper()}" for key in changes}
        variables = Variables(environ, self._folder)
        filled = variables.filled(raw, (), _SECRET_FILES.__contains__)
        self.document.problems += variables.problems
        return dict(filled)

    def _anchored(self, settings: GatewaySettings) -> GatewaySettings:
        """The same, policies and certificates found from the file's own folder; those that cannot be read are problems."""
        if settings.policies_file is not None:
            settings = settings.model_copy(update={"policies_file": self._folder / settings.policies_file})
        if settings.audit.file is not None:
            audit = settings.audit.model_copy(update={"file": self._folder / settings.audit.file})
            settings = settings.model_copy(update={"audit": audit})
        if settings.plugins is not None:
            plugins = settings.plugins.model_copy(update={"folder": self._folder / settings.plugins.folder})
            settings = settings.model_copy(update={"plugins": plugins})
        if settings.listen.tls is None:
            return settings
        given = settings.listen.tls.model_dump(exclude_none=True)
        found = {name: self._folder / path for name, path in given.items()}
        for name, path in found.items():
            if not os.access(path, os.R_OK):
                self.document.problems.append(Problem(("listen", "tls", name), "the file cannot be read"))
        listen = settings.listen.model_copy(update={"tls": Tls.model_validate(found)})
        return settings.model_copy(update={"listen": listen})


def _note_conflicts(entries: Entries | None, gateway: Document | None, raw: Mapping[str, Any]) -> None:
    """Adds what contradicts itself to the file where the second of the two statements stands."""
    ids, ranges = (entries.ids, entries.ranges) if entries is not None else ([], [])
    if entries is not None and entries.document.problems and not ids:
        return  # a file that cannot be read names nobody, and that is said already
    if not ids:
        ids, ranges = ["embedded"], [None]
    home, routes = raw.get("home"), raw.get("routes")
    found = conflicts(
        home if isinstance(home, str) else None,
        [_registry_of(route) for route in routes] if isinstance(routes, list) else [],
        ids,
        ranges,
    )
    for conflict in found:
        document = entries.document if conflict.in_registries and entries is not None else gateway
        known = [name for name in ids if name is not None] if conflict.meant else []
        if document is not None:
            document.problems.append(Problem(conflict.place, conflict.what, known, meant=conflict.meant))


def _registry_of(route: Any) -> str | None:
    named = route.get("registry") if isinstance(route, dict) else None
    return named if isinstance(named, str) else None


def registries_in(document: Document, environ: Mapping[str, str], types: Types) -> Document:
    """The same registries file, judged on its own."""
    entries = Entries(document, environ, types)
    _note_conflicts(entries, None, {})
    return document


def policies_in(document: Document, environ: Mapping[str, str]) -> Document:
    """The same policies file, judged by the policies themselves."""
    policies_of(document, environ)
    return document
