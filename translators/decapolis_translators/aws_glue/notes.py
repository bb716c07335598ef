"""Short texts pinned to versions (as their metadata in Glue) and to the registry (as a tag), under one key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from decapolis_translators.errors import Garbled, NotPermitted, VersionNotFound
from decapolis_translators.fanout import ask_each

from .faults import NameTaken, QuotaReached, RegistryMissing
from .wire import MAX_VERSION, Entry, moment, typed
from .writing import WritesVersions

KEY = "decapolis"
_PAIRS = 50


class KeepsNotesInMetadata(WritesVersions):
    """Notes, of which a new one replaces the one before: it is put first, so that a crash between loses none."""

    async def notes(self, subject: str) -> Mapping[int, str]:
        """The note of each version; Glue tells metadata version by version."""

        async def one(entry: Entry) -> tuple[int, list[str]]:
            return entry.number, await self._notes_of(subject, entry.number)

        found = await ask_each(one, await self._live(subject), width=self.settings.concurrency)
        return {number: notes[0] for number, notes in found if notes}

    async def note(self, subject: str, version: int, text: str) -> None:
        """Puts the new note and removes the older ones."""
        if not 1 <= version <= MAX_VERSION:
            raise VersionNotFound(subject, version)
        older = [each for each in await self._notes_of(subject, version) if each != text]
        try:
            await self._put(subject, version, text)
        except QuotaReached:
            if not older:
                raise NotPermitted(
                    f"Version {version} of '{subject}' has ten metadata pairs of others, the most that Glue keeps"
                ) from None
            await self._remove(subject, version, older.pop())
            await self._put(subject, version, text)
        for each in older:
            await self._remove(subject, version, each)

    async def own_note(self) -> str | None:
        """The registry's tag; a registry that comes with its first schema has none yet."""
        try:
            arn = await self._arn()
        except RegistryMissing:
            if not self._may_appear:
                raise
            return None
        return typed(await self._call("GetTags", {"ResourceArn": arn}, self._asked()), "Tags", dict).get(KEY)

    async def set_own_note(self, text: str) -> None:
        """Sets the tag, which replaces the one before; makes a registry that would come with its first schema."""
        try:
            arn = await self._arn()
        except RegistryMissing:
            await self._make_registry()
            arn = await self._arn()
        await self._call("TagResource", {"ResourceArn": arn, "TagsToAdd": {KEY: text}}, self._asked(write=True))

    async def _notes_of(self, subject: str, version: int) -> list[str]:
        """All values under our key, the newest first; more than one after a crash only."""
        wanted = {**self._at(subject, version), "MaxResults": _PAIRS}
        answer = await self._call("QuerySchemaVersionMetadata", wanted, self._asked(subject, version))
        held = typed(answer, "MetadataInfoMap", dict).get(KEY)
        if held is None:
            return []
        if not isinstance(held, Mapping):
            raise Garbled("Answered metadata that is no object")
        values = [held, *(held.get("OtherMetadataValueList") or [])]
        values.sort(key=lambda value: moment(value.get("CreatedTime")) or 0, reverse=True)
        return [typed(value, "MetadataValue", str) for value in values]

    async def _put(self, subject: str, version: int, text: str) -> None:
        try:
            await self._pair("PutSchemaVersionMetadata", subject, version, text)
        except NameTaken:
            return  # it is there already

    async def _remove(self, subject: str, version: int, text: str) -> None:
        await self._pair("RemoveSchemaVersionMetadata", subject, version, text)

    async def _pair(self, operation: str, subject: str, version: int, text: str) -> None:
        pair = {"MetadataKeyValue": {"MetadataKey": KEY, "MetadataValue": text}}
        await self._call(operation, {**self._at(subject, version), **pair}, self._asked(subject, version, write=True))

    def _at(self, subject: str, version: int) -> dict[str, Any]:
        return {**self._schema(subject), "SchemaVersionNumber": {"VersionNumber": version}}
