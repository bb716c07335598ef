"""What can be wrong with a file, said so that a person can go there and mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NamedTuple

Place = tuple[str | int, ...]
"""The way to a value: keys and indexes from the top of its file."""

_MOST_NAMES = 30


class Problem(NamedTuple):
    """What is wrong at a place, and the names that would be right there."""

    place: Place
    what: str
    known: Sequence[str] = ()
    line: int | None = None
    """Where the place's own line is not the one to look at."""
    meant: str | None = None
    """The word to find the nearest known name for, where it is not the place's last key."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem with its file and line, ready to be printed; it never holds a value that could be a secret."""

    file: str
    line: int | None
    path: str
    what: str
    nearest: str | None = None

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        said = f"{self.path}: {self.what}" if self.path else self.what
        return f"{where}: {said}" + (f"; did you mean {self.nearest}?" if self.nearest else "")


class ConfigurationFault(ValueError):
    """A configuration that cannot be used; the text names every fault and its place, a line each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        super().__init__("\n".join(map(str, self.faults)))


def spelled(place: Place) -> str:
    """The place as people write it: `registries[2].config.url`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_plain(part)}" for part in place)
    return text.removeprefix(".")


def _plain(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) else f'"{key}"'


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known name that was probably meant."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), list(by_lower), n=1)
    return by_lower[found[0]] if found else None


def listed(known: Sequence[str]) -> str:
    """The names that would be right, for the end of a sentence."""
    shown = ", ".join(known[:_MOST_NAMES])
    return f" (known: {shown}{', …' if len(known) > _MOST_NAMES else ''})" if known else ""
