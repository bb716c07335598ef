"""The type `unity_catalog`: tables of one catalog, in either of the two dialects of Unity Catalog."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import ClassVar

import httpx

from decapolis_formats import Format
from decapolis_formats.options import Dialect
from decapolis_formats.types import Model
from decapolis_translators.catalog import Catalog, CatalogConfig, Document, Plan, Step, Table
from decapolis_translators.contract import Capabilities, Ping, Way

from .calls import UnityCalls
from .config import UnityConfig
from .databricks import DatabricksSide
from .login import UnityClient
from .mirrors import FunctionMirror, Mirror, NoMirror, VolumeMirror
from .naming import TableNames
from .oss import OssSide
from .side import Side, missing_parent
from .tables import UnityTable, wanted_of


class UnityCatalog(Catalog[UnityConfig]):
    """One catalog."""

    type: ClassVar[str] = "unity_catalog"
    Config: ClassVar[builtins.type[CatalogConfig]] = UnityConfig
    declared: ClassVar[Capabilities] = Capabilities(
        frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF, Format.ICEBERG, Format.PARQUET}),
        ways=dict.fromkeys((Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF), Way.TRANSFORMED),
    )
    sql_dialect: ClassVar[Dialect] = Dialect.DATABRICKS

    def __init__(
        self, registry_id: str, config: UnityConfig, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        super().__init__(registry_id, config)
        self._client = UnityClient(config, transport)
        self._names = TableNames(config)
        calls = UnityCalls(self._client)
        self._side: Side = (DatabricksSide if config.is_databricks else OssSide)(config, calls)
        self._mirror: Mirror = NoMirror()
        if config.mirror_volume is not None:
            self._mirror = VolumeMirror(config.mirror_volume, calls)
        elif config.mirror_functions is not None:
            self._mirror = FunctionMirror(config.mirror_functions, calls)

    @property
    def capabilities(self) -> Capabilities:
        """Formats that become columns; what Unity Catalog lacks as a registry the gateway has."""
        return self.declared

    async def open(self) -> None:
        """Prepares the pool."""
        self._client.open()

    async def close(self) -> None:
        """Closes it."""
        await self._client.close()

    async def ping(self) -> Ping:
        """Asks for the catalog, and for what plans must know."""
        await self._side.ping()
        return Ping(facts={"dialect": "databricks" if self.settings.is_databricks else "oss"})

    # --- tables

    def table_of(self, subject: str) -> str:
        """The subject itself where it is a full name in our catalog, else what the template makes of it."""
        return self._names.table_of(subject)

    def subject_of(self, table: str) -> str:
        """The template's subject, else the full name."""
        return self._names.subject_of(table)

    async def tables(self) -> list[str]:
        """The full names that the globs expose and that a subject can have."""
        globs = self.settings.tables
        names = await self._side.names()
        shown = (name for name in names if any(fnmatchcase(name, glob) for glob in globs))
        return sorted(name for name in shown if self._names.can_be_shown(name))

    async def table(self, name: str) -> Table | None:
        """One table; the mark in it counts only where it is about this very table, because clones copy marks."""
        table = await self._side.table(name)
        if table is None or table.subject is None:
            return table
        ours = self._names.can_be_shown(name) and self._names.subject_of(name) == table.subject
        return table if ours else replace(table, subject=None)

    def plan(self, subject: str, wanted: Model, current: Table | None) -> Plan:
        """By the rules of the engine behind the dialect."""
        assert current is None or isinstance(current, UnityTable)
        name = self.table_of(subject)
        plan = self._side.plan(name, subject, wanted_of(wanted), current)
        if current is None and self._side.is_orphan(name) and not self.settings.create_schemas:
            return replace(plan, steps=(), impossible=(*plan.impossible, str(missing_parent(name))))
        return plan

    async def apply(self, table: str, step: Step) -> None:
        """Does one step."""
        await self._side.apply(table, step)

    async def drop(self, table: str) -> None:
        """Drops a table."""
        await self._side.drop(table)

    # --- copies

    async def mirror(self, document: Document) -> None:
        """Keeps a copy where a place is configured."""
        await self._mirror.keep(document)

    async def mirrored(self) -> Sequence[Document]:
        """Every copy."""
        return await self._mirror.kept()

    async def unmirror(self, subject: str, version: int) -> None:
        """Removes a copy."""
        await self._mirror.remove(subject, version)
