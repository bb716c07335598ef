"""The history table: a row for each version, with everything that the gateway's store knows of it.

Snowflake enforces no primary keys on standard tables, so a version is claimed by MERGE, which locks the table: it inserts
where nobody has the number, and otherwise updates only what is the same version or an older one. Numbers begin anew only when
a subject was deleted for good, so what was made later is what counts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from decapolis_formats import Format, Schema
from decapolis_formats.spelling import (
    metadata_from,
    metadata_to,
    references_from,
    references_to,
    rule_set_from,
    rule_set_to,
)
from decapolis_translators.catalog import Document
from decapolis_translators.errors import Garbled, TooLarge, WriteConflict

from .client import Row, SnowflakeClient
from .config import SnowflakeConfig
from .faults import ObjectMissing, SchemaMissing
from .statements import Bound, Statement, dotted, identifier

MAX_BODY = 16_777_216
"""Bytes that a column of texts takes in every account."""

_COLUMNS = (
    ("subject", "VARCHAR NOT NULL"),
    ("version", "NUMBER(10,0) NOT NULL"),
    ("id", "VARCHAR NOT NULL"),
    ("schema_type", "VARCHAR NOT NULL"),
    ("body", "VARCHAR NOT NULL"),
    ("refs", "VARCHAR"),
    ("metadata", "VARCHAR"),
    ("rule_set", "VARCHAR"),
    ("deleted", "BOOLEAN NOT NULL"),
    ("created_ms", "NUMBER(19,0)"),
    ("fingerprint", "VARCHAR NOT NULL"),
)
_NOT_THERE = (ObjectMissing, SchemaMissing)
_NAMES = tuple(name for name, _ in _COLUMNS)
_KEY = ("subject", "version")


class History:
    """One account's copies of documents."""

    def __init__(self, config: SnowflakeConfig, client: SnowflakeClient) -> None:
        self._client = client
        self._schema = dotted(config.database, config.history_schema)
        self.table = f"{config.database}.{config.history_schema}.{config.history_table}"
        self._name = dotted(config.database, config.history_schema, config.history_table)

    async def keep(self, document: Document) -> None:
        """Claims the version and writes it; WriteConflict where somebody made the number theirs later."""
        if len(document.schema.text.encode()) > MAX_BODY:
            raise TooLarge(f"The history takes texts of {MAX_BODY} bytes at most")
        claim = Statement(self._merge(), _values(document), write=True)
        try:
            rows = await self._client.run(claim)
        except _NOT_THERE:
            await self._make()
            rows = await self._client.run(claim)
        if not any(int(count or 0) for count in rows[0].values()):
            raise WriteConflict(
                f"Version {document.version} of '{document.subject}' is another gateway's in the history"
            )

    async def all(self) -> Sequence[Document]:
        """Every copy; none where there is no table yet."""
        names = ", ".join(map(identifier, _NAMES))
        order = ", ".join(map(identifier, _KEY))
        try:
            text = f"SELECT {names} FROM {self._name} ORDER BY {order}"  # noqa: S608 - every name is quoted
            rows = await self._client.run(Statement(text))
        except _NOT_THERE:
            return ()
        return tuple(map(_document, rows))

    async def forget(self, subject: str, version: int) -> None:
        """Removes a copy."""
        where = " AND ".join(f"{identifier(name)} = ?" for name in _KEY)
        text = f"DELETE FROM {self._name} WHERE {where}"  # noqa: S608 - names are quoted, values bound
        try:
            await self._client.run(Statement(text, (subject, version), write=True))
        except _NOT_THERE:
            return

    async def _make(self) -> None:
        columns = ", ".join(f"{identifier(name)} {type}" for name, type in _COLUMNS)
        key = ", ".join(map(identifier, _KEY))
        made = f"CREATE TABLE IF NOT EXISTS {self._name} ({columns}, PRIMARY KEY ({key}))"
        await self._client.run(Statement(f"CREATE SCHEMA IF NOT EXISTS {self._schema}", write=True))
        await self._client.run(Statement(made, write=True))

    def _merge(self) -> str:
        given = ", ".join(f"? AS {identifier(name)}" for name in _NAMES)
        same = " AND ".join(f"t.{identifier(name)} = s.{identifier(name)}" for name in _KEY)
        changed = ", ".join(f"{identifier(name)} = s.{identifier(name)}" for name in _NAMES if name not in _KEY)
        names = ", ".join(map(identifier, _NAMES))
        values = ", ".join(f"s.{identifier(name)}" for name in _NAMES)
        newer = 't."id" = s."id" OR t."created_ms" <= s."created_ms"'
        return (  # every name is quoted, every value bound
            f"MERGE INTO {self._name} AS t USING (SELECT {given}) AS s ON {same} "  # noqa: S608
            f"WHEN MATCHED AND ({newer}) THEN UPDATE SET {changed} "
            f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})"
        )


def _values(document: Document) -> tuple[Bound, ...]:
    schema = document.schema
    return (
        document.subject,
        document.version,
        str(document.public_id),
        schema.format.value,
        schema.text,
        _json(references_to(schema.references)) if schema.references else None,
        None if schema.metadata is None else _json(metadata_to(schema.metadata)),
        None if schema.rule_set is None else _json(rule_set_to(schema.rule_set)),
        document.deleted,
        document.created_ms,
        schema.fingerprint.hex(),
    )


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _document(row: Row) -> Document:
    try:
        references = references_from(_parsed(row["refs"]) or [])
        schema = Schema(
            Format.named(row["schema_type"] or ""),
            row["body"] or "",
            references,
            metadata_from(_parsed(row["metadata"])),
            rule_set_from(_parsed(row["rule_set"])),
        )
        made = row["created_ms"]
        deleted = (row["deleted"] or "").lower() == "true"
        number, public_id = int(row["version"] or ""), int(row["id"] or "")
        return Document(row["subject"] or "", number, public_id, schema, deleted, None if made is None else int(made))
    except (KeyError, ValueError, TypeError, AttributeError) as unreadable:
        raise Garbled(f"A row of the history cannot be read: {type(unreadable).__name__}") from None
