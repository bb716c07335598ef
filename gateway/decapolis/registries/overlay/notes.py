"""What is pinned to native versions so that public ids survive the loss of the store.

The note of a version names the public ids that its text was given, each with the front's version numbers (`-` behind one
that is soft-deleted): `1000000001=1-.4/1000000007=2`. The registry's own names the range and the highest id ever given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

LONGEST = 256


class FrontVersion(NamedTuple):
    """A version number of the front and whether it is soft-deleted."""

    version: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class IdNote:
    """A public id and the front versions that carried it."""

    public_id: int
    versions: tuple[FrontVersion, ...]


@dataclass(frozen=True, slots=True)
class RangeNote:
    """The first number below a registry's range and the highest native id ever given in it."""

    base: int
    highest: int

    def __str__(self) -> str:
        return f"base={self.base}/highest={self.highest}"


_ID = re.compile(r"^(\d{1,10})=((?:\d{1,10}-?)(?:\.\d{1,10}-?)*)?$")
_RANGE = re.compile(r"^base=(\d{1,10})/highest=(\d{1,10})$")


def written(ids: Iterable[IdNote]) -> str:
    """The note of a version; the newest ids and versions, as far as the place allows."""
    text = ""
    for each in ids:
        versions = ".".join(f"{number}{'-' if deleted else ''}" for number, deleted in each.versions[-20:])
        longer = f"{each.public_id}={versions}" + (f"/{text}" if text else "")
        if len(longer) > LONGEST:
            break
        text = longer
    return text


def read(text: str) -> list[IdNote]:
    """The ids of a note; an empty list for a text that is none of ours."""
    found = []
    for part in text.split("/"):
        match = _ID.match(part)
        if match is None:
            return []
        versions = tuple(
            FrontVersion(int(each.rstrip("-")), each.endswith("-")) for each in (match[2] or "").split(".") if each
        )
        found.append(IdNote(int(match[1]), versions))
    return found


def read_range(text: str | None) -> RangeNote | None:
    """The range of a registry's own note, None where there is none of ours."""
    match = _RANGE.match(text or "")
    return None if match is None else RangeNote(int(match[1]), int(match[2]))
