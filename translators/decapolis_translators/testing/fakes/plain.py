"""A registry without integers, in memory: named texts in an order, levels by subject, notes, and nothing else.

What an overlay must be able to live with, in its smallest form. It can be told to fail before or after it acted, at any of
its calls, as a registry does whose answer is lost.
"""

from __future__ import annotations

import asyncio
import builtins
import json
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from decapolis_formats import Format, Schema
from decapolis_translators.contract import (
    Capabilities,
    Feature,
    Listed,
    NativeId,
    Ping,
    StoredVersion,
    Translator,
    TranslatorConfig,
)
from decapolis_translators.errors import (
    ConfigNotFound,
    SchemaNotFound,
    SchemaRefused,
    SubjectNotFound,
    SubjectRefused,
    Unreachable,
    Unsupported,
    VersionNotFound,
)

_FORMATS = frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF})
_MISSING = {
    Feature.INTEGER_IDS: "A plain registry names its texts with UUIDs.",
    Feature.IMPORT_IDS: "A plain registry chooses its names itself.",
    Feature.SOFT_DELETE: "A plain registry forgets what is deleted.",
    Feature.GLOBAL_LEVEL: "A plain registry has a level for each subject only.",
    Feature.CONFIG: "A plain registry keeps a level and nothing else.",
    Feature.MODES: "A plain registry has no modes.",
    Feature.CONTEXTS: "A plain registry has no contexts.",
    Feature.METADATA: "A plain registry holds texts alone.",
    Feature.METADATA_TAGS: "A plain registry holds texts alone.",
    Feature.RULE_SETS: "A plain registry holds texts alone.",
    Feature.NATIVE_CHECK: "A plain registry judges nothing.",
    Feature.REFERRERS: "A plain registry knows no references.",
    Feature.USAGES: "A plain registry does not say who uses a text.",
    Feature.SERVER_SIDE_RULES: "A plain registry applies no rules.",
}


@dataclass
class _Held:
    version: int
    native_id: str
    schema: Schema
    note: str | None = None


@dataclass
class Shelf:
    """What a plain registry holds, and how it misbehaves."""

    texts: dict[str, list[_Held]] = field(default_factory=dict)
    highest: Counter[str] = field(default_factory=Counter)
    levels: dict[str, str] = field(default_factory=dict)
    note: str | None = None
    calls: Counter[str] = field(default_factory=Counter)
    down: bool = False
    fail_at: tuple[str, int, Literal["before", "after"]] | None = None
    """Which call fails: its name, how many of that name pass first, and on which side of the work."""

    def put(self, subject: str, schema: Schema) -> None:
        """Somebody else puts a text there, past every gateway."""
        self.highest[subject] += 1
        self.texts.setdefault(subject, []).append(_Held(self.highest[subject], str(uuid.uuid4()), schema))


SHELVES: dict[str, Shelf] = {}
"""Every shelf by name: instances that name the same one speak to the same registry."""


class PlainConfig(TranslatorConfig):
    """Which shelf is meant."""

    shelf: str


class PlainRegistry(Translator[PlainConfig]):
    """Speaks to a shelf."""

    type: ClassVar[str] = "plain"
    Config: ClassVar[builtins.type[TranslatorConfig]] = PlainConfig

    def __init__(self, registry_id: str, config: PlainConfig) -> None:
        super().__init__(registry_id, config)
        self._shelf = SHELVES.setdefault(config.shelf, Shelf())

    @property
    def capabilities(self) -> Capabilities:
        """Texts of the three formats, and nothing that a text alone cannot carry."""
        return Capabilities(_FORMATS, missing=_MISSING)

    async def open(self) -> None:
        """Nothing to prepare."""

    async def close(self) -> None:
        """Nothing to give back."""

    async def _called(self, name: str, when: Literal["before", "after"]) -> None:
        await asyncio.sleep(0)
        shelf = self._shelf
        if when == "before":
            shelf.calls[name] += 1
        if shelf.down:
            raise Unreachable("the shelf does not answer")
        if shelf.fail_at is None or shelf.fail_at[0] != name or shelf.fail_at[2] != when:
            return
        _, left, side = shelf.fail_at
        shelf.fail_at = (name, left - 1, side) if left else None
        if not left:
            raise Unreachable(f"the answer to {name} was lost", sent=when == "after")

    def _held(self, subject: str) -> list[_Held]:
        found = self._shelf.texts.get(subject)
        if not found:
            raise SubjectNotFound(subject)
        return found

    @staticmethod
    def _stored(subject: str, held: _Held) -> StoredVersion:
        return StoredVersion(subject, held.version, held.native_id, held.schema)

    async def ping(self) -> Ping:
        """Whether the shelf is there."""
        await self._called("ping", "before")
        return Ping(version="1")

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """The names, sorted."""
        await self._called("subjects", "before")
        return sorted(name for name, held in self._shelf.texts.items() if held)

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The numbers, ascending."""
        return [each.version for each in await self.listed(subject)]

    async def listed(self, subject: str) -> list[Listed]:
        """The versions with their names."""
        _demand_plain(subject)
        await self._called("listed", "before")
        return [Listed(held.version, held.native_id) for held in self._held(subject)]

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version, the newest where `version` is None."""
        _demand_plain(subject)
        await self._called("fetch", "before")
        held = self._held(subject)
        if version is None:
            return self._stored(subject, held[-1])
        for each in held:
            if each.version == version:
                return self._stored(subject, each)
        raise VersionNotFound(subject, version)

    async def fetch_by_id(self, native_id: NativeId, context: str = ".") -> Schema:
        """The text of that name."""
        await self._called("fetch_by_id", "before")
        for held in self._shelf.texts.values():
            for each in held:
                if each.native_id == native_id:
                    return each.schema
        raise SchemaNotFound(native_id)

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version with exactly this text."""
        _demand_plain(subject)
        await self._called("lookup", "before")
        same = (each for each in self._held(subject) if each.schema.text == schema.text)
        return next((self._stored(subject, each) for each in same), None)

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Adds a text, or answers the version that holds it."""
        _demand_plain(subject)
        _demand_text_alone(schema, native_id)
        await self._called("register", "before")
        for each in self._shelf.texts.get(subject, []):
            if each.schema.text == schema.text:
                await self._called("register", "after")
                return self._stored(subject, each)
        self._shelf.put(subject, schema)
        await self._called("register", "after")
        return self._stored(subject, self._shelf.texts[subject][-1])

    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Deletes at once and for good."""
        _demand_plain(subject)
        if not permanent:
            raise Unsupported(Feature.SOFT_DELETE, _MISSING[Feature.SOFT_DELETE])
        await self._called("delete", "before")
        held = self._held(subject)
        gone = [each.version for each in held if version in {None, each.version}]
        if not gone:
            raise VersionNotFound(subject, version or -1)
        self._shelf.texts[subject] = [each for each in held if each.version not in gone]
        if not self._shelf.texts[subject]:
            self._shelf.levels.pop(subject, None)
        await self._called("delete", "after")
        return gone

    # --- levels

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """The level of a subject that is there."""
        await self._called("config", "before")
        self._held(subject or "")
        level = self._shelf.levels.get(subject or "")
        return None if level is None else {"compatibilityLevel": level}

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Sets the level of a subject that is there."""
        if set(changes) - {"compatibilityLevel"}:
            raise Unsupported(Feature.CONFIG, _MISSING[Feature.CONFIG])
        await self._called("set_config", "before")
        self._held(subject or "")
        level = changes.get("compatibilityLevel")
        if level is None:
            self._shelf.levels.pop(subject or "", None)
        else:
            self._shelf.levels[subject or ""] = str(level).upper()
        await self._called("set_config", "after")

    async def clear_config(self, subject: str | None) -> None:
        """Removes the level of a subject."""
        await self._called("clear_config", "before")
        self._held(subject or "")
        if self._shelf.levels.pop(subject or "", None) is None:
            raise ConfigNotFound(subject or "")

    # --- notes

    async def notes(self, subject: str) -> Mapping[int, str]:
        """The notes by version."""
        await self._called("notes", "before")
        return {each.version: each.note for each in self._held(subject) if each.note is not None}

    async def note(self, subject: str, version: int, text: str) -> None:
        """Pins a note."""
        await self._called("note", "before")
        for each in self._held(subject):
            if each.version == version:
                each.note = text
                await self._called("note", "after")
                return
        raise VersionNotFound(subject, version)

    async def own_note(self) -> str | None:
        """The note of the shelf."""
        await self._called("own_note", "before")
        return self._shelf.note

    async def set_own_note(self, text: str) -> None:
        """Pins it."""
        await self._called("set_own_note", "before")
        self._shelf.note = text


def _demand_plain(subject: str) -> None:
    if not subject or subject in {".", ".."} or subject.startswith(":") or not subject.isprintable():
        raise SubjectRefused(f"A plain registry cannot hold a subject called {subject!r}")


def _demand_text_alone(schema: Schema, native_id: int | None) -> None:
    if native_id is not None:
        raise Unsupported(Feature.IMPORT_IDS, _MISSING[Feature.IMPORT_IDS])
    if schema.references:
        raise Unsupported("references", "A plain registry knows no references.")
    if schema.metadata is not None:
        raise Unsupported(Feature.METADATA, _MISSING[Feature.METADATA])
    if schema.rule_set is not None:
        raise Unsupported(Feature.RULE_SETS, _MISSING[Feature.RULE_SETS])
    if schema.format is not Format.PROTOBUF:
        try:
            json.loads(schema.text)
        except ValueError as error:
            raise SchemaRefused(f"Not JSON: {error}") from error
