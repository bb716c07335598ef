"""Reading one registry: its own answer, remembered, or the last known one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from decapolis.cache import subject_scope
from decapolis_formats import Dependency, FormatError, Schema, engine_of
from decapolis_translators.contract import (
    Feature,
    HasContexts,
    Listed,
    ListsReferrers,
    ListsUsages,
    ListsVersions,
    NativeId,
    StoredVersion,
)
from decapolis_translators.errors import (
    Absent,
    SchemaNotFound,
    SubjectNotFound,
    VersionNotFound,
)
from decapolis_translators.subjects import Subject

from .asking import AskedRegistry
from .known import Stands
from .memory import Memory, ReissuedId
from .references import resolve
from .stored import StoredRegistry

T = TypeVar("T")

TOGETHER = 8
"""How many versions of a history are asked for at once."""


class ReadRegistry(AskedRegistry):
    """What can be read of a registry. Texts come back canonical, except from a home that `passes_through`."""

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """All subjects; the last listing when the registry is at fault, and the fault when there is none."""

        async def question() -> list[str]:
            asked_at = time.time()
            names = await self.ask(lambda: self.translator.subjects(deleted=deleted))
            if self.memory is not None:
                await self.memory.keep_listing(names, asked_at, deleted=deleted)
            return names

        async def recall(memory: Memory) -> tuple[list[str], float]:
            kept = await memory.listing(deleted=deleted)
            if kept is None:
                raise Absent(f"Registry {self.id} was never listed")
            return kept

        return await self.patiently(("subjects", await self._changes.last_of(self.id), deleted), question, recall)

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The numbers, ascending."""

        async def question() -> list[int]:
            return await self._listed(subject, deleted=deleted)

        async def recall(memory: Memory) -> tuple[list[int], float]:
            if not self._learns:
                return await memory.recorded.versions(subject, deleted=deleted), memory.age
            known = await memory.known(subject)
            numbers = known.listed(deleted=deleted)
            if not numbers:
                raise SubjectNotFound(subject)
            return numbers, max(0.0, time.time() - known.seen)

        return await self.patiently(await self._key(subject, "versions", deleted), question, recall)

    async def _listed(self, subject: str, *, deleted: bool) -> list[int]:
        """The numbers as the registry says now, remembered."""
        if self.memory is None or not self._learns:
            return await self.ask(lambda: self.translator.versions(subject, deleted=deleted))
        stands = await self._standing(subject)
        try:
            numbers = await self.ask(lambda: self.translator.versions(subject, deleted=deleted))
        except SubjectNotFound:
            await self.memory.keep_numbers(subject, [], stands, deleted=deleted)
            raise
        # now and not later: a register that follows adds its version to this list
        await self.memory.keep_numbers(subject, numbers, stands, deleted=deleted)
        return numbers

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version, canonical, remembered."""

        async def question() -> StoredVersion:
            if self.memory is None:
                return await self.ask(lambda: self.translator.fetch(subject, version, deleted=deleted))
            stands = await self._standing(subject)
            if self._lister is not None and not deleted:
                return await self._fetched_by_id(self._lister, subject, version, stands)
            stored = await self.ask(lambda: self.translator.fetch(subject, version, deleted=deleted))
            return await self._kept(stored, stands, latest=version is None)

        async def recall(memory: Memory) -> tuple[StoredVersion, float]:
            if version is not None or not self._learns:
                return await memory.recorded.fetch(subject, version, deleted=deleted), memory.age
            known = await memory.known(subject)
            if known.latest is None:
                raise SubjectNotFound(subject)
            stored = await memory.recorded.fetch(subject, known.latest, deleted=deleted)
            return stored, max(0.0, time.time() - known.seen)

        return await self.patiently(await self._key(subject, version, deleted), question, recall)

    async def _kept(self, stored: StoredVersion, stands: Stands, *, latest: bool = False) -> StoredVersion:
        if self.memory is None or not self._learns or not isinstance(stored.native_id, int):
            return stored
        context = Subject.parse(stored.subject).context
        schema = await self._canonical(stored.schema, context)
        try:
            await self.memory.keep(context, stored.native_id, schema, stored, stands=stands, latest=latest)
        except ReissuedId:
            self._metrics.reissued.labels(self.id).inc()
            raise
        return replace(stored, schema=schema)

    async def _canonical(self, schema: Schema, context: str) -> Schema:
        if self._passes_through:
            return schema
        try:
            dependencies = await self.dependencies(schema, context, deleted=True)
            engine = engine_of(schema.format)
            text = engine.canonical(engine.parse(schema.text, dependencies, strict=False))
        except (FormatError, Absent):
            # stored history may be older and odder than what we can read: then its own text is the truth
            return schema
        return Schema(schema.format, text, schema.references, schema.metadata, schema.rule_set)

    async def schema(self, native_id: int, context: str = ".") -> Schema:
        """The schema of an id: from memory where it was seen before, else asked once for all who wait."""
        if self.memory is None:
            return await self.ask(lambda: self.translator.fetch_by_id(native_id, context))
        self.memory.refuse_conflict(context, native_id)
        return await self._flights.share((native_id, context), lambda: self._text(native_id, context))

    async def _text(self, native_id: int, context: str) -> Schema:
        memory = self.memory
        if memory is not None and (not self._learns or memory.seen_ids.may_have(context, native_id)):
            try:
                return await memory.recorded.fetch_by_id(native_id, context)
            except SchemaNotFound:
                pass
        schema = await self.ask(lambda: self.translator.fetch_by_id(native_id, context))
        if not self._learns:
            return schema
        schema = await self._canonical(schema, context)
        if memory is not None:
            await memory.keep(context, native_id, schema)
        return schema

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version that holds exactly this schema."""
        if self._histories is not None:
            everything = await self.history(subject, deleted=deleted)
            if not everything:
                raise SubjectNotFound(subject)
            same = (each for each in reversed(everything) if each.schema.is_same(schema))
            return next(same, None)

        async def question() -> StoredVersion | None:
            if self.memory is None:
                return await self.ask(lambda: self.translator.lookup(subject, schema, deleted=deleted))
            known = None if deleted else await self._seen_before(subject, schema)
            if known is not None:
                return known
            stands = await self._standing(subject)
            found = await self.ask(lambda: self.translator.lookup(subject, schema, deleted=deleted))
            return None if found is None else await self._kept(found, stands)

        async def recall(memory: Memory) -> tuple[StoredVersion | None, float]:
            found = await memory.recorded.lookup(subject, schema, deleted=deleted)
            if found is None:
                # what is known says nothing about versions that were never seen
                raise SchemaNotFound("")
            return found, memory.age

        key = await self._key(subject, schema.fingerprint, deleted)
        return await self.patiently(key, question, recall)

    async def history(self, subject: str, *, deleted: bool = False) -> list[StoredVersion]:
        """The versions in ascending order, read through; empty for an unknown subject."""
        if isinstance(self.translator, StoredRegistry):
            found = await self._local_history(self.translator, subject)
            return [each for each in found if deleted or not each.deleted]
        stands = await self._standing(subject)
        try:
            if self._lister is not None and not deleted:
                return await self._history_by_ids(self._lister, subject, stands)
            numbers = await self._listed(subject, deleted=deleted)
        except SubjectNotFound:
            return []
        history: list[StoredVersion] = []
        for at in range(0, len(numbers), TOGETHER):
            # some at a time: a long history must neither take a round trip each nor crowd out everybody else
            some = numbers[at : at + TOGETHER]
            history += await asyncio.gather(
                *(self._historic(subject, number, stands, deleted=deleted) for number in some)
            )
        return history

    @property
    def _lister(self) -> ListsVersions | None:
        """The registry, where it names versions with their ids in one call and an id says everything about a schema."""
        able = self._learns and not self.capabilities.has(Feature.METADATA)
        return self.translator if able and isinstance(self.translator, ListsVersions) else None

    async def _history_by_ids(self, lister: ListsVersions, subject: str, stands: Stands) -> list[StoredVersion]:
        """Which versions there are is asked for anew; the texts of ids that were seen before are known."""
        listed = await self.ask(lambda: lister.listed(subject))
        if self.memory is not None:
            await self.memory.keep_numbers(subject, [each.version for each in listed], stands, deleted=False)
        history: list[StoredVersion] = []
        for at in range(0, len(listed), TOGETHER):
            some = listed[at : at + TOGETHER]
            history += await asyncio.gather(*(self._with_text(subject, each, stands) for each in some))
        return history

    async def _with_text(self, subject: str, listed: Listed, stands: Stands) -> StoredVersion:
        number, native = listed.version, listed.native_id
        context = Subject.parse(subject).context
        if self.memory is not None and isinstance(native, int):
            self.memory.refuse_conflict(context, native)
            try:
                schema = await self.memory.recorded.fetch_by_id(native, context)
            except SchemaNotFound:
                pass
            else:
                return StoredVersion(subject, number, native, schema, created_ms=listed.created_ms)
        return await self._historic(subject, number, stands, deleted=False)

    async def _fetched_by_id(
        self, lister: ListsVersions, subject: str, version: int | None, stands: Stands
    ) -> StoredVersion:
        listed = await self.ask(lambda: lister.listed(subject))
        wanted = listed[-1] if version is None else next((each for each in listed if each.version == version), None)
        if wanted is None:
            raise VersionNotFound(subject, version or 0)
        return await self._kept(await self._with_text(subject, wanted, stands), stands, latest=version is None)

    async def _seen_before(self, subject: str, schema: Schema) -> StoredVersion | None:
        """The live version that was seen to hold the schema, where the registry still names it with the same id."""
        lister, memory = self._lister, self.memory
        if lister is None or memory is None:
            return None
        try:
            known = await memory.recorded.lookup(subject, schema)
        except SubjectNotFound:
            return None
        if known is None:
            return None
        listed = await self.ask(lambda: lister.listed(subject))
        still = any((each.version, each.native_id) == (known.version, known.native_id) for each in listed)
        return known if still else None

    async def _local_history(self, local: StoredRegistry, subject: str) -> Sequence[StoredVersion]:
        """Read once between two changes, where no other process can change it unseen."""
        if self._histories is None:
            return await self.ask(lambda: local.history(subject))
        scopes = (subject_scope(self.id, subject),)
        kept = self._histories.get(subject)
        if kept is not None and self._changes.unchanged_here(scopes, kept.made):
            return kept.versions
        made = await self._changes.now()
        versions = await self.ask(lambda: local.history(subject))
        self._histories.put(subject, made, versions)
        return versions

    async def _historic(self, subject: str, number: int, stands: Stands, *, deleted: bool) -> StoredVersion:
        stored = await self.ask(lambda: self.translator.fetch(subject, number, deleted=deleted))
        return await self._kept(stored, stands)

    async def usages(self, native_id: int, context: str = ".", *, deleted: bool = False) -> list[tuple[str, int]]:
        """Subjects and versions that hold an id."""
        if not isinstance(self.translator, ListsUsages):
            raise SchemaNotFound(native_id)
        lister = self.translator

        async def question() -> list[tuple[str, int]]:
            return await self.ask(lambda: lister.usages(native_id, context, deleted=deleted))

        async def recall(memory: Memory) -> tuple[list[tuple[str, int]], float]:
            return await memory.recorded.usages(native_id, context, deleted=deleted), memory.age

        key = ("usages", native_id, context, deleted, await self._changes.last_of(self.id))
        return await self.patiently(key, question, recall)

    async def usages_or_none(self, native_id: int) -> list[tuple[str, int]] | None:
        """The same in the default context, None where the registry has no such id or cannot tell."""
        try:
            return await self.usages(native_id, deleted=True)
        except Absent:
            return None

    @property
    def _recorded(self) -> StoredRegistry:
        """What the gateway's store knows of it: everything of a local registry, the last known of others."""
        if self.memory is not None:
            return self.memory.recorded
        if isinstance(self.translator, StoredRegistry):
            return self.translator
        raise TypeError(f"registry {self.id} is neither local nor remembered")

    async def ids_of_guid(self, guid: str) -> list[tuple[str, int]]:
        """Contexts and native ids of a guid, as far as the gateway has seen them."""
        return await self._recorded.ids_of_guid(guid)

    async def highest_id(self, context: str = ".") -> int | None:
        """The highest id given out in a context, None where the registry does not tell."""
        return await self._recorded.highest_id(context) if self.is_local else None

    async def highest_known_id(self) -> int:
        """The highest native id of the default context that the gateway has seen, 0 for none."""
        return await self._recorded.highest_known_id()

    async def configured_subjects(self) -> list[str]:
        """Subjects that have a configuration in the gateway's store."""
        return await self._recorded.configured_subjects()

    async def drop_context(self, context: str) -> None:
        """Forgets an empty context, where the registry is the gateway's own."""
        if isinstance(self.translator, StoredRegistry):
            await self.translator.drop_context(context)

    async def referrers(self, subject: str, version: int, *, deleted: bool = False) -> list[NativeId]:
        """Ids of the schemas that refer to a version."""
        self.capabilities.demand(Feature.REFERRERS)
        if not isinstance(self.translator, ListsReferrers):
            return []
        lister = self.translator
        return await self.ask(lambda: lister.referrers(subject, version, deleted=deleted))

    async def contexts(self, *, needed: bool = True) -> Sequence[str]:
        """The contexts of the registry; only the default one where it has none, and where none are known nor `needed`."""
        if not self.capabilities.has(Feature.CONTEXTS) or not isinstance(self.translator, HasContexts):
            return ["."]
        lister = self.translator

        async def question() -> Sequence[str]:
            names = await self.ask(lister.contexts)
            if self.memory is not None:
                self._later(self.memory.keep_snapshot("contexts", list(names)))
            return names

        async def recall(memory: Memory) -> tuple[Sequence[str], float]:
            kept = await memory.snapshot("contexts")
            if kept is None and needed:
                raise Absent(f"The contexts of registry {self.id} were never listed")
            return kept or (["."], memory.age)

        return await self.patiently(("contexts", await self._changes.last_of(self.id)), question, recall)

    async def dependencies(self, schema: Schema, context: str, *, deleted: bool) -> tuple[Dependency, ...]:
        """The texts of all references, depth first; Absent where one is missing."""
        if not schema.references:
            return ()

        async def text_of(subject: str, version: int) -> StoredVersion:
            return await self.fetch(subject, None if version < 1 else version, deleted=deleted)

        return await resolve(schema.references, context, text_of)
