"""Native versions of registries without integer ids, in the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, and_, delete, select, update

from .schemas import replace_rows
from .tables import overlaid


class NativeRow(NamedTuple):
    """One native version, the id of its schema, and the note that was pinned to it last."""

    native_key: str
    native_version: int
    schema_id: int
    note: str | None = None


_COLUMNS = (overlaid.c.native_key, overlaid.c.native_version, overlaid.c.schema_id, overlaid.c.note)


def native_rows(connection: Connection, registry: str, subject: str) -> list[NativeRow]:
    """What is known of a subject natively, in the registry's order."""
    query = select(*_COLUMNS).where(overlaid.c.registry == registry, overlaid.c.subject == subject)
    return [NativeRow(*row) for row in connection.execute(query.order_by(overlaid.c.native_version))]


def keep_native(connection: Connection, registry: str, subject: str, row: NativeRow) -> None:
    """Keeps a native version."""
    replace_rows(connection, overlaid, [{"registry": registry, "subject": subject, **row._asdict()}])


def keep_note(connection: Connection, registry: str, subject: str, native_key: str, note: str) -> None:
    """Remembers what was pinned to a native version."""
    connection.execute(
        update(overlaid)
        .where(overlaid.c.registry == registry, overlaid.c.subject == subject, overlaid.c.native_key == native_key)
        .values(note=note)
    )


def drop_natives(connection: Connection, registry: str, subject: str, keys: Sequence[str]) -> None:
    """Forgets native versions that are gone."""
    connection.execute(
        delete(overlaid).where(
            and_(overlaid.c.registry == registry, overlaid.c.subject == subject, overlaid.c.native_key.in_(keys))
        )
    )
