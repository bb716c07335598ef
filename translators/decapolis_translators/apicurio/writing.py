"""Registering and deleting."""

from __future__ import annotations

from decapolis_formats import Format, Reference, Schema
from decapolis_translators.contract import Feature, StoredVersion
from decapolis_translators.errors import (
    Absent,
    ReferenceExists,
    RegistryFault,
    SchemaRefused,
    SubjectNotFound,
    SubjectNotSoftDeleted,
    SubjectRefused,
    SubjectSoftDeleted,
    Unreachable,
    Unsupported,
    VersionNotFound,
    VersionNotSoftDeleted,
    VersionSoftDeleted,
    WriteConflict,
)
from decapolis_translators.fanout import ask_each
from decapolis_translators.subjects import Subject

from .core import is_json
from .history import Numbered
from .labels import labels_of, ours
from .reading import ReadsVersions
from .wire import KINDS, Link

_JSON_TEXTS = frozenset({Format.AVRO, Format.JSON_SCHEMA})


class WritesVersions(ReadsVersions):
    """The half of the contract that changes something."""

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Adds a version under the number that comes next, or answers the one that holds the schema.

        The number is sent along: where another write has taken it, the registry refuses, and that is a WriteConflict.
        """
        await self._refuse_what_would_be_lost(subject, schema, native_id)
        history, content_ids = await self._same_or_new(subject, schema)
        found = self._found(history, content_ids, schema, deleted=False)
        if found is not None:
            return self._told(found, schema, await self._id_name())
        following = history[-1].number + 1 if history else 1
        if version is not None and version != following:
            raise WriteConflict(f"Version {following} of '{subject}' comes next, not {version}")
        await self._demand_kind(subject, schema, history)
        links = await self._links(schema)
        return await self._added(subject, schema, links, following, _name_of(following, history))

    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Disables versions, or removes what is disabled; the Confluent face does either in one step."""
        history = await self._history(subject)
        wanted = _deletable(history, subject, version, permanent)
        try:
            gone = await self._face.delete(subject, version, permanent=permanent)
        except ReferenceExists as refused:
            raise ReferenceExists(subject, await self._referred(wanted, refused.version)) from None
        return sorted({each.number for each in wanted} & set(gone))

    async def _referred(self, wanted: list[Numbered], told: int) -> int:
        """Which of the versions somebody refers to; the face names the subject alone."""
        if told > 0:
            return told
        core = await self._core()
        for each in wanted:
            if await core.referring(each.entry):
                return each.number
        return told

    async def _same_or_new(self, subject: str, schema: Schema) -> tuple[list[Numbered], set[int]]:
        try:
            return await self._same(subject, schema)
        except SubjectNotFound:
            return [], set()

    async def _added(self, subject: str, schema: Schema, links: list[Link], number: int, name: str) -> StoredVersion:
        """The new version; from its creation on the write has landed, whatever else ends in an error."""
        core, labels = await self._core(), labels_of(schema)
        entry = await core.create(subject, schema, links, version=name, labels=labels)
        if ours(entry.labels) != labels:
            raise RegistryFault(f"The registry dropped labels of version {number}; remove that version")
        try:
            return self._told(Numbered(number, entry), schema, await self._id_name())
        except Unreachable as fault:
            raise Unreachable(str(fault), sent=True) from None

    async def _links(self, schema: Schema) -> list[Link]:
        """The references by the registry's names; it would take those that lead nowhere, so they are refused here."""

        async def one(reference: Reference) -> Link:
            subject, version = reference.subject, reference.version
            try:
                target = await self._target(reference)
            except (Absent, SubjectRefused, Unsupported):
                raise SchemaRefused(
                    f"No schema reference found for subject '{subject}' and version {version}"
                ) from None
            return Link(reference.name, self.settings.group, subject, target.entry.version)

        return await ask_each(one, schema.references)

    async def _demand_kind(self, subject: str, schema: Schema, history: list[Numbered]) -> None:
        """Types belong to artifacts here; a version of another type would be stored under the wrong one."""
        try:
            kind = history[-1].entry.kind if history else await (await self._core()).kind(subject)
        except SubjectNotFound:
            return
        if kind != KINDS[schema.format]:
            raise SchemaRefused(
                f"The artifact '{subject}' is of type {kind}; it takes no {KINDS[schema.format]} version"
            )

    async def _refuse_what_would_be_lost(self, subject: str, schema: Schema, native_id: int | None) -> None:
        """Guarantee 6, and what the registry would store without reading it."""
        if not Subject.parse(subject).is_registrable():
            raise SubjectRefused(f"The subject {subject!r} is reserved")
        self._segment(subject)
        await self._id_name()
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
        if schema.format not in self.capabilities.formats:
            raise Unsupported("formats", f"An {self.type} registry does not hold {schema.format} schemas.")
        if schema.format in _JSON_TEXTS and not is_json(schema.text):
            raise SchemaRefused(
                "The schema is no JSON; without a validity rule the registry would store it all the same"
            )


def _name_of(number: int, history: list[Numbered]) -> str:
    """The name of the next version: its number, unless another tool has taken that name already."""
    taken = {each.entry.version for each in history}
    name, suffix = str(number), 0
    while name in taken:
        suffix += 1
        name = f"{number}-{suffix}"
    return name


def _deletable(history: list[Numbered], subject: str, version: int | None, permanent: bool) -> list[Numbered]:
    """What a delete is about; a WrongDeleteOrder or VersionNotFound where it may not happen."""
    if version is None:
        live = [each for each in history if not each.entry.deleted]
        if permanent and live:
            raise SubjectNotSoftDeleted(subject)
        if not permanent and not live:
            raise SubjectSoftDeleted(subject)
        return history if permanent else live
    for each in history:
        if each.number == version:
            if permanent and not each.entry.deleted:
                raise VersionNotSoftDeleted(subject, version)
            if not permanent and each.entry.deleted:
                raise VersionSoftDeleted(subject, version)
            return [each]
    raise VersionNotFound(subject, version)
