"""Checks files of every kind, told apart by their keys, without starting anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from decapolis.settings import GatewaySettings, RegistriesFile
from decapolis_translators.discovery import Types

from .document import Document, read
from .faults import Fault, Problem, listed
from .policies import PoliciesFile, idle_sets, policies_of
from .reading import GatewayReading, policies_in, registries_in

KINDS: Mapping[str, type[BaseModel]] = {
    "gateway": GatewaySettings,
    "registries": RegistriesFile,
    "policies": PoliciesFile,
}
"""The kinds of files and what may stand in them."""


def check(paths: Iterable[Path], environ: Mapping[str, str]) -> tuple[list[Path], list[Fault]]:
    """The files that were looked at, and every fault of all of them; a folder stands for the YAML files in it."""
    files: list[Path] = []
    faults: list[Fault] = []
    types = Types()
    for path in paths:
        inside = list(_files_in(path))
        if not inside:
            faults.append(Fault(str(path), None, "", "holds no .yaml or .yml file"))
        files += inside
    for file in dict.fromkeys(files):
        faults += _faults(file, environ, types)
    return files, list(dict.fromkeys(faults))


def notes(files: Iterable[Path], environ: Mapping[str, str]) -> list[Fault]:
    """What is worth knowing of files without a fault: policy sets that match nobody."""
    found: list[Fault] = []
    for file in files:
        document = read(file)
        if kind_of(document) == "policies":
            found += idle_sets(document, policies_of(document, environ))
    return found


def _files_in(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(each for each in path.iterdir() if each.suffix in {".yaml", ".yml"} and each.is_file())
    else:
        yield path


def _faults(file: Path, environ: Mapping[str, str], types: Types) -> list[Fault]:
    document = read(file)
    kind = kind_of(document)
    if kind == "registries":
        return registries_in(document, environ, types).faults()
    if kind == "policies":
        return policies_in(document, environ).faults()
    if kind == "gateway":
        return GatewayReading(file, {}, environ, types).faults
    document.problems += _strange_keys(document)
    return document.faults()


def kind_of(document: Document) -> str | None:
    """`gateway`, `registries` or `policies`; an empty file is a gateway file, one without a known key is none."""
    for kind in ("registries", "policies"):
        if kind in document.value:
            return kind
    says_nothing = not document.value and not document.problems
    return "gateway" if says_nothing or document.value.keys() & GatewaySettings.model_fields.keys() else None


def _strange_keys(document: Document) -> Iterator[Problem]:
    known = sorted({key for model in KINDS.values() for key in model.model_fields})
    what = f"unknown key: this is neither a gateway, a registries nor a policies file{listed(known)}"
    for key in document.value:
        yield Problem((key,), what, known)
