"""Versions with their numbers, and which one a question means."""

from __future__ import annotations

from typing import NamedTuple

from decapolis_translators.confluent.wire import MAX_ID
from decapolis_translators.contract import NativeId
from decapolis_translators.errors import SchemaNotFound, SubjectNotFound, VersionNotFound

from .wire import Entry


class Numbered(NamedTuple):
    """A version and its number."""

    number: int
    entry: Entry


def chosen(history: list[Numbered], subject: str, version: int | None, deleted: bool) -> Numbered:
    """One version of a history; the newest means the newest live one, as everywhere in the dialect."""
    live = [each for each in history if not each.entry.deleted]
    if not (history if deleted else live):
        raise SubjectNotFound(subject)
    if version is None:
        if not live:
            raise VersionNotFound(subject, -1)
        return live[-1]
    for each in history if deleted else live:
        if each.number == version:
            return each
    raise VersionNotFound(subject, version)


def is_spellable(name: str) -> bool:
    """Names that no URL can carry, or that look qualified, have no spelling in our model."""
    return name not in {".", ".."} and not name.startswith(":.")


def message_id(native_id: NativeId) -> int:
    """The id as messages carry it; what cannot be one is not asked for."""
    if not isinstance(native_id, int) or not 1 <= native_id <= MAX_ID:
        raise SchemaNotFound(native_id)
    return native_id
