"""Maps that people attach to versions, kept beside what registries hold."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, insert, select

from .tables import version_notes


def annotation(connection: Connection, registry: str, subject: str, version: int) -> dict[str, Any]:
    """The map of one version, empty where there is none."""
    found = connection.execute(
        select(version_notes.c.body).where(
            version_notes.c.registry == registry, version_notes.c.subject == subject, version_notes.c.version == version
        )
    ).scalar_one_or_none()
    return dict(found or {})


def annotations_of(connection: Connection, registry: str) -> dict[tuple[str, int], dict[str, Any]]:
    """All maps of a registry by subject and version."""
    rows = connection.execute(select(version_notes).where(version_notes.c.registry == registry))
    return {(row.subject, row.version): dict(row.body) for row in rows}


def keep_annotation(connection: Connection, registry: str, subject: str, version: int, body: dict[str, Any]) -> None:
    """Replaces the map of one version; an empty one is forgotten."""
    connection.execute(
        delete(version_notes).where(
            version_notes.c.registry == registry, version_notes.c.subject == subject, version_notes.c.version == version
        )
    )
    if body:
        values = {"registry": registry, "subject": subject, "version": version, "body": body}
        connection.execute(insert(version_notes).values(values))
