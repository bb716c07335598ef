"""Finding and reading versions: what the rest of the type builds on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar, Literal

import httpx

from decapolis_formats import Reference, Schema
from decapolis_translators.confluent.faults import Asked
from decapolis_translators.confluent.wire import MAX_ID
from decapolis_translators.contract import Capabilities, Feature, Listed, NativeId, Ping, StoredVersion, Translator
from decapolis_translators.errors import (
    Absent,
    CredentialsRefused,
    Garbled,
    RegistryError,
    SchemaNotFound,
    SubjectNotFound,
    VersionNotFound,
)
from decapolis_translators.fanout import ask_both, ask_each
from decapolis_translators.http import Call
from decapolis_translators.subjects import DEFAULT_CONTEXT

from .config import ApicurioConfig
from .core import Core
from .core_v2 import CoreV2
from .face import Face
from .faults import refusal
from .history import Numbered, chosen, is_spellable, message_id
from .labels import labels_of, metadata_in, ours, rule_set_in
from .login import ApicurioClient
from .wire import FORMATS, Entry, Link, artifact_segment, int32, number_in

Ids = Literal["content", "global"]

_IDS: dict[Ids, str] = {"content": "contentId", "global": "globalId"}
_APIS: dict[str, type[Core]] = {"v3": Core, "v2": CoreV2}
_FEW = 50
"""Holders of an id that are looked at to find one of a kind that we tell; others may hold the same text."""


class ReadsVersions(Translator[ApicurioConfig]):
    """The half of the contract that changes nothing."""

    declared: ClassVar[Capabilities]

    def __init__(
        self, registry_id: str, config: ApicurioConfig, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        super().__init__(registry_id, config)
        self._client = ApicurioClient(config, transport)
        self._face = Face(self._client, config.group)
        self._known: Core | None = None
        if config.api != "auto":
            self._known = _APIS[config.api](self._client, config.group)
        self._ids: Ids | None = None if config.ids == "auto" else config.ids
        self._finding = asyncio.Lock()

    async def open(self) -> None:
        """Prepares the connection pool; reads certificate files, and no network."""
        self._client.open()

    async def close(self) -> None:
        """Closes the connection pool."""
        await self._client.close()

    async def ping(self) -> Ping:
        """Proves the credentials, and finds out anew which API and which ids the server has."""
        core = await self._core(anew=self.settings.api == "auto")
        await core.prove()
        if self.settings.ids == "auto":
            self._ids = await self._told_ids(core) or self._ids
        facts = {"api": core.base.rpartition("/")[2], "ids": self._ids or "content", "group": self.settings.group}
        return Ping(await core.product(), None, facts)

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """The artifacts of the group that hold one of our formats; other types and drafts are left out."""
        return sorted(filter(is_spellable, await (await self._core()).names(self._face, deleted=deleted)))

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The numbers, ascending."""
        numbers = [number for number, entry in await self._history(subject) if deleted or not entry.deleted]
        if not numbers:
            raise SubjectNotFound(subject)
        return numbers

    async def listed(self, subject: str) -> list[Listed]:
        """The live versions with their ids, in one call."""
        id_name = await self._id_name()
        live = [each for each in await self._history(subject) if not each.entry.deleted]
        if not live:
            raise SubjectNotFound(subject)
        return [Listed(each.number, self._native_id(each.entry, id_name), each.entry.created_ms) for each in live]

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version with its text as it was stored."""
        if version is not None and not 1 <= version <= MAX_ID:
            raise VersionNotFound(subject, version)
        found = chosen(await self._history(subject), subject, version, deleted)
        return self._told(found, await self._schema(found.entry), await self._id_name())

    async def fetch_by_id(self, native_id: NativeId, context: str = DEFAULT_CONTEXT) -> Schema:
        """The schema of an id, as the oldest version that has it holds it; our own group's where it is there too."""
        if context != DEFAULT_CONTEXT:
            self.capabilities.demand(Feature.CONTEXTS)
        if not (await self._core()).searches_versions:
            return await self._face.schema(message_id(native_id))
        holders = await self._holders(native_id, limit=_FEW)
        return await self._schema(min(holders, key=lambda entry: entry.group != self.settings.group))

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version that holds exactly this text, its references and what its labels say."""
        self._segment(subject)
        id_name = await self._id_name()
        if not self._could_hold(schema):
            await self.versions(subject, deleted=deleted)
            return None
        history, content_ids = await self._same(subject, schema)
        if not any(deleted or not each.entry.deleted for each in history):
            raise SubjectNotFound(subject)
        found = self._found(history, content_ids, schema, deleted=deleted)
        return None if found is None else self._told(found, schema, id_name)

    # --- which API, which ids

    async def _core(self, *, anew: bool = False) -> Core:
        """The API that the server has; found out once, and again by a ping."""
        if self._known is not None and not anew:
            return self._known
        async with self._finding:
            if self._known is None or anew:
                newest = Core(self._client, self.settings.group)
                self._known = newest if await self._has_v3() else CoreV2(self._client, self.settings.group)
        return self._known

    async def _has_v3(self) -> bool:
        """Without its route the newer API is not there; any other trouble is told as what it is."""
        answer = await self._client.call(Call("GET", f"{Core.base}/system/info"))
        if answer.status in {200, 404}:
            return answer.status == 200
        raise refusal(answer, Asked(), self._client.scrub)

    async def _id_name(self) -> str:
        """Which id the Confluent face gives out; content ids where nobody tells and nothing can be compared."""
        if self._ids is None:
            self._ids = await self._told_ids(await self._core())
        return _IDS[self._ids or "content"]

    async def _told_ids(self, core: Core) -> Ids | None:
        """The server's own word, which needs an administrator; else what its face says of the newest version."""
        try:
            told = await core.property(core.legacy_ids)
            return None if told is None else "global" if told.lower() == "true" else "content"
        except (CredentialsRefused, Absent, Garbled):
            newest = await core.newest()
        number = None if newest is None else number_in(newest.version)
        if newest is None or number is None or newest.content_id == newest.global_id:
            return None
        try:
            shown = await self._face.native_id(newest.artifact, number)
        except Absent:
            return None
        return "global" if shown == newest.global_id else "content"

    # --- reading

    async def _history(self, subject: str) -> list[Numbered]:
        """Every finished version with its number; SubjectNotFound where there is none of a kind that we tell."""
        self._segment(subject)
        entries = await (await self._core()).history(subject)
        names = [number_in(entry.version) for entry in entries]
        finished = [entry for entry in entries if entry.told]
        if not finished:
            raise SubjectNotFound(subject)
        if names == list(range(1, len(entries) + 1)):
            return [Numbered(int(entry.version), entry) for entry in finished]
        return await self._numbered(subject, finished)

    async def _numbered(self, subject: str, entries: list[Entry]) -> list[Numbered]:
        """Numbers where names alone do not tell them: there are gaps, or other tools chose names of their own."""
        numbers = await self._face.numbers(subject)
        if len(numbers) == len(entries):
            return [Numbered(*pair) for pair in zip(numbers, entries, strict=True)]
        names = [number for number in (number_in(entry.version) for entry in entries) if number is not None]
        if len(names) == len(entries) and names == sorted(set(names)):
            return [Numbered(*pair) for pair in zip(names, entries, strict=True)]
        raise Garbled(f"The registry's two faces disagree about the versions of '{subject}'; ask again")

    def _told(self, found: Numbered, schema: Schema, id_name: str) -> StoredVersion:
        entry = found.entry
        native_id = self._native_id(entry, id_name)
        return StoredVersion(entry.artifact, found.number, native_id, schema, entry.deleted, entry.created_ms)

    def _native_id(self, entry: Entry, id_name: str) -> int:
        return int32(entry.global_id if id_name == "globalId" else entry.content_id)

    async def _schema(self, entry: Entry) -> Schema:
        core = await self._core()
        text, links = await ask_both(core.text(entry.content_id), core.links(entry.content_id))
        references = tuple(await ask_each(lambda link: self._reference(link, entry.group), links))
        labels = self._meant(entry)
        return Schema(FORMATS[entry.kind], text, references, metadata_in(labels), rule_set_in(labels))

    def _meant(self, entry: Entry) -> Mapping[str, str]:
        """The labels that belong to the schema: none where equal texts share an id whatever their labels say."""
        return ours(entry.labels) if self.capabilities.has(Feature.METADATA) else {}

    async def _reference(self, link: Link, group: str) -> Reference:
        """A reference as the dialect spells it; another group's artifact gets a name that none here can have."""
        number = number_in(link.version)
        if link.group != group:
            return Reference(link.name, f"{link.group}%2F{link.artifact}", number or -1)
        if number is None:
            number = await self._number_of(link)
        return Reference(link.name, link.artifact, number)

    async def _number_of(self, link: Link) -> int:
        try:
            history = await self._history(link.artifact)
        except RegistryError:
            return -1
        return next((each.number for each in history if each.entry.version == link.version), -1)

    async def _holders(self, native_id: NativeId, limit: int | None = None) -> list[Entry]:
        """The versions of our kinds that have an id, the oldest first; SchemaNotFound without any."""
        number = message_id(native_id)
        core, name = await self._core(), await self._id_name()
        holders = [entry for entry in await core.with_id(name, number, limit) if entry.told]
        if not holders:
            raise SchemaNotFound(native_id)
        return holders

    # --- finding a text

    async def _same(self, subject: str, schema: Schema) -> tuple[list[Numbered], set[int]]:
        """The history, and the content ids in it that hold the text with these references."""
        core = await self._core()
        if not schema.references:
            return await ask_both(self._history(subject), core.holding(subject, schema))
        history = await self._history(subject)
        return history, await self._same_with_references(subject, schema, history)

    async def _same_with_references(self, subject: str, schema: Schema, history: list[Numbered]) -> set[int]:
        """Own search cannot be told references, so whoever refers to the first of them is compared."""
        try:
            target = await self._target(schema.references[0])
        except Absent:
            return set()
        core = await self._core()
        referring = await core.referring(target.entry)
        names = {link.version for link in referring if (link.group, link.artifact) == (core.group, subject)}
        candidates = {each.entry.content_id: each.entry for each in history if each.entry.version in names}

        async def same(entry: Entry) -> bool:
            found = await self._schema(entry)
            return (found.text, found.references) == (schema.text, schema.references)

        verdicts = await ask_each(same, candidates.values())
        return {content_id for content_id, verdict in zip(candidates, verdicts, strict=True) if verdict}

    async def _target(self, reference: Reference) -> Numbered:
        """The live version that a reference names; Absent where there is none."""
        version = None if reference.version < 1 else reference.version
        return chosen(await self._history(reference.subject), reference.subject, version, deleted=False)

    def _found(
        self, history: list[Numbered], content_ids: set[int], schema: Schema, *, deleted: bool
    ) -> Numbered | None:
        """The newest live version among them, else the newest deleted one where those are asked for."""
        wanted = labels_of(schema)
        same = [
            each
            for each in reversed(history)
            if each.entry.content_id in content_ids
            and FORMATS[each.entry.kind] is schema.format
            and self._meant(each.entry) == wanted
            and (deleted or not each.entry.deleted)
        ]
        return min(same, key=lambda each: each.entry.deleted, default=None)

    def _segment(self, subject: str) -> str:
        """The subject as a path segment, where this registry could hold it."""
        if subject.startswith(":."):
            self.capabilities.demand(Feature.CONTEXTS)
        return artifact_segment(subject)

    def _could_hold(self, schema: Schema) -> bool:
        capabilities = self.capabilities
        return (
            (schema.metadata is None or capabilities.has(Feature.METADATA))
            and (schema.rule_set is None or capabilities.has(Feature.RULE_SETS))
            and schema.format in capabilities.formats
        )
