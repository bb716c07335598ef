"""One schema of Snowflake as a catalog."""

from __future__ import annotations

import builtins
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import ClassVar

import httpx

from decapolis_formats import Format
from decapolis_formats.extras import MissingLibrary
from decapolis_formats.options import Dialect
from decapolis_formats.types import Model, Struct
from decapolis_translators.catalog import Catalog, CatalogConfig, Document, Plan, Step, Table
from decapolis_translators.contract import Capabilities, Ping, Way
from decapolis_translators.errors import Incompatible, RegistryError, RegistryFault, WriteConflict

from .client import Row, SnowflakeClient
from .config import SnowflakeConfig
from .faults import ObjectMissing, SchemaMissing
from .history import History
from .horizon import Horizon
from .naming import Naming, parts
from .planning import planned
from .statements import Statement, dotted, literal
from .tables import read_columns, table_from

log = logging.getLogger(__name__)

PAGE = 10_000
"""Rows that SHOW gives at most."""

_WHO = (
    'SELECT CURRENT_VERSION() AS "version", CURRENT_ACCOUNT() AS "account", CURRENT_ROLE() AS "role", '
    'CURRENT_WAREHOUSE() AS "warehouse"'
)
_MOST_MISSING = 1_000
_UNSUPPORTED = "Unsupported feature"


class SnowflakeCatalog(Catalog[SnowflakeConfig]):
    """Speaks the SQL API, and nothing else unless Horizon is asked for."""

    type: ClassVar[str] = "snowflake"
    Config: ClassVar[builtins.type[CatalogConfig]] = SnowflakeConfig
    sql_dialect: ClassVar[Dialect] = Dialect.SNOWFLAKE

    def __init__(
        self, registry_id: str, config: SnowflakeConfig, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        super().__init__(registry_id, config)
        self._client = SnowflakeClient(config, transport)
        self._naming = Naming(config.database, config.schema_name, config.table)
        self._history = History(config, self._client)
        self._horizon = Horizon(self._client, config.database)
        self._missing: dict[str, str] = {}
        """Schemas that subjects named and that are not there, with the words that say so."""

    @property
    def capabilities(self) -> Capabilities:
        """Documents of the dialect's formats, and tables in SQL that they are shown as."""
        formats = frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF, Format.SQL_DDL})
        documents = formats - {Format.SQL_DDL}
        return Capabilities(formats, ways=dict.fromkeys(documents, Way.TRANSFORMED))

    async def open(self) -> None:
        """Prepares the client and reads the key."""
        self._client.open()

    async def close(self) -> None:
        """Closes the client."""
        await self._client.close()

    async def ping(self) -> Ping:
        """Asks who we are, which needs no warehouse; and Horizon, where that is wished."""
        row = (await self._client.run(Statement(_WHO)))[0]
        facts = {"role": row.get("role"), "warehouse": row.get("warehouse"), "horizon": await self._horizon_fact()}
        return Ping(row.get("version"), row.get("account"), facts)

    async def _horizon_fact(self) -> str:
        if not self.settings.horizon:
            return "not asked: `horizon` is false"
        try:
            return f"answers, prefix {await self._horizon.prefix()}"
        except RegistryError as fault:
            return f"does not answer: {fault}"

    @property
    def _schemas(self) -> Iterable[str]:
        return dict.fromkeys((self.settings.schema_name, *self.settings.schemas))

    # --- tables

    def table_of(self, subject: str) -> str:
        """By the naming rules."""
        return self._naming.table_of(subject)

    def subject_of(self, table: str) -> str:
        """By the naming rules."""
        return self._naming.subject_of(table)

    async def tables(self) -> list[str]:
        """The tables of the configured schemas that the globs expose; the history is none of them."""
        found = [name for schema in self._schemas for name in await self._shown_in(schema)]
        globs = self.settings.tables
        return sorted(
            name for name in found if name != self._history.table and any(fnmatchcase(name, glob) for glob in globs)
        )

    async def _shown_in(self, schema: str) -> list[str]:
        database = self.settings.database
        names: dict[str, None] = {}
        after = ""
        while True:
            text = f"SHOW TERSE TABLES IN SCHEMA {dotted(database, schema)} LIMIT {PAGE}{after}"
            rows = await self._client.run(Statement(text))
            new = [name for row in rows if (name := row.get("name")) is not None and name not in names]
            names.update(dict.fromkeys(new))
            if len(rows) < PAGE or not new:
                return [f"{database}.{schema}.{name}" for name in names]
            after = f" FROM {literal(new[-1])}"

    async def table(self, name: str) -> Table | None:
        """One table: its comment and its columns come by two statements; one that is missing takes only the first."""
        shown = await self._shown(name)
        described = None if shown is None else await self._described(name)
        if shown is None or described is None:
            return None
        table = table_from(name, shown, described)
        if table.kind == "iceberg" and table.subject is None and self.settings.horizon:
            return await self._of_iceberg(table)
        return table

    async def _shown(self, name: str) -> Row | None:
        """Names that begin like this one come after it, so that one row is enough."""
        database, schema, own = parts(name)
        text = f"SHOW TABLES IN SCHEMA {dotted(database, schema)} STARTS WITH {literal(own)} LIMIT 1"
        try:
            rows = await self._client.run(Statement(text))
        except ObjectMissing:
            return None
        except SchemaMissing as missing:
            if schema in self._schemas:
                raise
            self._note_missing(schema, str(missing))
            return None
        self._missing.pop(schema, None)
        return next((row for row in rows if row.get("name") == own), None)

    def _note_missing(self, schema: str, words: str) -> None:
        """For the plan that follows; anybody can name schemas, so that only so many are remembered."""
        if len(self._missing) >= _MOST_MISSING:
            self._missing.clear()
        self._missing[schema] = words

    async def _described(self, name: str) -> list[Row] | None:
        try:
            return await self._client.run(Statement(f"DESCRIBE TABLE {dotted(*parts(name))}"))
        except ObjectMissing:
            return None

    async def _of_iceberg(self, table: Table) -> Table:
        """The same with Iceberg's own types and ids; as SQL shows it where Horizon does not answer."""
        _, schema, own = parts(table.name)
        try:
            found = await self._horizon.table(schema, own)
        except RegistryError as fault:
            log.warning("Horizon does not answer", extra={"registry": self.registry_id, "reason": str(fault)})
            return table
        if found is None:
            return table
        return replace(table, model=found.model, native_ref=f"{found.uuid}/{found.schema_id}")

    def plan(self, subject: str, wanted: Model, current: Table | None) -> Plan:
        """Compares columns as SQL shows them; a table in a schema that was not there cannot be made."""
        name = self.table_of(subject)
        missing = self._missing.get(parts(name)[1])
        if current is None and missing is not None:
            return Plan(name, (), (missing,))
        seen = None if current is None else replace(current, model=Struct(read_columns(current.columns), current.doc))
        try:
            return planned(subject, name, wanted, seen, self.settings.tag)
        except MissingLibrary:
            raise RegistryFault("Tables of Snowflake need sqlglot: install decapolis[snowflake]") from None

    async def apply(self, table: str, step: Step) -> None:
        """Does one step; one that was done already counts as done."""
        try:
            await self._client.run(Statement(step.text, write=True))
        except ObjectMissing as missing:
            raise WriteConflict(f"Table {table} moved: {missing}") from None
        except (Incompatible, WriteConflict) as refused:
            if step.what == "tag" and _UNSUPPORTED in str(refused):
                log.info("this edition has no tags", extra={"registry": self.registry_id})
            elif not await self._is_done(table, step):
                raise

    async def _is_done(self, table: str, step: Step) -> bool:
        """Whether the columns are as a step without IF NOT EXISTS leaves them."""
        if step.what not in {"add", "rename"}:
            return False
        names = {row.get("name") for row in await self._described(table) or ()}
        return step.path in names and step.arguments.get("from") not in names - {None}

    async def drop(self, table: str) -> None:
        """Drops a table; Snowflake can bring it back for as long as it retains data."""
        try:
            await self._client.run(Statement(f"DROP TABLE IF EXISTS {dotted(*parts(table))}", write=True))
        except ObjectMissing:
            return

    # --- copies

    async def mirror(self, document: Document) -> None:
        """Writes its row of the history."""
        if self.settings.mirror:
            await self._history.keep(document)

    async def mirrored(self) -> Sequence[Document]:
        """All rows of the history."""
        return await self._history.all() if self.settings.mirror else ()

    async def unmirror(self, subject: str, version: int) -> None:
        """Removes its row."""
        if self.settings.mirror:
            await self._history.forget(subject, version)
