"""The index of the estate: one row a subject, with what people search for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select

from .tables import changes, estate, versions

PAGE = 500


class EstateRow(NamedTuple):
    """What one subject's newest version is made of."""

    registry: str
    subject: str
    version: int
    native_id: int
    format: str
    guid: str
    kind: str | None
    namespace: str
    owner: str | None
    tags: list[str]
    fields: list[list[str]]
    """Path, type, and tags joined by blanks, of each field."""
    words: str
    seen_ms: int


class Wanted(NamedTuple):
    """What rows must have; None asks for nothing. Texts of `holds` must all occur in the row's words."""

    registries: Sequence[str]
    holds: Sequence[str] = ()
    format: str | None = None
    guid: str | None = None
    owner: str | None = None
    namespace: str | None = None


def known_versions(connection: Connection, registry: str) -> dict[str, tuple[int, int]]:
    """The version of each subject that is in the index, and when it was looked at."""
    statement = select(estate.c.subject, estate.c.version, estate.c.seen_ms).where(estate.c.registry == registry)
    return {row.subject: (row.version, row.seen_ms) for row in connection.execute(statement)}


def latest_versions(connection: Connection, registry: str) -> dict[tuple[str, str], int]:
    """The newest live version of each subject by context and name, as far as the store knows."""
    statement = (
        select(versions.c.context, versions.c.subject, func.max(versions.c.version).label("newest"))
        .where(versions.c.registry == registry, versions.c.deleted.is_(False))
        .group_by(versions.c.context, versions.c.subject)
    )
    return {(row.context, row.subject): row.newest for row in connection.execute(statement)}


def changed_subjects(connection: Connection, registry: str, since: int) -> dict[str, int]:
    """The subjects of a registry that changed after a number, with the number; for stores that several gateways share."""
    prefix = f"{registry}/"
    statement = select(changes.c.scope, changes.c.counter).where(
        changes.c.scope.startswith(prefix, autoescape=True), changes.c.counter > since
    )
    return {row.scope.removeprefix(prefix): row.counter for row in connection.execute(statement)}


def keep_rows(connection: Connection, rows: Sequence[EstateRow]) -> None:
    """Puts rows into the index, in place of older ones."""
    for row in rows:
        connection.execute(delete(estate).where(estate.c.registry == row.registry, estate.c.subject == row.subject))
    if rows:
        connection.execute(insert(estate), [row._asdict() for row in rows])


def drop_rows(connection: Connection, registry: str, subjects: Sequence[str]) -> None:
    """Takes subjects out of the index."""
    for at in range(0, len(subjects), PAGE):
        some = subjects[at : at + PAGE]
        connection.execute(delete(estate).where(estate.c.registry == registry, estate.c.subject.in_(some)))


def found_rows(connection: Connection, wanted: Wanted, after: tuple[str, str] | None) -> Iterator[EstateRow]:
    """The rows that are wanted, by registry and subject, read a page at a time from behind a place on."""
    while True:
        rows = [EstateRow(*row) for row in connection.execute(_page(wanted, after))]
        yield from rows
        if len(rows) < PAGE:
            return
        after = (rows[-1].registry, rows[-1].subject)


def _page(wanted: Wanted, after: tuple[str, str] | None) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = [estate.c.registry.in_(wanted.registries)]
    conditions += [estate.c.words.contains(text, autoescape=True) for text in wanted.holds]
    for column, value in (
        (estate.c.format, wanted.format),
        (estate.c.guid, wanted.guid),
        (estate.c.owner, wanted.owner),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.namespace is not None:
        inside = f"{wanted.namespace}."
        conditions.append(
            or_(
                estate.c.namespace == wanted.namespace,
                estate.c.namespace.startswith(inside, autoescape=True),
                estate.c.subject.startswith(inside, autoescape=True),
            )
        )
    if after is not None:
        registry, subject = after
        conditions.append(
            or_(estate.c.registry > registry, and_(estate.c.registry == registry, estate.c.subject > subject))
        )
    return select(estate).where(*conditions).order_by(estate.c.registry, estate.c.subject).limit(PAGE)


def guids(connection: Connection, registries: Sequence[str]) -> list[tuple[str, str, str, int]]:
    """Guid, registry, subject and version of every row."""
    statement = select(estate.c.guid, estate.c.registry, estate.c.subject, estate.c.version)
    return [tuple(row) for row in connection.execute(statement.where(estate.c.registry.in_(registries)))]
