"""What a registry was last known to hold, kept in the store, so that reads go on when it is down."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from decapolis.store import Store, schemas, settings
from decapolis.store.ledger import ConflictRow, all_conflicts, drop_conflict, keep_conflict
from decapolis.store.schemas import VersionRow, replace_rows
from decapolis.store.tables import snapshots
from decapolis_formats import Schema
from decapolis_translators.contract import StoredVersion
from decapolis_translators.errors import ConfigNotFound, RegistryFault, SubjectNotFound
from decapolis_translators.subjects import Subject

from .known import (
    ALL,
    LIVE,
    Known,
    Stands,
    forget_settings,
    keep_known,
    known_of,
    listing_since,
    note_listed,
    settle_listing,
)
from .seen import MOST, SeenIds
from .stored import StoredConfig, StoredRegistry

SEEN_EVERY = 5.0
"""Seconds between two notes of when a registry was last seen."""


class ReissuedId(RegistryFault):
    """A registry gave an id out again with another text; nobody can say which one a message means."""

    def __init__(self, registry: str, native_id: int, context: str) -> None:
        super().__init__(
            f"Id {native_id} of registry {registry} (context {context}) stood for another schema before; "
            f"an administrator decides with on_reissued_id: relearn, or removes the new schema"
        )
        self.native_id = native_id


class Memory:
    """The last known state of one registry; reading it is reading an embedded registry of that name."""

    def __init__(self, registry_id: str, store: Store, *, relearn: bool) -> None:
        self.registry_id = registry_id
        self.recorded = StoredRegistry(registry_id, StoredConfig(), store)
        self._store = store
        self._relearn = relearn
        self._conflicts: dict[tuple[str, int], ConflictRow] = {}
        self.seen_ids = SeenIds()
        self._seen_noted = 0.0
        self.last_seen: float | None = None
        """Wall-clock seconds of the last answer."""

    async def open(self) -> None:
        """Reads what must be known before the first request: conflicts, and when the registry was last seen."""

        def work(connection: Connection) -> tuple[list[ConflictRow], Any, list[tuple[str, int]]]:
            rows = all_conflicts(connection, self.registry_id)
            # where other gateways write too, what this one has seen says nothing
            ids = schemas.known_ids(connection, self.registry_id, MOST + 1) if self._store.exclusive else []
            return rows, self._snapshot(connection, "seen"), ids

        rows, seen, ids = await self._store.read(work)
        if self._store.exclusive and len(ids) <= MOST:
            self.seen_ids.open(ids)
        self._conflicts = {(row.context, row.native_id): row for row in rows}
        if seen is not None:
            self.last_seen = seen[1]
        if self._relearn:
            await self._decide_for_new()

    async def _decide_for_new(self) -> None:
        for context, native_id in list(self._conflicts):
            await self._forget_schema(context, native_id)

    async def _forget_schema(self, context: str, native_id: int) -> None:
        def work(connection: Connection) -> None:
            schemas.drop_schema(connection, self.registry_id, context, native_id)
            drop_conflict(connection, self.registry_id, context, native_id)

        await self._store.write(work)
        self._conflicts.pop((context, native_id), None)

    @property
    def conflicts(self) -> list[ConflictRow]:
        """Ids that stand for two texts and wait for a decision."""
        return list(self._conflicts.values())

    def refuse_conflict(self, context: str, native_id: int) -> None:
        """Raises ReissuedId for an id that waits for a decision."""
        if (context, native_id) in self._conflicts:
            raise ReissuedId(self.registry_id, native_id, context)

    async def keep(
        self,
        context: str,
        native_id: int,
        schema: Schema,
        version: StoredVersion | None = None,
        *,
        stands: Stands | None = None,
        latest: bool = False,
        learned: bool = True,
    ) -> None:
        """Keeps a text under its id, and the version that has it; ReissuedId when the id stood for another text.

        The text is true whenever it comes; the version (and that it is the `latest`) only while what was asked still stands.
        Unless it was `learned` by reading, it is as durable as what the gateway itself gives out.
        """

        def work(connection: Connection) -> str | None:
            known = self._keep_text(connection, context, native_id, schema)
            if known is not None:
                return known
            if version is not None and (stands is None or stands(connection)):
                self._keep_version(connection, version)
                if latest:
                    listed = known_of(connection, self.registry_id, version.subject)
                    listed.seen_latest(version.version)
                    keep_known(connection, self.registry_id, version.subject, listed)
            return None

        self.seen_ids.add(context, native_id)
        known = await self._store.write(work, learned=learned)
        self._noted(context, native_id, schema, known)

    def _keep_text(self, connection: Connection, context: str, native_id: int, schema: Schema) -> str | None:
        """Keeps a text under its id; the guid that the id stood for before, where that was another text's and counts."""
        now_ms = int(time.time() * 1000)
        if schemas.keep_schema(connection, self.registry_id, context, native_id, schema, now_ms):
            return None
        known = schemas.guid_of_id(connection, self.registry_id, context, native_id)
        if known is None or known == schema.guid:
            return None
        if not self._relearn:
            keep_conflict(connection, self.registry_id, ConflictRow(context, native_id, known, schema.guid))
            return known
        schemas.drop_schema(connection, self.registry_id, context, native_id)
        schemas.keep_schema(connection, self.registry_id, context, native_id, schema, now_ms)
        return None

    async def added(self, context: str, native_id: int, schema: Schema, version: StoredVersion) -> None:
        """Follows a register that the registry confirmed."""

        def work(connection: Connection) -> None:
            listed = known_of(connection, self.registry_id, version.subject)
            listed.added(version.version)
            keep_known(connection, self.registry_id, version.subject, listed)
            note_listed(connection, self.registry_id, version.subject, **{LIVE: True, ALL: True})

        await self._store.write(work)
        await self.keep(context, native_id, schema, version, learned=False)

    def _noted(self, context: str, native_id: int, schema: Schema, known: str | None) -> None:
        if known is not None:
            self._conflicts[(context, native_id)] = ConflictRow(context, native_id, known, schema.guid)
            raise ReissuedId(self.registry_id, native_id, context)

    def _keep_version(self, connection: Connection, version: StoredVersion) -> None:
        context, name = Subject.parse(version.subject)
        created = version.created_ms or int(time.time() * 1000)
        if not isinstance(version.native_id, int):
            return
        row = VersionRow(version.version, version.native_id, version.deleted, created)
        schemas.keep_version(connection, self.registry_id, context, name, row)

    async def keep_numbers(self, subject: str, numbers: Sequence[int], stands: Stands, *, deleted: bool) -> None:
        """Keeps a list of versions; every known version that is not among the live ones is deleted."""
        context, name = Subject.parse(subject)

        def work(connection: Connection) -> None:
            rows = schemas.version_rows(connection, self.registry_id, context, name, deleted=False)
            if not stands(connection):
                return
            known = known_of(connection, self.registry_id, subject)
            known.seen_list(numbers, deleted=deleted)
            keep_known(connection, self.registry_id, subject, known)
            gone = [row.version for row in rows if row.version not in numbers]
            if gone and not deleted:
                schemas.mark_deleted(connection, self.registry_id, context, name, gone)

        await self._store.write(work, learned=True)

    async def known(self, subject: str) -> Known:
        """Which versions a subject was last seen to have; SubjectNotFound where it was never seen."""
        found = await self._store.read(lambda c: known_of(c, self.registry_id, subject))
        if not found.seen:
            raise SubjectNotFound(subject)
        return found

    async def erase(self, subject: str, numbers: Sequence[int], *, permanent: bool) -> None:
        """Follows a delete that the registry confirmed."""
        context, name = Subject.parse(subject)

        def work(connection: Connection) -> None:
            change = schemas.erase_versions if permanent else schemas.mark_deleted
            change(connection, self.registry_id, context, name, numbers)
            known = known_of(connection, self.registry_id, subject)
            known.removed(numbers, permanent=permanent)
            keep_known(connection, self.registry_id, subject, known)
            left = schemas.version_rows(connection, self.registry_id, context, name)
            live = bool(known.live) or any(not row.deleted for row in left)
            note_listed(connection, self.registry_id, subject, **{LIVE: live, ALL: bool(left) or not permanent})
            forget_settings(connection, self.registry_id, subject)

        await self._store.write(work)

    async def relisted(self, subject: str) -> None:
        """Follows a change whose versions the registry's own translator keeps in this store."""
        context, name = Subject.parse(subject)

        def work(connection: Connection) -> None:
            rows = schemas.version_rows(connection, self.registry_id, context, name)
            live = any(not row.deleted for row in rows)
            note_listed(connection, self.registry_id, subject, **{LIVE: live, ALL: bool(rows)})
            forget_settings(connection, self.registry_id, subject)

        await self._store.write(work)

    async def keep_snapshot(self, name: str, body: Any) -> None:
        """Keeps a state of the registry as a whole."""
        row = {"registry": self.registry_id, "name": name, "body": body, "taken_ms": int(time.time() * 1000)}
        await self._store.write(lambda c: replace_rows(c, snapshots, [row]), learned=True)

    async def keep_listing(self, names: Sequence[str], asked_at: float, *, deleted: bool) -> None:
        """Keeps the subjects as listed; what changed through a gateway before that was asked is among them."""
        row = {"registry": self.registry_id, "name": _listing(deleted), "body": names, "taken_ms": int(asked_at * 1000)}

        def work(connection: Connection) -> None:
            newest = self._snapshot(connection, _listing(deleted))
            if newest is not None and newest[1] > asked_at:
                return  # one that was asked for later came first, and what changed before it is settled already
            replace_rows(connection, snapshots, [row])
            settle_listing(connection, self.registry_id, ALL if deleted else LIVE, asked_at)

        await self._store.write(work, learned=True)

    async def listing(self, *, deleted: bool) -> tuple[list[str], float] | None:
        """The last listing with what changed through a gateway since, and its age; None where none was ever taken."""

        def work(connection: Connection) -> tuple[list[str], float] | None:
            found = self._snapshot(connection, _listing(deleted))
            if found is None:
                return None
            names = listing_since(connection, self.registry_id, ALL if deleted else LIVE, found[0])
            return names, max(0.0, time.time() - found[1])

        return await self._store.read(work)

    async def snapshot(self, name: str) -> tuple[Any, float] | None:
        """A state of the registry as a whole and its age in seconds, None where none was ever kept."""
        found = await self._store.read(lambda c: self._snapshot(c, name))
        return None if found is None else (found[0], max(0.0, time.time() - found[1]))

    def _snapshot(self, connection: Connection, name: str) -> tuple[Any, float] | None:
        row = connection.execute(
            select(snapshots.c.body, snapshots.c.taken_ms).where(
                snapshots.c.registry == self.registry_id, snapshots.c.name == name
            )
        ).one_or_none()
        return None if row is None else (row.body, row.taken_ms / 1000)

    async def keep_setting(self, spelled: str, kind: str, value: Any, stands: Stands) -> None:
        """Keeps a configuration or a mode as the registry last told it, unless it was changed meanwhile."""
        context, name = Subject.parse(spelled)

        def work(connection: Connection) -> None:
            if stands(connection):
                body = {"value": value}
                settings.keep_setting(connection, self.registry_id, context, name, f"known-{kind}", body)

        await self._store.write(work, learned=True)

    async def forget_settings(self, spelled: str) -> None:
        """Forgets what was last told there, because it is being changed."""
        await self._store.write(lambda c: forget_settings(c, self.registry_id, spelled))

    async def known_setting(self, spelled: str, kind: str) -> Any:
        """A configuration or a mode as last told; ConfigNotFound where it never was."""
        context, name = Subject.parse(spelled)
        found = await self._store.read(lambda c: settings.setting(c, self.registry_id, context, name, f"known-{kind}"))
        if found is None:
            raise ConfigNotFound(spelled)
        return found["value"]

    def note_seen(self) -> Awaitable[None] | None:
        """Remembers that the registry answered just now; what is still to be written down of it, now and then."""
        self.last_seen = time.time()
        if self.last_seen - self._seen_noted < SEEN_EVERY:
            return None
        self._seen_noted = self.last_seen
        return self.keep_snapshot("seen", {})

    @property
    def age(self) -> float:
        """Seconds since the registry last answered."""
        return 0.0 if self.last_seen is None else max(0.0, time.time() - self.last_seen)


def _listing(deleted: bool) -> str:
    return "subjects-deleted" if deleted else "subjects"
