"""One registry in use: its translator, the bounds around every call, and the memory that answers when it is down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from decapolis.audit import Along
from decapolis.cache import Changes, SingleFlight, subject_scope
from decapolis.metrics import Metrics
from decapolis.settings import RegistryEntry
from decapolis.web import current_call
from decapolis_formats import Dependency, FormatError, Schema, engine_of
from decapolis_translators.contract import (
    Capabilities,
    Feature,
    HasContexts,
    HoldsConfig,
    HoldsModes,
    ListsReferrers,
    ListsUsages,
    NativeId,
    Ping,
    StoredVersion,
    Translator,
)
from decapolis_translators.errors import (
    Absent,
    RegistryError,
    RegistryFault,
    SchemaNotFound,
    SubjectNotFound,
    Unreachable,
)
from decapolis_translators.subjects import Subject
from decapolis_translators.tracing import outbound_headers

from .catalog import CatalogRegistry
from .histories import Histories
from .memory import Memory, ReissuedId
from .overlay import Overlay
from .references import resolve
from .resilience import Caller
from .stored import StoredRegistry

T = TypeVar("T")

TOGETHER = 8
"""How many versions of a history are asked for at once."""


class LiveRegistry:
    """What operations ask: the registry's own answer, or the last known one with a note of its age.

    Reads fall back to memory when the registry is at fault; writes never do. Texts come back canonical, except from a
    home that speaks the dialect itself (`passes_through`).
    """

    def __init__(
        self,
        entry: RegistryEntry,
        translator: Translator[Any],
        memory: Memory | None,
        changes: Changes,
        metrics: Metrics,
        *,
        passes_through: bool,
    ) -> None:
        self.entry = entry
        self.id = entry.id
        self.translator = translator
        self.memory = memory
        self.caller = Caller(entry.id, entry.resilience)
        self._flights = SingleFlight()
        self._changes = changes
        self._metrics = metrics
        self._histories = Histories() if memory is None and not changes.shared else None
        self._passes_through = passes_through
        self._learns = memory is not None and not isinstance(translator, (Overlay, CatalogRegistry))
        """Whether answers must be kept to be known later: an overlay and a catalog keep them themselves."""
        self._background: set[asyncio.Task[None]] = set()
        self.up: bool | None = None
        self.last_error: str | None = None
        self._quarantined: str | None = None

    @property
    def capabilities(self) -> Capabilities:
        """What the registry can do, as far as is known now."""
        return self.translator.capabilities

    @property
    def is_local(self) -> bool:
        """Whether it lives in the gateway's own store."""
        return self.memory is None

    async def close(self) -> None:
        """Ends what still runs for it."""
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.translator.close()

    def quarantine(self, reason: str) -> None:
        """Stops asking it for anything: another cluster answers under its address, whose ids mean other schemas."""
        self._quarantined = reason
        self.up, self.last_error = False, reason

    # --- asking

    async def ask(self, question: Callable[[], Awaitable[T]], *, repeatable: bool = True) -> T:
        """One question within all bounds."""
        if not self.entry.enabled:
            raise Unreachable(f"Registry {self.id} is disabled")
        if self._quarantined is not None:
            raise Unreachable(f"Registry {self.id} is not asked any more: {self._quarantined}")
        if self.is_local:
            return await question()
        outbound_headers.set(current_call().outbound_headers)
        try:
            answer = await self.caller.ask(question, repeatable=repeatable)
        except RegistryFault as fault:
            if self.id not in str(fault):
                fault.args = (f"Registry {self.id}: {fault}", *fault.args[1:])
            self.up, self.last_error = False, str(fault)
            self._metrics.upstream.labels(self.id, "fault").inc()
            raise
        except RegistryError:
            # absent, refused: an answer all the same
            self._seen()
            raise
        self._seen()
        return answer

    def _seen(self) -> None:
        self.up, self.last_error = True, None
        self._metrics.upstream.labels(self.id, "answer").inc()
        if self.memory is not None:
            self._later(self.memory.note_seen())

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _remembering(
        self, question: Callable[[], Awaitable[T]], recall: Callable[[StoredRegistry], Awaitable[T]]
    ) -> T:
        """The registry's answer; the last known one, marked stale, when the registry is at fault."""
        try:
            return await self.ask(question)
        except ReissuedId:
            self._metrics.reissued.labels(self.id).inc()
            raise
        except RegistryFault as fault:
            if self.memory is None:
                raise
            try:
                answer = await recall(self.memory.recorded)
            except Absent:
                raise fault from None
            current_call().note_stale(self.memory.age)
            return answer

    async def ping(self) -> Ping:
        """Asks whether it is there."""
        return await self.ask(self.translator.ping)

    # --- reading

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """All subjects; the last snapshot when the registry is at fault, and the fault when there is none."""
        name = "subjects-deleted" if deleted else "subjects"
        try:
            names = await self._flights.share(name, lambda: self.ask(lambda: self.translator.subjects(deleted=deleted)))
        except RegistryFault:
            kept = None if self.memory is None else await self.memory.snapshot(name)
            if kept is None:
                raise
            current_call().note_stale(kept[1])
            return list(kept[0])
        if self.memory is not None:
            await self.memory.keep_snapshot(name, names)
        return names

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The numbers, ascending."""

        async def question() -> list[int]:
            numbers = await self.translator.versions(subject, deleted=deleted)
            if self._learns and self.memory is not None and not deleted:
                self._later(self.memory.keep_numbers(subject, numbers))
            return numbers

        return await self._remembering(question, lambda kept: kept.versions(subject, deleted=deleted))

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version, canonical, remembered."""

        async def question() -> StoredVersion:
            return await self._kept(await self.translator.fetch(subject, version, deleted=deleted))

        async def both() -> StoredVersion:
            return await self._remembering(question, lambda kept: kept.fetch(subject, version, deleted=deleted))

        if self.is_local:
            return await both()
        return await self._flights.share((subject, version, deleted), both)

    async def _kept(self, stored: StoredVersion) -> StoredVersion:
        if self.memory is None or not self._learns or not isinstance(stored.native_id, int):
            return stored
        context = Subject.parse(stored.subject).context
        schema = await self._canonical(stored.schema, context)
        await self.memory.keep(context, stored.native_id, schema, stored)
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
        try:
            return await self.memory.recorded.fetch_by_id(native_id, context)
        except SchemaNotFound:
            return await self._flights.share((native_id, context), lambda: self._first_seen(native_id, context))

    async def _first_seen(self, native_id: int, context: str) -> Schema:
        schema = await self.ask(lambda: self.translator.fetch_by_id(native_id, context))
        if not self._learns:
            return schema
        schema = await self._canonical(schema, context)
        if self.memory is not None:
            await self.memory.keep(context, native_id, schema)
        return schema

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version that holds exactly this schema."""
        if self._histories is not None:
            everything = await self.history(subject, deleted=deleted)
            if not everything:
                raise SubjectNotFound(subject)
            same = (each for each in reversed(everything) if each.schema.fingerprint == schema.fingerprint)
            return next(same, None)

        async def question() -> StoredVersion | None:
            found = await self.translator.lookup(subject, schema, deleted=deleted)
            return None if found is None else await self._kept(found)

        return await self._remembering(question, lambda kept: kept.lookup(subject, schema, deleted=deleted))

    async def history(self, subject: str, *, deleted: bool = False) -> list[StoredVersion]:
        """The versions in ascending order, read through; empty for an unknown subject."""
        if isinstance(self.translator, StoredRegistry):
            found = await self._local_history(self.translator, subject)
            return [each for each in found if deleted or not each.deleted]
        try:
            numbers = await self.ask(lambda: self.translator.versions(subject, deleted=deleted))
        except SubjectNotFound:
            return []
        history: list[StoredVersion] = []
        for at in range(0, len(numbers), TOGETHER):
            # some at a time: a long history must neither take a round trip each nor crowd out everybody else
            asked = (self._historic(subject, number, deleted=deleted) for number in numbers[at : at + TOGETHER])
            history += await asyncio.gather(*asked)
        return history

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

    async def _historic(self, subject: str, number: int, *, deleted: bool) -> StoredVersion:
        stored = await self.ask(lambda: self.translator.fetch(subject, number, deleted=deleted))
        return await self._kept(stored)

    async def usages(self, native_id: int, context: str = ".", *, deleted: bool = False) -> list[tuple[str, int]]:
        """Subjects and versions that hold an id."""
        if not isinstance(self.translator, ListsUsages):
            raise SchemaNotFound(native_id)
        lister = self.translator

        async def question() -> list[tuple[str, int]]:
            return await lister.usages(native_id, context, deleted=deleted)

        return await self._remembering(question, lambda kept: kept.usages(native_id, context, deleted=deleted))

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

    async def contexts(self) -> Sequence[str]:
        """The contexts of the registry; only the default one where it has none."""
        if not self.capabilities.has(Feature.CONTEXTS) or not isinstance(self.translator, HasContexts):
            return ["."]
        lister = self.translator
        return await self.ask(lister.contexts)

    async def dependencies(self, schema: Schema, context: str, *, deleted: bool) -> tuple[Dependency, ...]:
        """The texts of all references, depth first; Absent where one is missing."""
        if not schema.references:
            return ()

        async def text_of(subject: str, version: int) -> StoredVersion:
            return await self.fetch(subject, None if version < 1 else version, deleted=deleted)

        return await resolve(schema.references, context, text_of)

    # --- writing

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Adds a version and remembers it."""
        stored = await self.ask(
            lambda: self.translator.register(subject, schema, native_id=native_id, version=version),
            repeatable=False,
        )
        return await self._kept(stored)

    async def register_alongside(
        self, subject: str, schema: Schema, native_id: int | None, version: int | None, along: Along
    ) -> StoredVersion:
        """Adds a version to the gateway's own registry, with an entry of the trail in the same transaction."""
        local = self.translator
        if not isinstance(local, StoredRegistry):
            raise TypeError(f"registry {self.id} does not live in the gateway's store")
        return await self.ask(lambda: local.register_alongside(subject, schema, native_id, version, along))

    async def delete(self, subject: str, version: int | None, *, permanent: bool) -> list[int]:
        """Deletes and remembers it."""
        gone = await self.ask(lambda: self.translator.delete(subject, version, permanent=permanent), repeatable=False)
        if self.memory is not None and self._learns:
            await self.memory.erase(subject, gone, permanent=permanent)
        return gone

    async def erase(self, subjects: Sequence[str]) -> None:
        """Removes soft-deleted subjects of the gateway's own registry for good, all or none."""
        local = self.translator
        if not isinstance(local, StoredRegistry):
            raise TypeError(f"registry {self.id} does not live in the gateway's store")
        await self.ask(lambda: local.erase(subjects), repeatable=False)

    # --- settings

    @property
    def config_holder(self) -> HoldsConfig | None:
        """The registry as a keeper of levels, None where it keeps none."""
        able = self.capabilities.has(Feature.LEVELS) and isinstance(self.translator, HoldsConfig)
        return self.translator if able and isinstance(self.translator, HoldsConfig) else None

    @property
    def mode_holder(self) -> HoldsModes | None:
        """The registry as a keeper of modes, None where it keeps none."""
        able = self.capabilities.has(Feature.MODES) and isinstance(self.translator, HoldsModes)
        return self.translator if able and isinstance(self.translator, HoldsModes) else None

    @property
    def keeps_settings_here(self) -> bool:
        """Whether its configuration and modes are rows of the gateway's own store."""
        return self.is_local

    async def settings_here(self) -> Mapping[tuple[str, Subject], Any]:
        """Every configuration and mode of a local registry, by kind and place."""
        return await self.ask(self._recorded.all_settings)

    async def remember_setting(self, spelled: str | None, kind: str, value: Any) -> None:
        """Keeps a setting as last read, for the time when the registry cannot be asked."""
        if self.memory is not None:
            self._later(self.memory.keep_setting(spelled or "", kind, value))

    async def known_setting(self, spelled: str | None, kind: str) -> Any:
        """A setting as last read, None where it never was."""
        return None if self.memory is None else await self.memory.known_setting(spelled or "", kind)

    @property
    def health(self) -> Mapping[str, Any]:
        """What is known without asking."""
        return {"up": self.up, "breaker": self.caller.breaker.state, "error": self.last_error}
