"""What a registry holds in the gateway's store, inside a transaction that the caller opens.

The embedded registry is nothing else; an overlay keeps here what its registry cannot hold. All rules of the dialect about
ids, numbers and the order of deletes are in this one place.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from decapolis.store import schemas, settings
from decapolis.store.schemas import VersionRow
from decapolis_formats import Schema
from decapolis_translators.contract import StoredVersion
from decapolis_translators.errors import (
    IdTaken,
    ReferenceExists,
    SchemaNotFound,
    SubjectNotFound,
    SubjectNotSoftDeleted,
    SubjectSoftDeleted,
    VersionNotFound,
    VersionNotSoftDeleted,
    VersionSoftDeleted,
    WriteConflict,
)
from decapolis_translators.subjects import Subject


class Documents:
    """The schemas, versions and ids of one registry, by connection."""

    def __init__(self, registry_id: str) -> None:
        self.registry_id = registry_id

    # --- reading

    def rows(self, connection: Connection, subject: str) -> list[VersionRow]:
        """Every version of a subject, soft-deleted ones included, ascending."""
        context, name = Subject.parse(subject)
        return schemas.version_rows(connection, self.registry_id, context, name)

    def fetch(self, connection: Connection, subject: str, version: int | None, *, deleted: bool) -> StoredVersion:
        """One version, the newest live one where `version` is None; SubjectNotFound or VersionNotFound."""
        shown = [row for row in self.rows(connection, subject) if deleted or not row.deleted]
        if not shown:
            raise SubjectNotFound(subject)
        wanted = [row for row in shown if (not row.deleted if version is None else row.version == version)]
        if not wanted:
            raise VersionNotFound(subject, -1 if version is None else version)
        return self._stored(connection, subject, wanted[-1])

    def _stored(self, connection: Connection, subject: str, row: VersionRow) -> StoredVersion:
        context = Subject.parse(subject).context
        schema = schemas.schema_by_id(connection, self.registry_id, context, row.native_id)
        if schema is None:
            raise SchemaNotFound(row.native_id)
        return StoredVersion(subject, row.version, row.native_id, schema, row.deleted, row.created_ms)

    def history(self, connection: Connection, subject: str) -> list[StoredVersion]:
        """All versions of a subject, soft-deleted ones included; empty for an unknown subject."""
        context, name = Subject.parse(subject)
        return [
            StoredVersion(subject, row.version, row.native_id, schema, row.deleted, row.created_ms)
            for row, schema in schemas.whole_history(connection, self.registry_id, context, name)
        ]

    def lookup(self, connection: Connection, subject: str, schema: Schema, *, deleted: bool) -> StoredVersion | None:
        """The newest version of the subject that holds exactly this schema; SubjectNotFound."""
        context, name = Subject.parse(subject)
        rows = schemas.version_rows(connection, self.registry_id, context, name, deleted=deleted)
        if not rows:
            raise SubjectNotFound(subject)
        native_id = schemas.id_of_guid(connection, self.registry_id, context, schema.guid)
        for row in reversed(rows):
            if row.native_id == native_id:
                return StoredVersion(subject, row.version, row.native_id, schema, row.deleted, row.created_ms)
        return None

    # --- writing

    def register(
        self, connection: Connection, subject: str, schema: Schema, native_id: int | None, version: int | None
    ) -> StoredVersion:
        """Adds a version, or answers the live one that holds the schema; IdTaken or WriteConflict."""
        context = Subject.parse(subject).context
        rows = self.rows(connection, subject)
        number = self.id_for(connection, context, schema, native_id)
        for row in rows:
            if row.native_id == number and not row.deleted and (native_id is None or version in {None, row.version}):
                return StoredVersion(subject, row.version, number, schema, deleted=False, created_ms=row.created_ms)
        following = rows[-1].version + 1 if rows else 1
        if version is not None and version != following and native_id is None:
            raise WriteConflict(f"Subject '{subject}' would continue with version {following}, not {version}")
        added = VersionRow(following if version is None else version, number, deleted=False, created_ms=now_ms())
        schemas.keep_schema(connection, self.registry_id, context, number, schema, added.created_ms)
        self._erase_twins(connection, subject, rows, number)
        self._add(connection, subject, added, imposed=native_id is not None)
        schemas.keep_context(connection, self.registry_id, context)
        return StoredVersion(subject, added.version, number, schema, deleted=False, created_ms=added.created_ms)

    def _add(self, connection: Connection, subject: str, added: VersionRow, *, imposed: bool) -> None:
        context, name = Subject.parse(subject)
        if imposed:
            schemas.keep_version(connection, self.registry_id, context, name, added)
            return
        try:
            schemas.add_version(connection, self.registry_id, context, name, added)
        except IntegrityError as taken:
            raise WriteConflict(f"Version {added.version} of subject '{subject}' was just taken") from taken

    def id_for(self, connection: Connection, context: str, schema: Schema, imposed: int | None) -> int:
        """The id of a schema: the one it has, the imposed one, or the next; IdTaken for one that is another's."""
        if imposed is None:
            known = schemas.id_of_guid(connection, self.registry_id, context, schema.guid)
            if known is not None:
                return known
            if schemas.hold_counter(connection, self.registry_id, context):
                # a transaction that ran before us may have given the same text its id while we waited for the counter
                known = schemas.id_of_guid(connection, self.registry_id, context, schema.guid)
            return schemas.take_id(connection, self.registry_id, context) if known is None else known
        guid = schemas.guid_of_id(connection, self.registry_id, context, imposed)
        if guid is not None and guid != schema.guid:
            raise IdTaken(imposed, context)
        schemas.raise_counter(connection, self.registry_id, context, imposed)
        return imposed

    def _erase_twins(self, connection: Connection, subject: str, rows: Sequence[VersionRow], number: int) -> None:
        context, name = Subject.parse(subject)
        twins = [
            row.version
            for row in rows
            if row.deleted
            and row.native_id == number
            and not schemas.referrer_ids(connection, self.registry_id, context, name, row.version, deleted=True)
        ]
        if twins:
            schemas.erase_versions(connection, self.registry_id, context, name, twins)

    # --- deleting

    def deletable(self, connection: Connection, subject: str, version: int | None, *, permanent: bool) -> list[int]:
        """The numbers that such a delete takes away; raises what stands in its way, in the dialect's order of checks."""
        rows = self.rows(connection, subject)
        if not rows:
            raise SubjectNotFound(subject)
        chosen = (
            _whole_subject(subject, rows, permanent=permanent)
            if version is None
            else _one_version(subject, rows, version, permanent=permanent)
        )
        # the reference tells of referrers before it tells that a soft delete must come first
        for number in chosen:
            self._refuse_referred(connection, subject, number, permanent=permanent, whole=version is None)
        if permanent and any(row.version in chosen and not row.deleted for row in rows):
            raise SubjectNotSoftDeleted(subject) if version is None else VersionNotSoftDeleted(subject, version)
        return chosen

    def delete(self, connection: Connection, subject: str, version: int | None, *, permanent: bool) -> list[int]:
        """Deletes softly or for good."""
        chosen = self.deletable(connection, subject, version, permanent=permanent)
        if permanent:
            self._erase(connection, subject, chosen)
        else:
            context, name = Subject.parse(subject)
            schemas.mark_deleted(connection, self.registry_id, context, name, chosen)
        return chosen

    def _erase(self, connection: Connection, subject: str, chosen: Sequence[int]) -> None:
        context, name = Subject.parse(subject)
        schemas.erase_versions(connection, self.registry_id, context, name, chosen)
        if not self.rows(connection, subject):
            for kind in ("config", "mode"):
                settings.drop_setting(connection, self.registry_id, context, name, kind)

    def erase(self, connection: Connection, subjects: Sequence[str]) -> None:
        """Removes soft-deleted subjects for good, all or none; ReferenceExists where another subject refers to one."""
        places = {tuple(Subject.parse(subject)): subject for subject in subjects}
        for (context, name), subject in places.items():
            rows = self.rows(connection, subject)
            if any(not row.deleted for row in rows):
                raise SubjectNotSoftDeleted(subject)
            for row in rows:
                users = schemas.referrer_users(connection, self.registry_id, context, name, row.version, deleted=True)
                if any(user not in places for user in users):
                    raise ReferenceExists(subject, row.version)
            self._erase(connection, subject, [row.version for row in rows])

    def _refuse_referred(
        self, connection: Connection, subject: str, version: int, *, permanent: bool, whole: bool
    ) -> None:
        context, name = Subject.parse(subject)
        users = schemas.referrer_users(connection, self.registry_id, context, name, version, deleted=permanent)
        if whole:
            users = [user for user in users if user != (context, name)]
        if users:
            raise ReferenceExists(subject, version)


def _whole_subject(subject: str, rows: Sequence[VersionRow], *, permanent: bool) -> list[int]:
    chosen = [row.version for row in rows if permanent or not row.deleted]
    if not chosen:
        raise SubjectSoftDeleted(subject)
    return chosen


def _one_version(subject: str, rows: Sequence[VersionRow], version: int, *, permanent: bool) -> list[int]:
    for row in rows:
        if row.version == version:
            if row.deleted and not permanent:
                raise VersionSoftDeleted(subject, version)
            return [version]
    raise VersionNotFound(subject, version)


def now_ms() -> int:
    """The wall clock in milliseconds, as the store keeps times."""
    return int(time.time() * 1000)
