"""Which native version stands for which schema, inside a transaction that the caller opens."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from decapolis.registries.documents import Documents, now_ms
from decapolis.store import schemas
from decapolis.store.overlaid import NativeRow, drop_natives, keep_native, native_rows
from decapolis.store.schemas import VersionRow
from decapolis_formats import Schema
from decapolis_translators.contract import Listed, StoredVersion
from decapolis_translators.errors import WriteConflict
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from .notes import FrontVersion, IdNote, written


@dataclass(frozen=True, slots=True)
class Found:
    """A native version that was not known before: what it holds, and the ids that its note names (without the base)."""

    listed: Listed
    schema: Schema
    ids: tuple[IdNote, ...] = ()


class State:
    """Documents of an overlaid registry and the native versions that stand for them."""

    def __init__(self, registry_id: str, base: int) -> None:
        self.registry_id = registry_id
        self.documents = Documents(registry_id)
        self._base = base

    def natives(self, connection: Connection, subject: str) -> list[NativeRow]:
        """What is known of a subject natively."""
        return native_rows(connection, self.registry_id, subject)

    # --- writing

    def reserve(
        self, connection: Connection, subject: str, schema: Schema, imposed: int | None, version: int | None
    ) -> StoredVersion | None:
        """Gives the schema its id before anything is sent; answers the live version that holds it already."""
        number = self.documents.id_for(connection, DEFAULT_CONTEXT, schema, imposed)
        rows = self.documents.rows(connection, subject)
        for row in rows:
            if row.native_id == number and not row.deleted and (imposed is None or version in {None, row.version}):
                return StoredVersion(subject, row.version, number, schema, deleted=False, created_ms=row.created_ms)
        following = rows[-1].version + 1 if rows else 1
        if version is not None and imposed is None and version != following:
            raise WriteConflict(f"Subject '{subject}' would continue with version {following}, not {version}")
        schemas.keep_schema(connection, self.registry_id, DEFAULT_CONTEXT, number, schema, now_ms())
        return None

    def complete(
        self, connection: Connection, subject: str, schema: Schema, native: StoredVersion, place: tuple[int, int | None]
    ) -> StoredVersion:
        """Gives the subject its next version (or the imposed one), now that the registry holds the schema."""
        number, version = place
        row = NativeRow(str(native.native_id), native.version, number)
        known = {each.native_key: each for each in self.natives(connection, subject)}
        if known.get(row.native_key, row).schema_id == number:
            row = row._replace(note=known.get(row.native_key, row).note)
        keep_native(connection, self.registry_id, subject, row)
        return self.documents.register(connection, subject, schema, None if version is None else number, version)

    def learn(self, connection: Connection, subject: str, found: Iterable[Found], present: Collection[str]) -> None:
        """Takes in what others put there or took away, in the registry's order."""
        known = self.natives(connection, subject)
        gone = [row for row in known if row.native_key not in present]
        self._forget(connection, subject, gone, [row for row in known if row.native_key in present])
        keys = {row.native_key for row in known}
        for each in sorted(found, key=lambda one: one.listed.version):
            if str(each.listed.native_id) not in keys:
                self._take_in(connection, subject, each)

    def _take_in(self, connection: Connection, subject: str, found: Found) -> None:
        noted = self._noted(connection, found)
        number = noted[0].public_id if noted else self.documents.id_for(connection, ".", found.schema, None)
        schemas.keep_schema(connection, self.registry_id, DEFAULT_CONTEXT, number, found.schema, now_ms())
        schemas.raise_counter(connection, self.registry_id, DEFAULT_CONTEXT, number)
        row = NativeRow(str(found.listed.native_id), found.listed.version, number)
        keep_native(connection, self.registry_id, subject, row)
        rows = self.documents.rows(connection, subject)
        taken = {each.version for each in rows}
        restored = [one for one in (noted[0].versions if noted else ()) if one.version not in taken]
        for version, deleted in restored:
            self._restore(connection, subject, number, VersionRow(version, number, deleted, _made(found)))
        if not restored and not any(each.native_id == number and not each.deleted for each in rows):
            following = rows[-1].version + 1 if rows else 1
            added = VersionRow(following, number, deleted=False, created_ms=_made(found))
            self._restore(connection, subject, number, added)

    def _noted(self, connection: Connection, found: Found) -> list[IdNote]:
        """The ids of a note that do not stand for another schema here, the newest first."""
        fitting = []
        for each in found.ids:
            guid = schemas.guid_of_id(connection, self.registry_id, DEFAULT_CONTEXT, each.public_id)
            if each.public_id > 0 and guid in {None, found.schema.guid}:
                fitting.append(each)
        return sorted(fitting, key=lambda one: -one.public_id)

    def _restore(self, connection: Connection, subject: str, number: int, row: VersionRow) -> None:
        name = Subject.parse(subject).name
        schemas.keep_version(connection, self.registry_id, DEFAULT_CONTEXT, name, row)

    # --- what is gone

    def _forget(
        self, connection: Connection, subject: str, gone: Sequence[NativeRow], left: Sequence[NativeRow]
    ) -> None:
        if not gone:
            return
        drop_natives(connection, self.registry_id, subject, [row.native_key for row in gone])
        lost = {row.schema_id for row in gone} - {row.schema_id for row in left}
        rows = self.documents.rows(connection, subject)
        numbers = [row.version for row in rows if row.native_id in lost and not row.deleted]
        if numbers:
            name = Subject.parse(subject).name
            schemas.mark_deleted(connection, self.registry_id, DEFAULT_CONTEXT, name, numbers)

    def unneeded(self, connection: Connection, subject: str, numbers: Collection[int]) -> list[NativeRow]:
        """Native versions that stand for no version of the front but those."""
        rows = self.documents.rows(connection, subject)
        needed = {row.native_id for row in rows if row.version not in numbers}
        return [row for row in self.natives(connection, subject) if row.schema_id not in needed]

    def erase(
        self, connection: Connection, subject: str, version: int | None, natives: Sequence[NativeRow]
    ) -> list[int]:
        """Removes versions for good after the registry did."""
        drop_natives(connection, self.registry_id, subject, [row.native_key for row in natives])
        return self.documents.delete(connection, subject, version, permanent=True)

    # --- notes

    def unpinned(self, connection: Connection, subject: str) -> list[tuple[NativeRow, str]]:
        """Native versions whose note says something else than what is true now, with what it should say."""
        rows = self.documents.rows(connection, subject)
        wanted = []
        for native in self.natives(connection, subject):
            fronts = tuple(FrontVersion(row.version, row.deleted) for row in rows if row.native_id == native.schema_id)
            note = written([IdNote(self._base + native.schema_id, fronts)])
            if note != native.note:
                wanted.append((native, note))
        return wanted


def _made(found: Found) -> int:
    return found.listed.created_ms or now_ms()
