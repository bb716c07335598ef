"""One registry in use: its translator, the bounds around every call, and the memory that answers when it is down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from decapolis.audit import Along
from decapolis.cache import subject_scope
from decapolis_formats import Format, Schema
from decapolis_translators.catalog import Table
from decapolis_translators.contract import (
    Feature,
    HoldsConfig,
    HoldsModes,
    StoredVersion,
)
from decapolis_translators.errors import SubjectNotFound
from decapolis_translators.subjects import Subject

from .catalog import CatalogRegistry
from .memory import Memory, ReissuedId
from .reading import ReadRegistry
from .stored import StoredRegistry

T = TypeVar("T")


class LiveRegistry(ReadRegistry):
    """What operations ask: the registry's own answer, or the last known one with a note of its age.

    Reads fall back to memory when the registry is at fault; writes never do. Texts come back canonical, except from a
    home that speaks the dialect itself (`passes_through`).
    """

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

    # --- tables

    async def table(self, subject: str) -> Table | None:
        """The table of a subject of a catalog as it is now, None where there is none."""
        catalog = self.translator
        return await self.ask(lambda: catalog.table(subject)) if isinstance(catalog, CatalogRegistry) else None

    async def is_derived(self, subject: str) -> bool:
        """Whether a subject only shows the columns of a table that nobody registered; asks no registry."""
        catalog = self.translator
        return isinstance(catalog, CatalogRegistry) and await catalog.is_derived(subject)

    async def derived(self, subject: str, *formats: Format) -> Mapping[Format, str]:
        """The columns of such a table as Avro, Iceberg and SQL; SubjectNotFound, MissingLibrary."""
        catalog = self.translator
        if not isinstance(catalog, CatalogRegistry):
            raise SubjectNotFound(subject)
        return await self.ask(lambda: catalog.derived(subject, *formats))

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
