"""Puts `${ENV}`, `${ENV:-default}` and the texts of `…_file` keys into what a file says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .faults import Place, Problem

_VARIABLE = re.compile(r"\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")
SUFFIX = "_file"

IsSecretFile = Callable[[str], bool]


def never(_: str) -> bool:
    """No key is a secret file here."""
    return False


@dataclass
class Variables:
    """What variables and secret files of one file mean; what is missing becomes a problem, never a half-filled value."""

    environ: Mapping[str, str]
    folder: Path
    lenient: bool = False
    """Leaves unset variables and files alone: a disabled entry needs none of them."""
    problems: list[Problem] = field(default_factory=list)

    def filled(self, value: Any, place: Place, is_secret_file: IsSecretFile = never) -> Any:
        """The value with everything put in; `password_file: PATH` becomes `password: its text`."""
        if isinstance(value, dict):
            return self._mapping(value, place, is_secret_file)
        if isinstance(value, list):
            return [self.filled(each, (*place, index), is_secret_file) for index, each in enumerate(value)]
        return self._text(value, place) if isinstance(value, str) else value

    def _mapping(self, value: dict[str, Any], place: Place, is_secret_file: IsSecretFile) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, each in value.items():
            at = (*place, key)
            filled = self.filled(each, at, is_secret_file)
            if not (is_secret_file(key) and isinstance(filled, str)):
                found[key] = filled
                continue
            name = key.removesuffix(SUFFIX)
            if name in value:
                self.problems.append(Problem(at, f"stands beside {name}: only one of them can count"))
            found[name] = self._contents(filled, at)
        return found

    def _contents(self, path: str, place: Place) -> str:
        if self.lenient:
            return path
        try:
            return (self.folder / path).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            self.problems.append(Problem(place, f"the file cannot be read: {error.strerror}"))
        except (UnicodeDecodeError, ValueError):
            self.problems.append(Problem(place, "the file cannot be read: not UTF-8 text"))
        return path

    def _text(self, text: str, place: Place) -> str:
        return _VARIABLE.sub(lambda found: self._variable(found, place), text)

    def _variable(self, found: re.Match[str], place: Place) -> str:
        if found[0] == "$${":
            return "${"
        name, default = found[1], found[2]
        if name is None:
            self.problems.append(Problem(place, "holds ${ without a variable's name and }; write $${ for the text ${"))
        elif self.environ.get(name):
            return self.environ[name]
        elif default is not None:
            return str(default)
        elif name in self.environ:
            return ""
        elif not self.lenient:
            self.problems.append(Problem(place, f"the variable {name} is not set"))
        return found[0]
