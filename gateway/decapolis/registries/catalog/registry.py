"""A catalog, as the rest of the gateway sees it: a whole registry.

Documents, versions and ids are rows of the gateway's store and need nobody else to be read. A write is planned before anything
is written, then committed, then copied into the catalog where it has a place for it, then its table follows; the answer waits
a little for that. Tables that nobody registered are shown as subjects that can only be read.
"""

from __future__ import annotations

import asyncio
import builtins
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast

from sqlalchemy import Connection

from decapolis.registries.overlay.state import Found, State
from decapolis.registries.stored import OwnStoreFault, StoredConfig, StoredRegistry, demand_references, demand_text
from decapolis.store import Store, StoreUnavailable
from decapolis.store.projections import (
    APPLIED,
    LEFT,
    MirrorRow,
    ProjectionRow,
    all_projections,
    drop_projection,
    keep_projection,
    owe_mirror,
    owed_mirrors,
    projection,
    settle_mirror,
)
from decapolis.web import current_call
from decapolis_formats import Format, Schema
from decapolis_formats.options import Dialect, Options
from decapolis_formats.transform import print_model
from decapolis_formats.types import Model, Named
from decapolis_translators.catalog import Catalog, Document, Projection, Table
from decapolis_translators.contract import (
    Capabilities,
    Feature,
    Listed,
    NativeId,
    Ping,
    StoredVersion,
    Translator,
    TranslatorConfig,
    Way,
)
from decapolis_translators.errors import (
    Absent,
    NotPermitted,
    RegistryError,
    SubjectNotFound,
    SubjectRefused,
)

from .projecting import Intended, Projector

log = logging.getLogger(__name__)

T = TypeVar("T")

_DIALECT = frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF})
_TABLELESS = frozenset({Format.OPENAPI, Format.ASYNCAPI})
DERIVED = (Format.AVRO, Format.ICEBERG, Format.SQL_DDL)
"""The formats in which a table that nobody registered is shown."""
_LACKS = {
    Feature.CONTEXTS: "A catalog has no contexts; its subjects are tables.",
    Feature.LEVELS: "A catalog keeps no levels; the gateway keeps and enforces them.",
    Feature.CONFIG: "A catalog keeps no configuration; the gateway does.",
    Feature.MODES: "A catalog knows no modes; the gateway keeps and obeys them.",
    Feature.NATIVE_CHECK: "A catalog judges no schemas; its engine only says which columns it can change.",
    Feature.SERVER_SIDE_RULES: "A catalog applies no rules to messages.",
}

ModeOf = Callable[[str], Projection | None]
"""What the route of a subject says about its table, None where it says nothing."""


class CatalogRegistry(Translator[TranslatorConfig]):
    """Documents here, tables there."""

    type: ClassVar[str] = "catalog"
    Config: ClassVar[builtins.type[TranslatorConfig]] = TranslatorConfig

    def __init__(
        self, catalog: Catalog[Any], store: Store, base: int, span: int, mode_of: ModeOf = lambda _: None
    ) -> None:
        super().__init__(catalog.registry_id, catalog.settings)
        self.catalog = catalog
        self.base = base
        self.span = span
        self.documents = StoredRegistry(catalog.registry_id, StoredConfig(), store)
        self.projector = Projector(catalog, self.documents, store)
        self._state = State(catalog.registry_id, base)
        self._store = store
        self._mode_of = mode_of
        self._left: set[asyncio.Task[None]] = set()

    @property
    def capabilities(self) -> Capabilities:
        """Everything that the gateway keeps; what is missing is what nobody keeps."""
        native = self.catalog.capabilities
        ways = {each: native.way(each) if each in native.formats else _way(each) for each in Format}
        return Capabilities(frozenset(Format), _DIALECT, {**_LACKS, **native.missing}, ways)

    async def open(self) -> None:
        """Opens the catalog."""
        await self.catalog.open()

    async def close(self) -> None:
        """Ends what writes left to do, which the next start takes up, and closes the catalog."""
        left = tuple(self._left)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self.catalog.close()

    async def ping(self) -> Ping:
        """Asks the catalog, and takes up what is left to be done there."""
        answer = await self.catalog.ping()
        await self.copy_all()
        await self.projector.follow_all()
        return answer

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Reads from the store."""
        try:
            return cast("T", await self._store.read(work))
        except StoreUnavailable as fault:
            raise OwnStoreFault("The gateway's store does not answer") from fault

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Writes to the store in one transaction."""
        try:
            return cast("T", await self._store.write(work))
        except StoreUnavailable as fault:
            raise OwnStoreFault("The gateway's store does not take the write") from fault

    # --- tables that nobody registered

    async def _is_ours(self, subject: str) -> bool:
        """Whether the gateway keeps documents of it, rather than columns that it saw."""

        def work(connection: Connection) -> bool:
            if projection(connection, self.registry_id, subject) is not None:
                return True
            rows = self._state.documents.rows(connection, subject)
            return bool(rows) and not self._state.natives(connection, subject)

        return await self.read(work)

    async def _look(self, subject: str) -> None:
        """Takes in the columns of a table that nobody registered, as they are now; one look is enough for a request."""
        demand_text(subject)
        seen = current_call().looked
        if (seen is not None and (self.registry_id, subject) in seen) or await self._is_ours(subject):
            return
        await self._look_at_table(subject)
        if seen is not None:
            seen.add((self.registry_id, subject))

    async def _look_at_table(self, subject: str) -> None:
        try:
            name = self.catalog.table_of(subject)
            shown = self.catalog.subject_of(name) == subject
        except SubjectRefused:
            return
        table = await self.catalog.table(name) if shown else None
        if table is None or table.subject is not None:
            known = await self.read(lambda c: self._state.natives(c, subject))
            if known:
                await self.write(lambda c: self._state.learn(c, subject, [], set()))
            return
        known_keys = {row.native_key: row for row in await self.read(lambda c: self._state.natives(c, subject))}
        if table.fingerprint in known_keys:
            return
        number = max((row.native_version for row in known_keys.values()), default=0) + 1
        found = Found(Listed(number, table.fingerprint), derived(table))
        await self.write(lambda c: self._state.learn(c, subject, [found], {table.fingerprint, *known_keys}))

    async def table(self, subject: str) -> Table | None:
        """The subject's table as it is now, None where there is none."""
        try:
            return await self.catalog.table(self.catalog.table_of(subject))
        except SubjectRefused:
            return None

    async def is_derived(self, subject: str) -> bool:
        """Whether the subject only shows the columns of a table that nobody registered."""
        return bool(await self.read(lambda c: self._state.natives(c, subject)))

    async def derived(self, subject: str, *formats: Format) -> Mapping[Format, str]:
        """The columns of such a table as they are now, in these formats or in all three; SubjectNotFound for others."""
        await self._look(subject)
        table = await self.table(subject) if await self.is_derived(subject) else None
        if table is None:
            raise SubjectNotFound(subject)
        return {format: columns_as(table, format, self.catalog.sql_dialect) for format in formats or DERIVED}

    # --- reading

    async def subjects(self, *, deleted: bool = False) -> list[str]:
        """Those with documents, and the tables that nobody registered."""
        everything = set(await self.documents.subjects(deleted=True))
        live = everything if deleted else set(await self.documents.subjects())
        taken = {self._table_or_none(subject) for subject in everything}
        rows = await self.read(lambda c: all_projections(c, self.registry_id))
        taken |= {row.table_name for row in rows if row.state == LEFT}
        tables = await self.catalog.tables()
        derived_names = {self.catalog.subject_of(name) for name in tables if name not in taken}
        return sorted(live | derived_names)

    def _table_or_none(self, subject: str) -> str | None:
        try:
            return self.catalog.table_of(subject)
        except SubjectRefused:
            return None

    async def versions(self, subject: str, *, deleted: bool = False) -> list[int]:
        """The numbers, ascending."""
        await self._look(subject)
        return await self.documents.versions(subject, deleted=deleted)

    async def fetch(self, subject: str, version: int | None = None, *, deleted: bool = False) -> StoredVersion:
        """One version; the catalog is asked only about tables that nobody registered."""
        await self._look(subject)
        return await self.documents.fetch(subject, version, deleted=deleted)

    async def fetch_by_id(self, native_id: NativeId, context: str = ".") -> Schema:
        """The schema of an id; the catalog has no say in it."""
        return await self.documents.fetch_by_id(native_id, context)

    async def lookup(self, subject: str, schema: Schema, *, deleted: bool = False) -> StoredVersion | None:
        """The version that holds the schema."""
        await self._look(subject)
        return await self.documents.lookup(subject, schema, deleted=deleted)

    async def usages(self, native_id: NativeId, context: str = ".", *, deleted: bool = False) -> list[tuple[str, int]]:
        """Subjects and versions that hold an id."""
        return await self.documents.usages(native_id, context, deleted=deleted)

    async def referrers(self, subject: str, version: int, *, deleted: bool = False) -> list[NativeId]:
        """Ids of the schemas that refer to a version."""
        return await self.documents.referrers(subject, version, deleted=deleted)

    # --- writing

    def mode_of(self, subject: str) -> Projection:
        """What becomes of the subject's table: as its route says, else as the registry does."""
        said: Projection = self._mode_of(subject) or self.catalog.settings.projection
        return said

    async def intended(self, subject: str, schema: Schema) -> Intended | None:
        """What a registration would do to the table; Incompatible where the engine cannot follow."""
        self.catalog.admit(subject, schema)
        if schema.format in _TABLELESS:
            return None
        return await self.projector.intended(subject, schema, self.mode_of(subject))

    async def register(
        self, subject: str, schema: Schema, *, native_id: int | None = None, version: int | None = None
    ) -> StoredVersion:
        """Plans, commits, copies, and lets the table follow."""
        self.catalog.admit(subject, schema)  # what can never be held is refused before anything is asked
        demand_references(schema, self.capabilities)
        if not await self._is_ours(subject):
            await self._look(subject)
            if await self.read(lambda c: self._state.natives(c, subject)):
                raise NotPermitted(
                    f"Subject '{subject}' shows the columns of a table that nobody registered: it can only be read"
                )
        known = await self._known(subject, schema) if native_id is None else None
        if known is not None:
            return known
        intended = await self.intended(subject, schema)
        follows = intended is not None and self.mode_of(subject) is Projection.TABLE

        def work(connection: Connection) -> StoredVersion:
            stored = self._state.documents.register(connection, subject, schema, native_id, version)
            owe_mirror(connection, self.registry_id, MirrorRow(subject, stored.version, gone=False))
            if intended is not None and follows:
                self.projector.note_pending(connection, stored, intended)
            return stored

        stored = await self.write(work)
        await self._settle(subject, follows=follows)
        return stored

    async def _known(self, subject: str, schema: Schema) -> StoredVersion | None:
        try:
            return await self.documents.lookup(subject, schema)
        except SubjectNotFound:
            return None

    async def _settle(self, subject: str, *, follows: bool) -> None:
        """Copies and projects for as long as the answer may wait; what is left is taken up later."""
        work = asyncio.create_task(self._copy_and_follow(subject, follows=follows))
        self._left.add(work)
        work.add_done_callback(self._left.discard)
        work.add_done_callback(_note_end)
        await asyncio.wait({work}, timeout=self.catalog.settings.projection_wait)
        if follows:
            row = await self.projector.row(subject)
            state = "pending" if row is None else row.state
            current_call().projection = state if row is None or row.state == APPLIED else f"{state}; {row.reason or ''}"

    async def _copy_and_follow(self, subject: str, *, follows: bool) -> None:
        await self.copy_all(subject)
        if follows:
            await self.projector.follow(subject)

    async def delete(self, subject: str, version: int | None = None, *, permanent: bool = False) -> list[int]:
        """Takes documents away; the table stays, unless it is ours and the configuration says that it goes along."""
        if not await self._is_ours(subject):
            await self._look(subject)
            if await self.read(lambda c: self._state.natives(c, subject)):
                raise NotPermitted(
                    f"Subject '{subject}' shows a table that nobody registered: it cannot be deleted here"
                )
        documents = self._state.documents
        row = await self.projector.row(subject)
        gone = await self.read(lambda c: documents.deletable(c, subject, version, permanent=permanent))
        dropping = permanent and version is None and self.catalog.settings.drop_on_permanent_delete
        dropped = dropping and row is not None and await self._dropped(subject, row.table_name)

        def work(connection: Connection) -> list[int]:
            numbers = documents.delete(connection, subject, version, permanent=permanent)
            for number in numbers:
                owe_mirror(connection, self.registry_id, MirrorRow(subject, number, gone=permanent))
            if permanent and not documents.rows(connection, subject):
                self._forget(connection, subject, None if dropped else row)
            return numbers

        gone = await self.write(work)
        await self._settle(subject, follows=False)
        return gone

    def _forget(self, connection: Connection, subject: str, left: ProjectionRow | None) -> None:
        """A table that stays is remembered, so that it is not taken for somebody else's and shown as a subject."""
        if left is None:
            drop_projection(connection, self.registry_id, subject)
        else:
            keep_projection(connection, self.registry_id, left._replace(state=LEFT, reason=None, lease_until_ms=0))

    async def _dropped(self, subject: str, name: str) -> bool:
        """Drops a table that is the subject's; whether there is none any more."""
        table = await self.catalog.table(name)
        if table is not None and table.subject == subject:
            await self.catalog.drop(name)
            return True
        return table is None

    # --- the copy in the catalog

    async def copy_all(self, subject: str | None = None) -> None:
        """Brings the copies up to date that are owed; a fault leaves them owed."""
        owed: Sequence[MirrorRow] = await self.read(lambda c: owed_mirrors(c, self.registry_id))
        for row in owed:
            if subject is not None and row.subject != subject:
                continue
            try:
                deleted = await self._copy(row)
            except RegistryError as fault:
                log.warning("copy waits", extra={"registry": self.registry_id, "reason": str(fault)})
                return
            await self._copied(row, deleted)

    async def _copied(self, row: MirrorRow, deleted: bool | None) -> None:
        """Settled, unless the version was deleted while it was copied: then the copy that is there is not its last."""

        def work(connection: Connection) -> None:
            rows = self._state.documents.rows(connection, row.subject)
            now = next((each.deleted for each in rows if each.version == row.version), None)
            if row.gone or now == deleted:
                settle_mirror(connection, self.registry_id, row)

        await self.write(work)

    async def _copy(self, row: MirrorRow) -> bool | None:
        """Brings one copy up to date; whether it was told as deleted, None where there is none any more."""
        if row.gone:
            await self.catalog.unmirror(row.subject, row.version)
            return None
        try:
            stored = await self.documents.fetch(row.subject, row.version, deleted=True)
        except Absent:
            return None  # it went meanwhile, which is noted as well
        number = stored.native_id
        if not isinstance(number, int):
            raise TypeError(f"the store gave {number!r} as an id")
        public_id = self.base + number
        await self.catalog.mirror(
            Document(row.subject, row.version, public_id, stored.schema, stored.deleted, stored.created_ms)
        )
        return stored.deleted


def _note_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.warning("what a write left to do ended in a fault", extra={"reason": str(task.exception())})


def _way(format: Format) -> Way:
    return Way.KEPT if format in _TABLELESS else Way.TRANSFORMED


def derived(table: Table) -> Schema:
    """The columns of a table as an Avro record of its name."""
    return Schema(Format.AVRO, columns_as(table, Format.AVRO))


def columns_as(table: Table, format: Format, dialect: Dialect = Dialect.ANSI) -> str:
    """The columns of a table as a text of a format, named as the table is."""
    name = table.name.rpartition(".")[2]
    model = Model(Named(name), definitions={name: table.model})
    return print_model(model, format, Options(name=name, dialect=dialect)).text
