"""A registry without integer ids, as the rest of the gateway sees it: a whole one.

Its documents, front versions, tombstones and ids live in the gateway's store; the texts live in the registry too, in its own
tongue and order. What others put there is found by looking (`ListsVersions`) and gets ids on first sight. An id is durable
before anything is sent, so a write whose answer was lost ends in the same id when it is found again or repeated.
"""

from __future__ import annotations

import builtins
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast

from sqlalchemy import Connection

from decapolis.registries.references import resolve
from decapolis.registries.stored import OwnStoreFault, StoredConfig, StoredRegistry
from decapolis.store import Store, StoreUnavailable, settings
from decapolis.store.overlaid import keep_note
from decapolis.web import current_call
from decapolis_formats import Dependency, FormatError, Schema
from decapolis_translators.contract import (
    Capabilities,
    Feature,
    HoldsDocuments,
    KeepsNotes,
    Listed,
    ListsVersions,
    NativeId,
    Ping,
    StoredVersion,
    Translator,
    TranslatorConfig,
)
from decapolis_translators.errors import (
    Absent,
    RegistryError,
    RegistryFault,
    SchemaRefused,
    SubjectNotFound,
    Unsupported,
    VersionNotFound,
)
from decapolis_translators.subjects import DEFAULT_CONTEXT

from .native_form import INLINED, canonical, document_of, native_form
from .notes import IdNote, RangeNote, read, read_range
from .state import Found, State

log = logging.getLogger(__name__)

T = TypeVar("T")

_KEPT_HERE = (
    Feature.INTEGER_IDS,
    Feature.IMPORT_IDS,
    Feature.SOFT_DELETE,
    Feature.DELETE_VERSION,
    Feature.METADATA,
    Feature.METADATA_TAGS,
    Feature.RULE_SETS,
    Feature.REFERRERS,
    Feature.USAGES,
)
"""What the gateway adds to any registry; of a version's deletion the soft one, the registry refuses the permanent one."""


RECENT = 1.0
"""For how many seconds a look counts as just done: the one that a registration's own history made."""

MOST_LOOKS = 10_000

ERASED = "erased"
"""Which kind of setting says that a subject was deleted for good: Pulsar goes on listing its topic."""
ERASED_AGAIN = 60.0
MOST_ERASED = 8
"""After how many seconds such a place is looked at again, and how many of them a listing looks at."""

OURS = "pinned-ids"
"""Which kind of setting says that the ids that the registry carries are this store's."""


class NotOurs(RegistryFault):
    """The registry carries ids of which this store knows nothing; the text says how to get them back."""


class Overlay(Translator[TranslatorConfig]):
    """What the gateway keeps for a registry, and the registry."""

    type: ClassVar[str] = "overlay"
    Config: ClassVar[builtins.type[TranslatorConfig]] = TranslatorConfig

    def __init__(self, native: Translator[Any], store: Store, base: int, span: int) -> None:
        super().__init__(native.registry_id, native.settings)
        if not isinstance(native, ListsVersions):
            raise TypeError(f"type {native.type} gives out no integer ids and does not list its versions either")
        self.native = native
        self.lister: ListsVersions = native
        self._store = store
        self._base = base
        self._span = span
        self.state = State(native.registry_id, base)
        self._documents = StoredRegistry(native.registry_id, StoredConfig(), store)
        self.is_ours = False
        self._looked: dict[str, float] = {}

    @property
    def capabilities(self) -> Capabilities:
        """What the registry can do and what the gateway adds."""
        able = self.native.capabilities
        missing = {feature: why for feature, why in able.missing.items() if feature not in _KEPT_HERE}
        whole = able.formats if isinstance(self.native, HoldsDocuments) else able.formats & INLINED
        return Capabilities(able.formats, able.references | whole, missing)

    async def open(self) -> None:
        """Opens the registry's translator."""
        await self.native.open()

    async def close(self) -> None:
        """Closes it."""
        await self.native.close()

    async def ping(self) -> Ping:
        """Asks the registry."""
        return await self.native.ping()

    async def read(self, work: Callable[[Connection], T]) -> T:
        try:
            return cast("T", await self._store.read(work))
        except StoreUnavailable as fault:
            raise OwnStoreFault("The gateway's store does not answer") from fault

    async def write(self, work: Callable[[Connection], T]) -> T:
        try:
            return cast("T", await self._store.write(work))
        except StoreUnavailable as fault:
            raise OwnStoreFault("The gateway's store does not take the write") from fault

    # --- looking

    async def _look(self, subject: str) -> None:
        """Takes in what became of the subject in the registry since the last look; one is enough for a request."""
        seen = current_call().looked
        if seen is not None and (self.registry_id, subject) in seen:
            return
        self._note_look(subject)
        try:
            listed = await self.lister.listed(subject)
        except SubjectNotFound:
            listed = []
        rows = await self.read(lambda c: self.state.natives(c, subject))
        known = {row.native_key for row in rows}
        present = {str(each.native_id) for each in listed}
        unseen = [each for each in listed if str(each.native_id) not in known]
        if unseen or known - present:
            found = await self.found(subject, unseen)
            if any(not each.ids for each in found):
                await self._demand_ours()
            await self.write(lambda c: self.state.learn(c, subject, found, present))
        if unseen or any(row.note is None for row in rows):
            await self.pin(subject)
        if seen is not None:
            seen.add((self.registry_id, subject))

    def _note_look(self, subject: str) -> None:
        if len(self._looked) >= MOST_LOOKS:
            self._looked.clear()
        self._looked[subject] = time.monotonic()

    async def _look_unless_just_done(self, subject: str) -> None:
        """A write puts its version behind everything that others put there before."""
        if time.monotonic() - self._looked.get(subject, -RECENT) >= RECENT:
            await self._look(subject)

    async def found(self, subject: str, unseen: Sequence[Listed]) -> list[Found]:
        notes = await self._notes(subject) if unseen else {}
        return [await self._one_found(subject, each, notes.get(each.version, "")) for each in unseen]

    async def _one_found(self, subject: str, listed: Listed, note: str) -> Found:
        native = listed.schema or (await self.native.fetch(subject, listed.version)).schema
        document = document_of(native)
        if document is native and not native.references:  # with references it is a whole document that we put there
            document = canonical(native, await self._dependencies(native))
        ids = tuple(IdNote(each.public_id - self._base, each.versions) for each in read(note))
        if any(not 0 < each.public_id <= self._span for each in ids):
            ids = ()  # of another range: nothing is taken in before it is clear whose ids they are
        return Found(listed, document, ids)

    async def _notes(self, subject: str) -> Mapping[int, str]:
        return await self.native.notes(subject) if isinstance(self.native, KeepsNotes) else {}

    async def _dependencies(self, schema: Schema) -> tuple[Dependency, ...]:
        async def text_of(subject: str, version: int) -> StoredVersion:
            return await self._documents.fetch(subject, None if version < 1 else version, deleted=True)

        return await resolve(schema.references, ".", text_of) if schema.references else ()

    # --- reading

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """The registry's subjects and those that only the gateway still knows."""
        there = set(await self.native.subjects())
        live = set(await self._documents.subjects())
        erased = there & await self._erased()
        for subject in (*sorted(live - there), *self._due(erased - live)):
            await self._look(subject)
        known = set(await self._documents.subjects(deleted=True))
        live = set(await self._documents.subjects())
        return sorted((known if deleted else live) | (there - known - erased))

    async def _erased(self) -> set[str]:
        """Subjects that were once deleted for good here: what a registry still lists of them may be an empty place."""
        return {name for _, name, _ in await self.read(lambda c: settings.all_settings(c, self.registry_id, ERASED))}

    def _due(self, erased: Collection[str]) -> list[str]:
        """A few of them to look at: somebody else may have filled the place again."""
        before = time.monotonic() - ERASED_AGAIN
        old = [subject for subject in sorted(erased) if self._looked.get(subject, before) <= before]
        return old[:MOST_ERASED]

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The numbers, ascending, after a look."""
        await self._look(subject)
        return await self._documents.versions(subject, deleted=deleted)

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version; the registry is asked for the newest one and for numbers that are not known."""
        if version is not None:
            try:
                return await self._documents.fetch(subject, version, deleted=deleted)
            except Absent:
                pass  # somebody may have added it
        await self._look(subject)
        return await self._documents.fetch(subject, version, deleted=deleted)

    async def fetch_by_id(self, native_id: NativeId, context: str = ".") -> Schema:
        """The schema of an id; the registry has no say in it."""
        return await self._documents.fetch_by_id(native_id, context)

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version that holds the schema; the registry is asked for one that is not known."""
        try:
            known = await self._documents.lookup(subject, schema, deleted=deleted)
        except SubjectNotFound:
            known = None
        if known is not None:
            return known
        await self._look(subject)
        return await self._documents.lookup(subject, schema, deleted=deleted)

    async def usages(self, native_id: NativeId, context: str = ".", *, deleted: bool = False) -> list[tuple[str, int]]:
        """Subjects and versions that hold an id."""
        return await self._documents.usages(native_id, context, deleted=deleted)

    async def referrers(self, subject: str, version: int, *, deleted: bool = False) -> list[NativeId]:
        """Ids of the schemas that refer to a version."""
        return await self._documents.referrers(subject, version, deleted=deleted)

    # --- writing

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Gives the schema an id, then the registry the schema, then the subject a version."""
        if schema.references and schema.format not in self.capabilities.references:
            kind = schema.format.schema_type
            raise Unsupported("references", f"{self.native.type} registries cannot hold references of {kind} schemas.")
        await self._demand_ours()
        await self._look_unless_just_done(subject)
        there = await self.write(lambda c: self.state.reserve(c, subject, schema, native_id, version))
        if there is not None:
            return there
        native = await self._sent(subject, schema)
        await self.apply_wanted_level(subject)
        stored = await self.write(lambda c: self._complete(c, subject, schema, native, (native_id, version)))
        await self.pin(subject)
        return stored

    def _complete(
        self,
        connection: Connection,
        subject: str,
        schema: Schema,
        native: StoredVersion,
        imposed: tuple[int | None, int | None],
    ) -> StoredVersion:
        number = self.state.documents.id_for(connection, ".", schema, imposed[0])
        version = imposed[1] if imposed[0] is not None else None
        return self.state.complete(connection, subject, schema, native, (number, version))

    async def _sent(self, subject: str, schema: Schema) -> StoredVersion:
        try:
            dependencies = await self._dependencies(schema)
        except FormatError as error:
            raise SchemaRefused(str(error)) from error
        if isinstance(self.native, HoldsDocuments):
            return await self.native.register_document(subject, schema, dependencies)
        return await self.native.register(subject, native_form(schema, dependencies))

    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """A soft delete is a tombstone here; a permanent one takes the text from the registry first."""
        await self._look(subject)
        documents = self.state.documents
        if not permanent:
            gone = await self.write(lambda c: documents.delete(c, subject, version, permanent=False))
            await self.pin(subject)
            return gone
        numbers = await self.read(lambda c: documents.deletable(c, subject, version, permanent=True))
        natives = await self.read(lambda c: self.state.unneeded(c, subject, numbers))
        await self._note_range()
        for row in [] if version is None else natives:
            await self._take_away(subject, row.native_version)
        if version is None and natives:
            await self._take_away(subject, None)

        def erase(connection: Connection) -> list[int]:
            if version is None:
                settings.keep_setting(connection, self.registry_id, DEFAULT_CONTEXT, subject, ERASED, {})
            return self.state.erase(connection, subject, version, natives)

        return await self.write(erase)

    async def _take_away(self, subject: str, native_version: int | None) -> None:
        try:
            await self.native.delete(subject, native_version, permanent=True)
        except (SubjectNotFound, VersionNotFound):
            return  # gone already, as it should be

    # --- what survives the loss of the store

    async def _demand_ours(self) -> None:
        """No id may be given out while the registry carries ids of which this store knows nothing."""
        if self.is_ours or not isinstance(self.native, KeepsNotes):
            return
        note = read_range(await self.native.own_note())
        if note is not None and note.base != self._base:
            raise NotOurs(
                f"Registry {self.registry_id} carries ids that were given from base {note.base} on, here its range has "
                f"base {self._base}: start with a new store and `ids: {{base: {note.base}}}`, then run "
                f"`decapolis ids rebuild {self.registry_id}`"
            )
        if note is not None and not await self.read(lambda c: settings.setting(c, self.registry_id, ".", "", OURS)):
            raise NotOurs(
                f"Registry {self.registry_id} carries ids that another store gave: run "
                f"`decapolis ids rebuild {self.registry_id}` before anything is written to it"
            )
        await self.claim()
        if note is None:
            try:
                await self.native.set_own_note(str(RangeNote(self._base, 0)))
            except RegistryError as fault:
                log.warning("range not pinned", extra={"registry": self.registry_id, "reason": str(fault)})

    async def claim(self) -> None:
        """Remembers in the store that the ids that the registry carries are this store's."""
        body = {"base": self._base}
        await self.write(lambda c: settings.keep_setting(c, self.registry_id, ".", "", OURS, body))
        self.is_ours = True

    async def _note_range(self) -> None:
        """What a permanent delete takes away must not let its number be given again after a rebuild."""
        if isinstance(self.native, KeepsNotes):
            highest = await self._documents.highest_id()
            await self.native.set_own_note(str(RangeNote(self._base, highest)))

    async def pin(self, subject: str) -> None:
        """Writes ids and front versions beside the texts; a failure is told and made good at the next look."""
        if not isinstance(self.native, KeepsNotes):
            return
        for row, note in await self.read(lambda c: self.state.unpinned(c, subject)):
            try:
                await self.native.note(subject, row.native_version, note)
            except RegistryError as fault:
                log.warning("id not pinned", extra={"registry": self.registry_id, "reason": str(fault)})
                return
            await self._remember_note(subject, row.native_key, note)

    async def _remember_note(self, subject: str, native_key: str, note: str) -> None:
        await self.write(lambda c: keep_note(c, self.registry_id, subject, native_key, note))

    # --- levels that the registry cannot hold yet, or not at all

    async def apply_wanted_level(self, subject: str) -> None:
        """Nothing to do where the registry holds no levels."""
