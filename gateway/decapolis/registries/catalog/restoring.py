"""Restores documents and ids of a catalog from the copies there, when the gateway's store is lost."""

from __future__ import annotations

from sqlalchemy import Connection

from decapolis.ids import LedgerConflict
from decapolis.registries.documents import now_ms
from decapolis.store import schemas
from decapolis.store.schemas import VersionRow
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from .registry import CatalogRegistry


async def restore(registry: CatalogRegistry) -> int:
    """Reads every copy back into the store; answers how many versions there are. LedgerConflict for foreign ids."""
    copies = sorted(await registry.catalog.mirrored(), key=lambda copy: (copy.subject, copy.version))
    for copy in copies:
        if not registry.base < copy.public_id <= registry.base + registry.span:
            raise LedgerConflict(
                f"registry {registry.registry_id} carries id {copy.public_id}, which is outside its range of {registry.span} "
                f"ids from {registry.base} on: put the old `ids` into its entry and start with a new store"
            )

    def work(connection: Connection) -> None:
        for copy in copies:
            number = copy.public_id - registry.base
            made = copy.created_ms or now_ms()
            schemas.raise_counter(connection, registry.registry_id, DEFAULT_CONTEXT, number)
            schemas.keep_schema(connection, registry.registry_id, DEFAULT_CONTEXT, number, copy.schema, made)
            row = VersionRow(copy.version, number, copy.deleted, made)
            name = Subject.parse(copy.subject).name
            schemas.keep_version(connection, registry.registry_id, DEFAULT_CONTEXT, name, row)

    await registry.write(work)
    return len(copies)
