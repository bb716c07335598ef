"""The entries of a registries file: variables, shapes, and what each registry type says about its own keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from decapolis.settings import REGISTRY_TYPES, IdRange, RegistriesFile, RegistryEntry
from decapolis_translators.discovery import BrokenTypeError, Types, UnknownTypeError

from .document import Document
from .faults import Place, Problem, listed
from .shapes import all_keys, beside, fitted
from .variables import SUFFIX, Variables

_TOP = "registries"
_EVEN_WHEN_DISABLED = ("id", "type", "enabled", "ids")
_BOOLEAN = TypeAdapter(bool)


class Entries:
    """What a registries file holds: the entries that fit, and of every entry its id and range where it has them."""

    def __init__(
        self, document: Document, environ: Mapping[str, str], types: Types, *, reads_files: bool = True
    ) -> None:
        self._reads_files = reads_files
        self.document = document
        self.fitting: list[RegistryEntry] = []
        self.ids: list[str | None] = []
        self.ranges: list[IdRange | None] = []
        self._environ = environ
        self._types = types
        self._known = sorted({*REGISTRY_TYPES, *types.names()})
        self._read()

    def _read(self) -> None:
        raw = self.document.value
        entries = raw.get(_TOP) or []
        if not isinstance(entries, list):
            entries = []  # the model below says that a list is expected
            _, problems = fitted(RegistriesFile, raw)
        else:
            _, problems = fitted(RegistriesFile, {**raw, _TOP: []})
        self.document.problems += problems
        for index, entry in enumerate(entries):
            self._entry(entry, (_TOP, index))

    def _entry(self, raw: Any, place: Place) -> None:
        if not isinstance(raw, dict):
            self._note(None, None)
            self.document.problems.append(Problem(place, "a mapping is expected"))
            return
        enabled = self._is_enabled(raw)
        filled, problems = self._filled(raw, place, enabled=enabled)
        entry, misfits = fitted(RegistryEntry, filled, place)
        misfits += self._type_problems(filled, place, enabled=enabled)
        problems += beside(problems, misfits)
        name = filled.get("id")
        self._note(name if isinstance(name, str) else None, _range(filled.get("ids")))
        self.document.problems += [_naming(problem, name, place) for problem in problems]
        if entry is not None:
            self.fitting.append(entry)

    def _note(self, name: str | None, ids: IdRange | None) -> None:
        self.ids.append(name)
        self.ranges.append(ids)

    def _is_enabled(self, raw: dict[str, Any]) -> bool:
        quiet = Variables(self._environ, Path(), lenient=True)
        try:
            return _BOOLEAN.validate_python(quiet.filled(raw.get("enabled", True), ()))
        except ValidationError:
            return True  # the entry's own check says what is wrong

    def _filled(self, raw: dict[str, Any], place: Place, *, enabled: bool) -> tuple[dict[str, Any], list[Problem]]:
        folder = Path(self.document.file).parent
        strict = Variables(self._environ, folder)
        optional = strict if enabled else Variables(self._environ, folder, lenient=True)
        filled = {}
        own = self._own_file_keys(raw.get("type")) if "config" in raw else frozenset[str]()
        for key, value in raw.items():
            variables = strict if key in _EVEN_WHEN_DISABLED else optional
            if key == "config" and self._reads_files:
                filled[key] = variables.filled(
                    value, (*place, key), lambda name: name.endswith(SUFFIX) and name not in own
                )
            else:
                filled[key] = variables.filled(value, (*place, key))
        return filled, strict.problems

    def _own_file_keys(self, type_: Any) -> frozenset[str]:
        model = self.config_model(type_)
        return frozenset(key for key in all_keys(model) if key.endswith(SUFFIX)) if model else frozenset()

    def config_model(self, type_: Any) -> type[BaseModel] | None:
        """The model of a type's own keys, None where the type is not installed or cannot be loaded here."""
        try:
            return self._types.named(type_).Config if isinstance(type_, str) else None
        except (UnknownTypeError, BrokenTypeError):
            return None

    def _type_problems(self, filled: dict[str, Any], place: Place, *, enabled: bool) -> list[Problem]:
        type_, config = filled.get("type"), filled.get("config") or {}
        if not isinstance(type_, str):
            return []
        if type_ not in self._known:
            what = f"unknown registry type {type_}{listed(self._known)}"
            return [Problem((*place, "type"), what, self._known, meant=type_)]
        model = self.config_model(type_)
        if model is None or not isinstance(config, dict):
            return []
        _, problems = fitted(model, config, (*place, "config"))
        if enabled:
            return problems
        # values of a disabled entry may be missing or unfilled, its keys are judged all the same
        return [problem for problem in problems if problem.what.startswith("unknown key")]


def _range(raw: Any) -> IdRange | None:
    ids, _ = fitted(IdRange, raw) if isinstance(raw, dict) else (None, [])
    return ids


def _naming(problem: Problem, name: Any, place: Place) -> Problem:
    if not isinstance(name, str) or problem.place == (*place, "id"):
        return problem
    return problem._replace(what=f"{problem.what} (registry {name})")
