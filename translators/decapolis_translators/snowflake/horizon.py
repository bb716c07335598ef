"""Horizon's face of Iceberg REST, read only: whether it answers, and the exact schemas of Iceberg's tables with their ids.

Interface: https://docs.snowflake.com/en/user-guide/tables-iceberg-query-using-external-query-engine-snowflake-horizon and
Iceberg's REST catalog specification. It takes the same tokens as the SQL API.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from decapolis_formats import Format, FormatError
from decapolis_formats.extras import MissingLibrary
from decapolis_formats.transform import read_model
from decapolis_formats.types import Struct
from decapolis_translators.errors import CredentialsRefused, Garbled, RegistryFault
from decapolis_translators.http import Call

from .client import SnowflakeClient

_BASE = "/polaris/api/catalog/v1"


@dataclass(frozen=True, slots=True)
class IcebergTable:
    """What Iceberg says of a table: its identity and its newest schema."""

    uuid: str
    schema_id: int
    model: Struct


class Horizon:
    """The Iceberg face of one database."""

    def __init__(self, client: SnowflakeClient, database: str) -> None:
        self._client = client
        self._database = database
        self._prefix: str | None = None

    async def prefix(self) -> str:
        """Where the database's tables are; asked for once."""
        if self._prefix is None:
            body = await self._asked("/config", {"warehouse": self._database})
            if body is None:
                raise RegistryFault(f"Horizon knows no database {self._database}")
            said = {**_mapping(body, "defaults"), **_mapping(body, "overrides")}
            self._prefix = str(said.get("prefix") or self._database)
        return self._prefix

    async def table(self, schema: str, name: str) -> IcebergTable | None:
        """A table's newest schema, None where Horizon has no such table."""
        where = (
            f"/{quote(await self.prefix(), safe='')}/namespaces/{quote(schema, safe='')}/tables/{quote(name, safe='')}"
        )
        body = await self._asked(where, {})
        if body is None:
            return None
        metadata = _mapping(body, "metadata")
        current = metadata.get("current-schema-id")
        schemas = metadata.get("schemas")
        found = [each for each in schemas if each.get("schema-id") == current] if isinstance(schemas, list) else []
        if not found or not isinstance(current, int):
            raise Garbled("Horizon told a table without its schema")
        try:
            model = read_model(json.dumps(found[0]), Format.ICEBERG).model
        except MissingLibrary as missing:
            raise RegistryFault(str(missing)) from None
        except FormatError as unreadable:
            raise Garbled(f"Horizon told a schema that is none of Iceberg's: {unreadable}") from None
        root = model.meaning(model.root)
        assert isinstance(root, Struct)
        return IcebergTable(str(metadata.get("table-uuid")), current, root)

    async def _asked(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any] | None:
        answer = await self._client.call(Call("GET", _BASE + path, query))
        if answer.status == 404:
            return None
        if answer.status in {401, 403}:
            raise CredentialsRefused(f"Horizon refused our credentials ({answer.status})")
        if answer.status != 200:
            raise RegistryFault(f"Horizon answered {answer.status}")
        body = answer.json()
        if not isinstance(body, Mapping):
            raise Garbled("Horizon answered no object")
        return body


def _mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}
