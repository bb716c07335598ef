"""One registry in use: its translator, the bounds around every call, and the memory that answers when it is down."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
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
from .known import Stands
from .memory import Memory, ReissuedId
from .overlay import Overlay
from .references import resolve
from .resilience import Caller
from .stored import StoredRegistry

T = TypeVar("T")
log = logging.getLogger(__name__)

CLOSE_SECONDS = 2.0
"""How long a stop waits for what is still being written down."""

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
        stale_after: float,
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
        self._stale_after = stale_after
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
        await self._flights.close()
        if self._background:
            # what was answered is remembered, also by a gateway that stops
            _, unfinished = await asyncio.wait(self._background, timeout=CLOSE_SECONDS)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
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
        call = current_call()
        if self.id in call.gave_up:
            raise Unreachable(f"Registry {self.id} did not answer in time a moment ago")
        outbound_headers.set(call.outbound_headers)
        asked_at = time.monotonic()
        try:
            answer = await self.caller.ask(question, repeatable=repeatable)
        except RegistryFault as fault:
            if self.id not in str(fault):
                fault.args = (f"Registry {self.id}: {fault}", *fault.args[1:])
            self.up, self.last_error = False, str(fault)
            self._metrics.upstream.labels(self.id, "fault").inc()
            self._note_wait(fault, time.monotonic() - asked_at)
            raise
        except RegistryError:
            # absent, refused: an answer all the same
            self._seen()
            raise
        self._seen()
        return answer

    def _note_wait(self, fault: RegistryFault, waited: float) -> None:
        """One wait for a registry that does not answer is enough for a request."""
        if isinstance(fault, Unreachable) and waited > self._stale_after:
            current_call().gave_up.add(self.id)

    def _seen(self) -> None:
        self.up, self.last_error = True, None
        self._metrics.upstream.labels(self.id, "answer").inc()
        if self.memory is not None:
            self._later(self.memory.note_seen())

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            log.warning("not remembered", extra={"registry": self.id, "reason": str(fault)})

    async def patiently(
        self,
        key: Hashable,
        question: Callable[[], Awaitable[T]],
        recall: Callable[[Memory], Awaitable[tuple[T, float]]],
    ) -> T:
        """One answer for all who ask the same; the last known one with its age when it does not come, or not soon.

        The question goes on when its asker takes the last known answer, and whoever asks next may find it answered.
        """
        memory = self.memory
        if memory is None:
            return await question()
        call = current_call()
        flight = self._flights.start(key, question)
        asked_at = time.monotonic()
        done, _ = await asyncio.wait({flight}, timeout=call.patience(self._stale_after))
        if not done:
            try:
                return await self._recalled(memory, recall)
            except Absent:
                await asyncio.wait({flight})
        try:
            return flight.result()
        except ReissuedId:
            raise
        except RegistryFault as fault:
            self._note_wait(fault, time.monotonic() - asked_at)
            if call.wants_fresh:
                raise
            try:
                return await self._recalled(memory, recall)
            except Absent:
                raise fault from None

    async def _recalled(self, memory: Memory, recall: Callable[[Memory], Awaitable[tuple[T, float]]]) -> T:
        answer, age = await recall(memory)
        current_call().note_stale(age)
        return answer

    async def _key(self, subject: str, *rest: Hashable) -> Hashable:
        """Who asks after a change to the subject does not get what was asked before it."""
        return (subject, await self._changes.last_of(subject_scope(self.id, subject)), *rest)

    async def _standing(self, subject: str) -> Stands:
        """To be asked before a question: whether its answer, once it is there, is still the state of the subject."""
        return self._changes.stands((subject_scope(self.id, subject),), await self._changes.now())

    async def ping(self) -> Ping:
        """Asks whether it is there."""
        return await self.ask(self.translator.ping)

    # --- reading

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
        if self.memory is not None:
            try:
                return await self.memory.recorded.fetch_by_id(native_id, context)
            except SchemaNotFound:
                pass
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
            if self.memory is None:
                return await self.ask(lambda: self.translator.lookup(subject, schema, deleted=deleted))
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

    # --- writing

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Adds a version and remembers it."""
        stored = await self.ask(
            lambda: self.translator.register(subject, schema, native_id=native_id, version=version),
            repeatable=False,
        )
        native = stored.native_id
        if self.memory is None or not isinstance(native, int):
            return stored
        # numbered before it is remembered: an older answer that comes late is not remembered over it
        await self._changes.count(subject_scope(self.id, subject), self.id)
        if not self._learns:
            await self.memory.relisted(subject)
            return stored
        context = Subject.parse(stored.subject).context
        stored = replace(stored, schema=await self._canonical(stored.schema, context))
        try:
            await self.memory.added(context, native, stored.schema, stored)
        except ReissuedId:
            self._metrics.reissued.labels(self.id).inc()
            raise
        return stored

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
        if self.memory is not None:
            # numbered before it is remembered: an older answer that comes late is not remembered over it
            await self._changes.count(subject_scope(self.id, subject), self.id)
            if self._learns:
                await self.memory.erase(subject, gone, permanent=permanent)
            else:
                await self.memory.relisted(subject)
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

    async def setting(self, spelled: str | None, kind: str, scope: str, ask: Callable[[], Awaitable[T]]) -> T:
        """A configuration or a mode, remembered; the last known one when the registry is at fault or slow."""

        async def question() -> T:
            stands = self._changes.stands((scope,), await self._changes.now())
            value = await ask()
            if self.memory is not None:
                self._later(self.memory.keep_setting(spelled or "", kind, value, stands))
            return value

        async def recall(memory: Memory) -> tuple[T, float]:
            return await memory.known_setting(spelled or "", kind), memory.age

        return await self.patiently((kind, spelled, await self._changes.last_of(scope)), question, recall)

    async def forget_setting(self, spelled: str | None) -> None:
        """Forgets what was last read there: it changes, and what it was before may be shown to nobody any more."""
        if self.memory is not None:
            await self.memory.forget_settings(spelled or "")

    @property
    def health(self) -> Mapping[str, Any]:
        """What is known without asking."""
        return {"up": self.up, "breaker": self.caller.breaker.state, "error": self.last_error}
