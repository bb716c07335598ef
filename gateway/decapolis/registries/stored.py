"""What the gateway's own store holds of one registry, read and written as a registry is.

The embedded registry is one of these that obeys its own settings; of every other registry it is the last known state, and
the place for what that registry cannot hold.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import Connection

from decapolis.store import Store, StoreUnavailable, schemas, settings
from decapolis.store.schemas import VersionRow
from decapolis_formats import Format, Schema
from decapolis_translators.contract import (
    Capabilities,
    NativeId,
    Ping,
    StoredVersion,
    Translator,
    TranslatorConfig,
)
from decapolis_translators.errors import (
    ConfigNotFound,
    SchemaNotFound,
    SubjectNotFound,
    SubjectRefused,
    Unreachable,
    Unsupported,
)
from decapolis_translators.subjects import Subject

from .documents import Documents

_DIALECT = frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF})


class OwnStoreFault(Unreachable):
    """The gateway's own store is at fault, not somebody else's registry."""


class StoredConfig(TranslatorConfig):
    """Nothing to configure: the store is the gateway's."""


class StoredRegistry(Translator[StoredConfig]):
    """Contexts, metadata, rules, references, levels and modes included; nothing is judged and no mode obeyed.

    Ids are never given twice and keep resolving after a permanent delete, because messages go on carrying them.
    """

    type: ClassVar[str] = "stored"
    Config: ClassVar[builtins.type[TranslatorConfig]] = StoredConfig

    def __init__(self, registry_id: str, config: StoredConfig, store: Store) -> None:
        super().__init__(registry_id, config)
        self.documents = Documents(registry_id)
        self._store = store

    @property
    def capabilities(self) -> Capabilities:
        """Everything that the dialect has."""
        return Capabilities(_DIALECT, _DIALECT)

    async def open(self) -> None:
        """Nothing to prepare: the store is open already."""

    async def close(self) -> None:
        """Nothing to give back: the store is closed by whoever opened it."""

    async def ping(self) -> Ping:
        """Reads one row."""
        count = await self._read(lambda c: schemas.highest_id(c, self.registry_id, "."))
        return Ping(version=None, cluster_id=None, facts={"highest_id": count})

    async def _read(self, work: Any) -> Any:
        try:
            return await self._store.read(work)
        except StoreUnavailable as fault:
            raise OwnStoreFault(f"The store of registry {self.registry_id} does not answer") from fault

    async def _write(self, work: Any) -> Any:
        try:
            return await self._store.write(work)
        except StoreUnavailable as fault:
            raise OwnStoreFault(f"The store of registry {self.registry_id} does not take the write") from fault

    # --- reading

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """All subjects of all contexts, in their qualified spelling."""
        rows = await self._read(lambda c: schemas.subject_names(c, self.registry_id, deleted=deleted))
        return sorted(str(Subject(*row)) for row in rows)

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The numbers, ascending."""
        rows = await self.version_rows(subject, deleted=deleted)
        return [row.version for row in rows]

    async def version_rows(self, subject: str, *, deleted: bool = False) -> list[VersionRow]:
        """The versions with their ids and states; SubjectNotFound when there is none."""
        demand_text(subject)
        context, name = Subject.parse(subject)
        rows: list[VersionRow] = await self._read(
            lambda c: schemas.version_rows(c, self.registry_id, context, name, deleted=deleted)
        )
        if not rows:
            raise SubjectNotFound(subject)
        return rows

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version; the newest live one where `version` is None."""
        found: StoredVersion = await self._read(lambda c: self.documents.fetch(c, subject, version, deleted=deleted))
        return found

    async def history(self, subject: str) -> list[StoredVersion]:
        """All versions of a subject in one reading, soft-deleted ones included; empty for an unknown subject."""
        found: list[StoredVersion] = await self._read(lambda c: self.documents.history(c, subject))
        return found

    async def fetch_by_id(self, native_id: NativeId, context: str = ".") -> Schema:
        """The schema of an id, whatever became of its versions."""
        found = await self._read(lambda c: schemas.schema_by_id(c, self.registry_id, context, _integer(native_id)))
        if found is None:
            raise SchemaNotFound(native_id)
        schema: Schema = found
        return schema

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The newest version of the subject that holds exactly this schema."""
        found: StoredVersion | None = await self._read(
            lambda c: self.documents.lookup(c, subject, schema, deleted=deleted)
        )
        return found

    async def usages(self, native_id: NativeId, context: str = ".", *, deleted: bool = False) -> list[tuple[str, int]]:
        """Subjects and versions that hold an id; SchemaNotFound for an id never given."""

        def work(connection: Connection) -> list[tuple[str, int]]:
            number = _integer(native_id)
            if schemas.guid_of_id(connection, self.registry_id, context, number) is None:
                raise SchemaNotFound(native_id)
            found = schemas.usages(connection, self.registry_id, context, number, deleted=deleted)
            return [(str(Subject(context, name)), version) for name, version in found]

        used: list[tuple[str, int]] = await self._read(work)
        return used

    async def referrers(self, subject: str, version: int, *, deleted: bool = False) -> list[NativeId]:
        """Ids of the schemas that refer to a version, ordered by context, then id."""
        context, name = Subject.parse(subject)
        found = await self._read(
            lambda c: schemas.referrer_ids(c, self.registry_id, context, name, version, deleted=deleted)
        )
        return [native_id for _, native_id in found]

    async def contexts(self) -> Sequence[str]:
        """Every context in which a schema was registered."""
        names: Sequence[str] = await self._read(lambda c: schemas.context_names(c, self.registry_id))
        return names

    async def drop_context(self, context: str) -> None:
        """Forgets an empty context."""
        await self._write(lambda c: schemas.drop_context(c, self.registry_id, context))

    async def highest_id(self, context: str = ".") -> int:
        """The highest id that the context ever gave."""
        highest: int = await self._read(lambda c: schemas.highest_id(c, self.registry_id, context))
        return highest

    async def ids_of_guid(self, guid: str) -> list[tuple[str, int]]:
        """Contexts and ids that hold a schema, the default context first."""
        found: list[tuple[str, int]] = await self._read(lambda c: schemas.ids_of_guid(c, self.registry_id, guid))
        return found

    async def highest_known_id(self, context: str = ".") -> int:
        """The highest id of a context that the store holds a text of, 0 for none."""
        found: int = await self._read(lambda c: schemas.highest_seen(c, self.registry_id, context))
        return found

    async def configured_subjects(self) -> list[str]:
        """Subjects with a configuration of their own."""
        rows = await self._read(lambda c: settings.all_settings(c, self.registry_id, "config"))
        return sorted(str(Subject(context, name)) for context, name, _ in rows if name)

    # --- writing

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Adds a version in one transaction: dedup, id, number and text are durable together or not at all."""
        return await self.register_alongside(subject, schema, native_id, version, lambda _, __: None)

    async def register_alongside(
        self,
        subject: str,
        schema: Schema,
        native_id: int | None,
        version: int | None,
        along: Callable[[Connection, dict[str, Any]], None],
    ) -> StoredVersion:
        """The same, with something else written in the same transaction once id and version are known."""

        def work(connection: Connection) -> StoredVersion:
            stored = self.documents.register(connection, subject, schema, native_id, version)
            along(connection, {"id": stored.native_id, "version": stored.version})
            return stored

        stored: StoredVersion = await self._write(work)
        return stored

    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Deletes softly or for good, in the dialect's order of checks."""
        gone: list[int] = await self._write(lambda c: self.documents.delete(c, subject, version, permanent=permanent))
        return gone

    async def erase(self, subjects: Sequence[str]) -> None:
        """Removes soft-deleted subjects for good, all or none; ReferenceExists where another subject refers to one."""
        await self._write(lambda c: self.documents.erase(c, subjects))

    # --- settings

    async def config(self, subject: str | None) -> Mapping[str, Any] | None:
        """What is set exactly there."""
        return await self._setting(subject, "config")

    async def set_config(self, subject: str | None, changes: Mapping[str, Any]) -> None:
        """Changes the named keys; a None clears one."""
        context, name = Subject.parse(subject or "")

        def work(connection: Connection) -> None:
            before = settings.setting(connection, self.registry_id, context, name, "config") or {}
            after = {key: value for key, value in {**before, **changes}.items() if value is not None}
            settings.keep_setting(connection, self.registry_id, context, name, "config", after)

        await self._write(work)

    async def clear_config(self, subject: str | None) -> None:
        """Removes what is set there."""
        await self._drop_setting(subject, "config")

    async def mode(self, subject: str | None) -> str | None:
        """What is set exactly there."""
        found = await self._setting(subject, "mode")
        return None if found is None else str(found["mode"])

    async def set_mode(self, subject: str | None, mode: str | None, *, force: bool = False) -> None:
        """Sets or clears it; entering IMPORT without `force` is the caller's to check."""
        if mode is None:
            await self._drop_setting(subject, "mode")
            return
        context, name = Subject.parse(subject or "")
        body = {"mode": mode}
        await self._write(lambda c: settings.keep_setting(c, self.registry_id, context, name, "mode", body))

    async def all_settings(self) -> Mapping[tuple[str, Subject], Any]:
        """Every configuration and every mode, by kind and place."""

        def work(connection: Connection) -> Mapping[tuple[str, Subject], Any]:
            configs = settings.all_settings(connection, self.registry_id, "config")
            modes = settings.all_settings(connection, self.registry_id, "mode")
            return {("config", Subject(context, name)): body for context, name, body in configs} | {
                ("mode", Subject(context, name)): body["mode"] for context, name, body in modes
            }

        found: Mapping[tuple[str, Subject], Any] = await self._read(work)
        return found

    async def _setting(self, subject: str | None, kind: str) -> Mapping[str, Any] | None:
        context, name = Subject.parse(subject or "")
        found: Mapping[str, Any] | None = await self._read(
            lambda c: settings.setting(c, self.registry_id, context, name, kind)
        )
        return found

    async def _drop_setting(self, subject: str | None, kind: str) -> None:
        context, name = Subject.parse(subject or "")
        gone = await self._write(lambda c: settings.drop_setting(c, self.registry_id, context, name, kind))
        if not gone:
            raise ConfigNotFound(subject or "")


def _integer(native_id: NativeId) -> int:
    if isinstance(native_id, int):
        return native_id
    raise SchemaNotFound(native_id)


def demand_references(schema: Schema, able: Capabilities) -> None:
    """Refuses references where nobody resolves those of the format."""
    if schema.references and schema.format not in able.references:
        raise Unsupported("references", f"References of {schema.format} documents are not resolved.")


def demand_text(subject: str) -> None:
    """Raises SubjectRefused for what no UTF-8 can carry."""
    try:
        subject.encode()
    except UnicodeEncodeError as error:
        raise SubjectRefused(f"Subject {subject!r} is not text") from error
