"""The contract over the Confluent dialect: what every registry that speaks it has in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import httpx

from decapolis_formats import Schema
from decapolis_translators.contract import Capabilities, Feature, NativeId, Ping, StoredVersion, Translator
from decapolis_translators.errors import (
    Absent,
    Garbled,
    RegistryError,
    RegistryFault,
    SchemaNotFound,
    SubjectNotFound,
    SubjectRefused,
    Unreachable,
    Unsupported,
    VersionNotFound,
    WriteConflict,
)
from decapolis_translators.http import Answer, Call
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from . import wire
from .client import DialectClient
from .config import DialectConfig
from .faults import Asked, refusal

NO_SERVER_RULES = "It judges compatibility only; it has no validity or integrity rules of its own."


class DialectRegistry(Translator[DialectConfig]):
    """One registry that speaks the dialect; types declare what theirs can do and where it differs."""

    Config = DialectConfig
    declared: ClassVar[Capabilities]
    unproven: ClassVar[Mapping[Feature, str]] = {}
    """What counts as missing until a probe has found it; for types whose older servers would misread it."""

    def __init__(
        self, registry_id: str, config: DialectConfig, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        super().__init__(registry_id, config)
        self._client = DialectClient(config, transport)
        self._found_missing = self.unproven
        self._probed = False

    @property
    def capabilities(self) -> Capabilities:
        """The type's own, narrowed by the latest probe."""
        return self.declared.without(self._found_missing)

    async def open(self) -> None:
        """Prepares the connection pool; reads certificate files, and no network."""
        self._client.open()

    async def close(self) -> None:
        """Closes the connection pool."""
        await self._client.close()

    async def ping(self) -> Ping:
        """Probes credentials and abilities, and keeps what it found missing."""
        ping, missing = await self._probe()
        self._found_missing, self._probed = missing, True
        return ping

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """All subjects, those of other contexts in their qualified spelling."""
        query = _deleted(deleted)
        if self._probed and self.capabilities.has(Feature.CONTEXTS):
            query["subjectPrefix"] = ":*:"
        names = wire.listed(await self._ask(Call("GET", "/subjects", query), Asked()), str)
        return sorted(name for name in names if self._is_spellable(name))

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The version numbers, ascending."""
        call = Call("GET", f"/subjects/{self._segment(subject)}/versions", _deleted(deleted))
        answer = await self._ask(call, Asked(subject))
        numbers = sorted(wire.positive(number, "version") for number in wire.listed(answer, int))
        if not numbers:
            raise SubjectNotFound(subject)
        return numbers

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version; live ones are looked for first, because old servers do not mark the deleted ones."""
        if version is None:
            return await self._latest(subject, deleted)
        if not 1 <= version <= wire.MAX_ID:
            raise VersionNotFound(subject, version)
        try:
            return await self._version(subject, version, deleted=False)
        except Absent:
            if not deleted:
                raise
        return replace(await self._version(subject, version, deleted=True), deleted=True)

    async def fetch_by_id(self, native_id: NativeId, context: str = DEFAULT_CONTEXT) -> Schema:
        """The schema of that id in a context."""
        call = Call("GET", f"/schemas/ids/{_int32(native_id)}", self._in_context(context))
        return wire.schema_in(await self._ask(call, Asked(native_id=native_id, context=context)))

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version that holds the schema, a live one before a soft-deleted one."""
        path = f"/subjects/{self._segment(subject)}"
        if not self._could_hold(schema):
            await self.versions(subject, deleted=deleted)
            return None
        found = await self._looked_up(path, subject, schema, deleted=False, tolerant=deleted)
        if found is None and deleted:
            found = await self._looked_up(path, subject, schema, deleted=True, tolerant=False)
            return found and replace(found, deleted=True)
        return found

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Adds a version or answers the one that holds the schema.

        `version` is sent only together with `native_id`: on its own it would make servers write it into the
        schema's metadata, which changes the identity, so the dialect cannot compare without a trace.
        """
        path = f"/subjects/{self._segment(subject)}/versions"
        await self._refuse_what_would_be_lost(subject, schema, native_id)
        body = wire.request(schema)
        if native_id is not None:
            body |= {"id": native_id} | ({} if version is None else {"version": version})
        asked = Asked(subject, native_id=-1 if native_id is None else native_id, write=True)
        asked = replace(asked, context=Subject.parse(subject).context)
        answer = wire.registered(await self._ask(Call("POST", path, body=body, write=True), asked), subject)
        if native_id is not None and answer.native_id != native_id:
            raise Garbled(f"Asked for id {native_id}, the registry gave {answer.native_id}")
        stored = answer.stored or await self._registered(subject, schema, answer.native_id)
        _check_nothing_was_lost(schema, stored)
        return stored

    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Deletes a version or the whole subject; the registry judges the order of soft and permanent."""
        path = f"/subjects/{self._segment(subject)}"
        query = {"permanent": "true"} if permanent else {}
        if version is None:
            answer = await self._ask(Call("DELETE", path, query, write=True), Asked(subject, write=True))
            return sorted(wire.listed(answer, int))
        if not 1 <= version <= wire.MAX_ID:
            raise VersionNotFound(subject, version)
        call = Call("DELETE", f"{path}/versions/{version}", query, write=True)
        return [wire.positive(await self._ask(call, Asked(subject, version, write=True)), "version")]

    async def usages(
        self, native_id: NativeId, context: str = DEFAULT_CONTEXT, *, deleted: bool = False
    ) -> list[tuple[str, int]]:
        """Subjects and versions that hold the schema of that id."""
        query = self._in_context(context) | _deleted(deleted)
        call = Call("GET", f"/schemas/ids/{_int32(native_id)}/versions", query)
        answer = await self._ask(call, Asked(native_id=native_id, context=context))
        return sorted(
            (wire.typed(pair.get("subject"), str, "subject"), wire.positive(pair.get("version"), "version"))
            for pair in wire.listed(answer, dict)
        )

    async def referrers(self, subject: str, version: int, *, deleted: bool = False) -> list[NativeId]:
        """Native ids of the schemas that refer to a version."""
        path = f"/subjects/{self._segment(subject)}/versions/{version}/referencedby"
        answer = await self._ask(Call("GET", path, _deleted(deleted)), Asked(subject, version))
        return [*sorted(wire.positive(number, "id") for number in wire.listed(answer, int))]

    async def _probe(self) -> tuple[Ping, Mapping[Feature, str]]:
        """What a ping finds: facts, and the features that turn out missing."""
        raise NotImplementedError

    async def _ask(self, call: Call, asked: Asked) -> Any:
        """The JSON of a success; everything else leaves as one of our errors."""
        answer = await self._client.call(call)
        if answer.status == 200:
            return answer.json()
        raise self._refusal(call, answer, asked)

    async def _ask_if_there(self, call: Call) -> Any | None:
        """Like asking, but None where the registry has no such route."""
        answer = await self._client.call(call)
        if answer.status in {404, 405}:
            return None
        if answer.status == 200:
            return answer.json()
        raise self._refusal(call, answer, Asked())

    def _refusal(self, call: Call, answer: Answer, asked: Asked) -> RegistryError:
        """The error that an answer stands for; types override it for codes of their own."""
        return refusal(answer, asked, self._client.scrub)

    def _segment(self, subject: str) -> str:
        """The subject as a path segment, where this registry could hold it."""
        if subject.startswith(":."):
            self.capabilities.demand(Feature.CONTEXTS)
        return wire.segment(subject)

    def _is_spellable(self, name: str) -> bool:
        """Without contexts, a plain name that looks like a qualified one has no spelling in our model."""
        return bool(name) and (self.capabilities.has(Feature.CONTEXTS) or not name.startswith(":."))

    def _in_context(self, context: str) -> dict[str, str]:
        if context == DEFAULT_CONTEXT:
            return {}
        self.capabilities.demand(Feature.CONTEXTS)
        return {"subject": f":{context}:"}

    def _could_hold(self, schema: Schema) -> bool:
        """Whether a version here may equal the schema at all; it must not be found without its rules."""
        capabilities = self.capabilities
        return (
            (schema.metadata is None or capabilities.has(Feature.METADATA))
            and (schema.rule_set is None or capabilities.has(Feature.RULE_SETS))
            and schema.format in capabilities.formats
            and (not schema.references or schema.format in capabilities.references)
        )

    async def _refuse_what_would_be_lost(self, subject: str, schema: Schema, native_id: int | None) -> None:
        """Guarantee 6: asks the probe first where the answer may depend on the server's age."""
        if not Subject.parse(subject).is_registrable():
            raise SubjectRefused(f"The subject {subject!r} is reserved")
        if not self._probed and (schema.metadata or schema.rule_set or native_id is not None):
            await self.ping()
        capabilities = self.capabilities
        if native_id is not None:
            capabilities.demand(Feature.IMPORT_IDS)
        if schema.metadata is not None:
            capabilities.demand(Feature.METADATA)
            if schema.metadata.tags or schema.metadata.sensitive:
                capabilities.demand(Feature.METADATA_TAGS)
        if schema.rule_set is not None:
            capabilities.demand(Feature.RULE_SETS)
        self._demand_readable(schema)

    def _demand_readable(self, schema: Schema) -> None:
        """Refuses a format, or references in a format, that the registry does not know."""
        if schema.format not in self.capabilities.formats:
            raise Unsupported("formats", f"A {self.type} registry does not hold {schema.format} schemas.")
        if schema.references and schema.format not in self.capabilities.references:
            raise Unsupported(
                "references",
                f"A {self.type} registry does not resolve references of {schema.format} schemas.",
            )

    async def _latest(self, subject: str, deleted: bool) -> StoredVersion:
        """`latest` never asks for deleted ones: clones disagree on what it would mean then."""
        try:
            return await self._version(subject, None, deleted=False)
        except (SubjectNotFound, VersionNotFound):
            if deleted:
                await self.versions(subject, deleted=True)
                raise VersionNotFound(subject, -1) from None
            raise SubjectNotFound(subject) from None

    async def _version(self, subject: str, version: int | None, *, deleted: bool) -> StoredVersion:
        wanted = "latest" if version is None else str(version)
        path = f"/subjects/{self._segment(subject)}/versions/{wanted}"
        asked = Asked(subject, -1 if version is None else version)
        stored = wire.stored_version(await self._ask(Call("GET", path, _deleted(deleted)), asked))
        if _elsewhere(stored, subject):
            raise SubjectNotFound(subject)
        if version is not None and stored.version != version:
            raise Garbled(f"Asked for version {version}, got version {stored.version}")
        return stored

    async def _looked_up(
        self, path: str, subject: str, schema: Schema, *, deleted: bool, tolerant: bool
    ) -> StoredVersion | None:
        """One question; `tolerant` where an unknown subject may still be a soft-deleted one."""
        call = Call("POST", path, _deleted(deleted), wire.request(schema))
        try:
            found = wire.stored_version(await self._ask(call, Asked(subject)))
        except SchemaNotFound:
            return None
        except SubjectNotFound:
            if tolerant:
                return None
            raise
        if _elsewhere(found, subject):
            await self.versions(subject, deleted=deleted)
            return None
        return found

    async def _registered(self, subject: str, schema: Schema, native_id: int) -> StoredVersion:
        """The version behind an answer that carried only an id; the write has landed, whatever happens."""
        try:
            found = await self.lookup(subject, schema)
            if found is not None and found.native_id == native_id:
                return found
            pairs = await self.usages(native_id, Subject.parse(subject).context)
            numbers = [version for name, version in pairs if name == subject]
            if numbers:
                return await self.fetch(subject, max(numbers))
        except Unreachable as fault:
            raise Unreachable(str(fault), sent=True) from None
        except Absent:
            pass
        raise WriteConflict(f"The schema {native_id} was deleted from '{subject}' while it was registered")


def _deleted(deleted: bool) -> dict[str, str]:
    return {"deleted": "true"} if deleted else {}


def _int32(native_id: NativeId) -> int:
    """The id as these registries count; what they cannot have is not asked for."""
    if not isinstance(native_id, int) or not 1 <= native_id <= wire.MAX_ID:
        raise SchemaNotFound(native_id)
    return native_id


def _elsewhere(stored: StoredVersion, subject: str) -> bool:
    """Servers search other contexts for a plain name that the default one lacks; that was not asked."""
    return Subject.parse(stored.subject).context != Subject.parse(subject).context


def _check_nothing_was_lost(schema: Schema, stored: StoredVersion) -> None:
    """The last guard of guarantee 6, should a registry drop what it was believed to keep."""
    if schema.rule_set is not None and stored.schema.rule_set is None:
        raise RegistryFault(f"The registry dropped the rule set of version {stored.version}; remove that version")
    if schema.metadata is not None and stored.schema.metadata is None:
        raise RegistryFault(f"The registry dropped the metadata of version {stored.version}; remove that version")
