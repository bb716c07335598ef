"""The open-source server: tables through its classic API, their columns replaced through its Delta API (0.5 and later)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from decapolis_formats.types import Struct
from decapolis_translators.catalog import Column, Plan, Step, Table
from decapolis_translators.errors import Garbled, RegistryFault, WriteConflict
from decapolis_translators.fanout import ask_each
from decapolis_translators.http import Call

from . import spark
from .calls import API, UnityCalls, segment
from .config import UnityConfig
from .faults import Asked, NameTaken, NotThere
from .planning import location_of, properties_of
from .set_columns_plan import SetColumnsPlan
from .side import Side, missing_parent
from .tables import MARK, UnityTable, Wanted, column_out

PAGE: Final = 50
"""The most that the published API lets one ask for."""
_UPDATES: Final = "POST /v1/catalogs/{catalog}/schemas/{schema}/tables/{table}"
_WIDTH: Final = 4


class OssSide(Side):
    """Speaks to the open-source server."""

    def __init__(self, config: UnityConfig, calls: UnityCalls) -> None:
        super().__init__(config, calls)
        self.alters: bool | None = None

    async def prepare(self, *, anew: bool = False) -> None:
        """Finds out whether the server has the Delta API, once, and again with every ping."""
        if self.alters is not None and not anew:
            return
        query = {"catalog": self.config.catalog, "protocol-versions": "1.0"}
        asked = Asked("its Delta API", f"USE CATALOG on {self.config.catalog}")
        try:
            said = await self.calls.told(Call("GET", f"{API}/delta/v1/config", query=query), asked)
        except NotThere as absent:
            self.alters = None if absent.parent else False
            return
        except Garbled:  # an older server answers an unknown path with a page of its own
            self.alters = False
            return
        self.alters = _UPDATES in (said.get("endpoints") or [])

    async def names(self) -> list[str]:
        """Schema by schema: the server has no list of all tables."""
        catalog = self.config.catalog
        query = {"catalog_name": catalog, "max_results": str(PAGE)}
        asked = Asked("the list of schemas", f"USE CATALOG on {catalog}")
        try:
            schemas = await self.calls.pages(f"{API}/schemas", query, "schemas", asked)
        except NotThere:
            raise RegistryFault(f"Catalog '{catalog}' does not exist") from None
        found = await ask_each(self._names_in, (str(each.get("name")) for each in schemas), width=_WIDTH)
        return [name for names in found for name in names]

    async def _names_in(self, schema: str) -> list[str]:
        catalog = self.config.catalog
        query = {"catalog_name": catalog, "schema_name": schema, "max_results": str(PAGE)}
        query |= {"omit_columns": "true", "omit_properties": "true"}
        asked = Asked(f"the list of tables in {schema}", f"USE SCHEMA on {catalog}.{schema}")
        try:
            tables = await self.calls.pages(f"{API}/tables", query, "tables", asked)
        except NotThere:  # dropped since the schemas were listed
            return []
        return [f"{catalog}.{schema}.{each.get('name')}" for each in tables]

    def plan(self, name: str, subject: str, wanted: Wanted, current: UnityTable | None) -> Plan:
        """One step that replaces all columns."""
        return SetColumnsPlan(name, subject, wanted, self.config, self.alters is not False).run(current)

    async def apply(self, table: str, step: Step) -> None:
        """Does one step."""
        if step.what == "create_schema":
            await self._create_schema(table)
        elif step.what == "create":
            await self._create(table, step.arguments)
        elif step.what == "recreate":
            await self.drop(table)
            await self._create(table, step.arguments)
        else:
            await self._set_columns(table, step.arguments)

    async def _create_schema(self, table: str) -> None:
        catalog, schema, _ = table.split(".")
        asked = Asked(f"a new schema {schema}", f"CREATE SCHEMA on {catalog}", write=True)
        call = Call("POST", f"{API}/schemas", body={"name": schema, "catalog_name": catalog}, write=True)
        try:
            with suppress(NameTaken):
                await self.calls.told(call, asked)
        except NotThere:
            raise missing_parent(table) from None

    async def _create(self, table: str, arguments: Mapping[str, Any]) -> None:
        catalog, schema, name = table.split(".")
        struct: Struct = arguments["struct"]
        body = {
            "name": name,
            "catalog_name": catalog,
            "schema_name": schema,
            "table_type": "EXTERNAL",
            "data_source_format": self.config.table_format,
            "columns": [column_out(field, position) for position, field in enumerate(struct.fields)],
            "storage_location": location_of(table, self.config),
            "properties": properties_of(arguments["subject"], self.config),
            **({"comment": struct.doc} if struct.doc else {}),
        }
        asked = Asked(f"the table {table}", f"CREATE TABLE on {catalog}.{schema}", write=True)
        try:
            await self.calls.told(Call("POST", f"{API}/tables", body=body, write=True), asked)
        except NotThere:
            raise missing_parent(table) from None

    async def _set_columns(self, table: str, arguments: Mapping[str, Any]) -> None:
        """Replaces the columns under the condition that nobody else did since."""
        path = "{}/delta/v1/catalogs/{}/schemas/{}/tables/{}".format(API, *map(segment, table.split(".")))
        asked = Asked(f"new columns of {table}", f"MODIFY on {table}", write=True)
        struct: Struct = arguments["struct"]
        try:
            loaded = _metadata(await self.calls.told(Call("GET", path), asked))
            wanted = _fingerprint(table, [spark.written_field(each, kebab=True) for each in struct.fields])
            if _fingerprint(table, loaded["columns"]["fields"]) not in {arguments["before"], wanted}:
                raise WriteConflict(f"Table {table} was altered meanwhile")
            await self.calls.told(Call("POST", path, body=_update(loaded, struct, arguments), write=True), asked)
        except NotThere:
            raise WriteConflict(f"Table {table} was dropped meanwhile") from None


def _metadata(said: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = said.get("metadata")
    columns = metadata.get("columns") if isinstance(metadata, Mapping) else None
    if not isinstance(metadata, Mapping) or not isinstance(columns, Mapping) or "fields" not in columns:
        raise Garbled("The Delta API answered a table without its columns")
    if not isinstance(metadata.get("table-uuid"), str) or not isinstance(metadata.get("etag"), str):
        raise Garbled("The Delta API answered a table without table-uuid or etag")
    return metadata


def _fingerprint(table: str, fields: Any) -> str:
    try:
        read = [spark.read_field(each) for each in fields]
    except (TypeError, spark.Unreadable):
        raise Garbled("The Delta API answered a column of no known type") from None
    columns = tuple(Column(each.name, spark.text(each.type, exact=True), each.nullable) for each in read)
    return Table(table, columns, Struct(tuple(read))).fingerprint


def _update(loaded: Mapping[str, Any], struct: Struct, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Columns, comment and mark change in one transaction, or not at all."""
    updates: list[dict[str, Any]] = [
        {"action": "set-columns", "columns": spark.written(Struct(struct.fields), kebab=True)},
        {"action": "set-properties", "updates": {MARK: arguments["subject"]}},
    ]
    if struct.doc:
        updates.append({"action": "set-table-comment", "comment": struct.doc})
    return {
        "requirements": [
            {"type": "assert-table-uuid", "uuid": loaded["table-uuid"]},
            {"type": "assert-etag", "etag": loaded["etag"]},
        ],
        "updates": updates,
    }
