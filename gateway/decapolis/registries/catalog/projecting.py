"""Makes the tables of a catalog follow the documents, and notices when somebody altered one by hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from decapolis.registries.references import resolve
from decapolis.registries.stored import StoredRegistry
from decapolis.store import Store
from decapolis.store.projections import (
    APPLIED,
    FAILED,
    PENDING,
    ProjectionRow,
    all_projections,
    keep_projection,
    lease_projection,
    projection,
)
from decapolis_formats import FormatError, Schema
from decapolis_formats.extras import MissingLibrary
from decapolis_formats.transform import read_model
from decapolis_formats.types import Model, Struct
from decapolis_translators.catalog import Catalog, OnDrift, Plan, Projection, Table
from decapolis_translators.contract import StoredVersion
from decapolis_translators.errors import (
    Absent,
    Incompatible,
    Refused,
    RegistryError,
    SchemaRefused,
    WriteConflict,
)

log = logging.getLogger(__name__)

LEASE_SECONDS = 60.0
MOST_PLANS = 5
"""How often a table may move under a projection before it is given up for now."""


@dataclass(frozen=True, slots=True)
class Intended:
    """What a write will do to its table: the plan, and what the table looks like before."""

    plan: Plan
    table: Table | None


class Projector:
    """Plans, applies and watches the tables of one catalog."""

    def __init__(self, catalog: Catalog[Any], documents: StoredRegistry, store: Store) -> None:
        self._catalog = catalog
        self._documents = documents
        self._store = store
        self._registry = catalog.registry_id

    # --- beforehand

    async def intended(self, subject: str, schema: Schema, mode: Projection) -> Intended | None:
        """The plan for a document, None where it has no table; Incompatible where the engine cannot follow."""
        model = await self._model(schema)
        if mode is Projection.NONE or model is None:
            return None
        name = self._catalog.table_of(subject)
        table = await self._catalog.table(name)
        plan = self._catalog.plan(subject, model, table)
        if mode is Projection.ATTACH:
            return Intended(Plan(name, (), (), plan.losses), table)
        await self._refuse_strangers(subject, table)
        if plan.impossible:
            raise Incompatible(
                f"backend {self._registry} cannot apply: {'; '.join(plan.impossible)}", tuple(plan.impossible)
            )
        return Intended(plan, table)

    async def _refuse_strangers(self, subject: str, table: Table | None) -> None:
        if table is None:
            return
        row = await self.row(subject)
        drifted = row is not None and row.fingerprint is not None and row.fingerprint != table.fingerprint
        if table.subject not in {None, subject}:
            raise Incompatible(f"Table {table.name} belongs to subject '{table.subject}'")
        if table.subject is None and row is None and self._catalog.settings.on_drift is not OnDrift.ADOPT:
            raise Incompatible(
                f"Table {table.name} exists and was not made by the gateway: register with `projection: attach`, "
                "or take it over with `on_drift: adopt`"
            )
        if drifted and self._catalog.settings.on_drift is OnDrift.REFUSE:
            raise Incompatible(
                f"Table {table.name} was altered by hand since version {row.version if row else 0} was projected: undo "
                "that, or say `on_drift: adopt` or `ignore`"
            )

    async def _model(self, schema: Schema) -> Model | None:
        """The type model of a document whose root is a record, None for any other."""

        async def text_of(subject: str, version: int) -> StoredVersion:
            return await self._documents.fetch(subject, None if version < 1 else version, deleted=True)

        try:
            dependencies = await resolve(schema.references, ".", text_of) if schema.references else ()
            model = read_model(schema.text, schema.format, dependencies=dependencies).model
        except (FormatError, MissingLibrary) as error:
            raise SchemaRefused(str(error)) from error
        return model if isinstance(model.meaning(model.root), Struct) else None

    # --- afterwards

    async def row(self, subject: str) -> ProjectionRow | None:
        """How far the subject's table follows."""
        found: ProjectionRow | None = await self._store.read(lambda c: projection(c, self._registry, subject))
        return found

    def note_pending(self, connection: Connection, stored: StoredVersion, intended: Intended) -> None:
        """Notes in the same transaction as the version that its table must follow."""
        known = projection(connection, self._registry, stored.subject)
        fingerprint = known.fingerprint if known else None
        row = ProjectionRow(stored.subject, stored.version, intended.plan.table, PENDING, None, fingerprint)
        keep_projection(connection, self._registry, row)

    async def follow(self, subject: str) -> ProjectionRow | None:
        """Brings the table up to its newest document, unless somebody else is at it; answers how far it came."""
        if not await self._store.write(lambda c: lease_projection(c, self._registry, subject, LEASE_SECONDS)):
            return await self.row(subject)
        row = await self.row(subject)
        if row is None:
            return None
        try:
            table = await self._applied(subject, row)
        except Refused as refused:
            return await self._ended(row._replace(state=FAILED, reason=str(refused)))
        except RegistryError as fault:
            log.warning("projection waits", extra={"registry": self._registry, "reason": str(fault)})
            return await self._ended(row._replace(state=PENDING, reason=str(fault)))
        except asyncio.CancelledError:
            await asyncio.shield(self._ended(row._replace(state=PENDING, reason="interrupted")))
            raise
        return await self._ended(row._replace(state=APPLIED, reason=None, fingerprint=table.fingerprint))

    async def _applied(self, subject: str, row: ProjectionRow) -> Table:
        stored = await self._documents.fetch(subject, row.version, deleted=True)
        model = await self._model(stored.schema)
        if model is None:
            raise SchemaRefused("The document has no record at its root any more")
        for _ in range(MOST_PLANS):
            table = await self._catalog.table(row.table_name)
            plan = self._catalog.plan(subject, model, table)
            if plan.impossible:
                raise Incompatible(f"backend {self._registry} cannot apply: {'; '.join(plan.impossible)}")
            if not plan.steps and table is not None:
                return table
            try:
                for step in plan.steps:
                    await self._catalog.apply(row.table_name, step)
            except WriteConflict:
                continue
        raise Incompatible(f"Table {row.table_name} does not come to look as planned")

    async def _ended(self, row: ProjectionRow) -> ProjectionRow:
        def work(connection: Connection) -> ProjectionRow:
            now = projection(connection, self._registry, row.subject)
            if now is not None and now.version != row.version:
                # a newer version came while this one was at work: it is still to be done
                kept = now._replace(fingerprint=row.fingerprint or now.fingerprint, lease_until_ms=0)
            else:
                kept = row._replace(lease_until_ms=0)
            keep_projection(connection, self._registry, kept)
            return kept

        ended: ProjectionRow = await self._store.write(work)
        return ended

    async def follow_all(self) -> None:
        """Takes up every projection that is left: of a gateway that died, or of a catalog that was down."""
        rows = await self._store.read(lambda c: all_projections(c, self._registry))
        for row in rows:
            if row.state == PENDING:
                await self.follow(row.subject)

    async def drift(self) -> Mapping[str, str]:
        """Subjects whose tables were altered by hand since they followed last, with what is to be seen there."""
        found = {}
        for row in await self._store.read(lambda c: all_projections(c, self._registry)):
            if row.state != APPLIED or row.fingerprint is None:
                continue
            try:
                table = await self._catalog.table(row.table_name)
            except Absent:
                table = None
            if table is None:
                found[row.subject] = f"table {row.table_name} is gone"
            elif table.fingerprint != row.fingerprint:
                found[row.subject] = f"table {row.table_name} has other columns than when it followed last"
        return found
