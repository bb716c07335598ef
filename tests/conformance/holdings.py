"""What the model of the dialect's rules knows, and what it answers to readers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

DEFAULT = "."
EVERYWHERE = (".__GLOBAL", "")
READ_ONLY = {"READONLY", "READONLY_OVERRIDE"}


class Place(NamedTuple):
    """A subject, a whole context (no name) or everywhere."""

    context: str
    name: str

    def __str__(self) -> str:
        return self.name if self.context == DEFAULT and self.name else f":{self.context}:{self.name}"


class Text(NamedTuple):
    """An Avro record: fields with whether they have a default, and perhaps one that refers to a version of a subject."""

    fields: tuple[tuple[str, bool], ...]
    reference: tuple[str, int] | None = None

    @property
    def body(self) -> dict[str, Any]:
        """What a client sends."""
        fields: list[dict[str, Any]] = [
            {"name": name, "type": "int", **({"default": 0} if default else {})} for name, default in self.fields
        ]
        if self.reference is None:
            return {"schema": json.dumps({"type": "record", "name": "R", "fields": fields})}
        subject, version = self.reference
        holder = {"type": "record", "name": "H", "fields": [{"name": "r", "type": "R"}]}
        return {
            "schema": json.dumps(holder),
            "references": [{"name": "R", "subject": subject, "version": version}],
        }


@dataclass
class Version:
    """One version of a subject."""

    id: int
    deleted: bool = False


class Refused(Exception):
    """The error code that should be answered."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Holdings:
    """Subjects, ids and settings as they should be."""

    subjects: dict[Place, dict[int, Version]] = field(default_factory=dict)
    texts: dict[str, dict[int, Text]] = field(default_factory=dict)
    next_id: dict[str, int] = field(default_factory=dict)
    contexts: set[str] = field(default_factory=set)
    levels: dict[Place, str] = field(default_factory=dict)
    modes: dict[Place, str] = field(default_factory=dict)

    # --- what holds where

    def level(self, place: Place) -> str:
        """The level that judges a place."""
        return self._walk(self.levels, place) or "BACKWARD"

    def mode(self, place: Place) -> str:
        """The mode that holds for a place; the front's READONLY stops everything that has no mode of its own."""
        own = self.modes.get(place) if place.name else None
        if own is None and place.name and self.modes.get(Place(DEFAULT, "")) in READ_ONLY:
            return self.modes[Place(DEFAULT, "")]
        return self._walk(self.modes, place) or "READWRITE"

    @staticmethod
    def _walk(settings: dict[Place, str], place: Place) -> str | None:
        for step in (place, Place(place.context, ""), Place(*EVERYWHERE)):
            if step in settings:
                return settings[step]
        return None

    def demand_writable(self, place: Place) -> None:
        if self.mode(place) in READ_ONLY:
            raise Refused(42205)

    # --- reading

    def numbers(self, place: Place, *, deleted: bool = False) -> list[int]:
        """The versions of a subject, ascending; 40401 without any."""
        versions = self.subjects.get(place, {})
        found = [number for number in sorted(versions) if deleted or not versions[number].deleted]
        if not found:
            raise Refused(40401)
        return found

    def names(self, *, deleted: bool = False) -> list[str]:
        """Subjects as `GET /subjects` lists them."""
        shown = [
            place
            for place, versions in self.subjects.items()
            if any(deleted or not version.deleted for version in versions.values())
        ]
        return sorted(str(place) for place in shown)

    def places(self, place: Place) -> list[Place]:
        """The place itself and, for a plain name, its namesakes in other contexts."""
        others = sorted(self.contexts - {DEFAULT}) if place.context == DEFAULT else []
        return [place, *(Place(context, place.name) for context in others)]

    def version(self, place: Place, number: int | None, *, deleted: bool = False) -> tuple[Place, int, int]:
        """Where a version is found, its number and its id."""
        for candidate in self.places(place):
            try:
                found = self.numbers(candidate, deleted=deleted)
            except Refused:
                continue
            wanted = found[-1] if number is None else number
            if wanted in found:
                return candidate, wanted, self.subjects[candidate][wanted].id
        self.numbers(place, deleted=deleted)
        raise Refused(40402)

    def text(self, context: str, number: int) -> Text:
        """What an id stands for."""
        try:
            return self.texts[context][number]
        except KeyError:
            raise Refused(40403) from None

    def users(self, context: str, number: int, *, deleted: bool) -> list[tuple[str, int]]:
        """Subjects and versions that hold an id."""
        self.text(context, number)
        return sorted(
            (str(place), version)
            for place, versions in self.subjects.items()
            for version, held in versions.items()
            if place.context == context and held.id == number and (deleted or not held.deleted)
        )

    def referrers(self, place: Place, number: int, *, deleted: bool) -> Iterator[tuple[Place, int]]:
        """Subjects whose versions refer to a version, and with which id."""
        for user, versions in self.subjects.items():
            for held in versions.values():
                refers = self.texts[user.context][held.id].reference == (place.name, number)
                if refers and user.context == place.context and (deleted or not held.deleted):
                    yield user, held.id
