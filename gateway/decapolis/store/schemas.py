"""Schemas and versions in the store: the embedded registry's truth, and everybody else's last known state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    Connection,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from decapolis_formats import Format, Schema
from decapolis_formats.spelling import (
    metadata_from,
    metadata_to,
    references_from,
    references_to,
    rule_set_from,
    rule_set_to,
)

from .prepared import Prepared, json_text
from .tables import contexts, counters, referrers, schemas, versions


def insert_into(table: Any, dialect: str) -> Any:
    """An INSERT that may say what to do on a conflict; only that dialect is loaded, because each costs the start its time."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        return insert_postgresql(table)
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite

    return insert_sqlite(table)


@cache
def _insert_new(table: Any, dialect: str) -> Any:
    return insert_into(table, dialect).on_conflict_do_nothing()


_AT_SUBJECT = and_(
    versions.c.registry == bindparam("r"), versions.c.context == bindparam("x"), versions.c.subject == bindparam("s")
)
_IN_CONTEXT = and_(schemas.c.registry == bindparam("r"), schemas.c.context == bindparam("x"))
_VERSION_COLUMNS = (versions.c.version, versions.c.native_id, versions.c.deleted, versions.c.created_ms)
_SCHEMA_COLUMNS = (schemas.c.format, schemas.c.text, cast(schemas.c.extras, Text))

_VERSIONS = Prepared(select(*_VERSION_COLUMNS).where(_AT_SUBJECT).order_by(versions.c.version), "r", "x", "s")
_HISTORY = Prepared(
    select(*_VERSION_COLUMNS, *_SCHEMA_COLUMNS)
    .join(
        schemas,
        and_(
            schemas.c.registry == versions.c.registry,
            schemas.c.context == versions.c.context,
            schemas.c.native_id == versions.c.native_id,
        ),
    )
    .where(_AT_SUBJECT)
    .order_by(versions.c.version),
    *("r", "x", "s"),
)
_BY_ID = Prepared(select(*_SCHEMA_COLUMNS).where(_IN_CONTEXT, schemas.c.native_id == bindparam("i")), "r", "x", "i")
_GUID_BY_ID = Prepared(select(schemas.c.guid).where(_IN_CONTEXT, schemas.c.native_id == bindparam("i")), "r", "x", "i")
_ID_BY_GUID = Prepared(select(schemas.c.native_id).where(_IN_CONTEXT, schemas.c.guid == bindparam("g")), "r", "x", "g")
_TAKE_ID = Prepared(
    update(counters)
    .where(counters.c.registry == bindparam("r"), counters.c.context == bindparam("x"))
    .values(next_id=counters.c.next_id + literal_column("1"))
    .returning(counters.c.next_id),
    *("r", "x"),
)
_VERSION_KEYS = ("registry", "context", "subject", "version", "native_id", "deleted", "created_ms")
_ADD_VERSION = Prepared(insert(versions).values({key: bindparam(key) for key in _VERSION_KEYS}), *_VERSION_KEYS)
_SCHEMA_KEYS = ("registry", "context", "native_id", "guid", "format", "text", "extras", "created_ms")


def _add_schema(dialect: str) -> Any:
    values: dict[str, Any] = {key: bindparam(key) for key in _SCHEMA_KEYS}
    values["extras"] = json_text("extras", dialect)
    return _insert_new(schemas, dialect).values(values)


_ADD_SCHEMA = Prepared(_add_schema, *_SCHEMA_KEYS)


class VersionRow(NamedTuple):
    """One version of a subject as stored."""

    version: int
    native_id: int
    deleted: bool
    created_ms: int


def insert_new(connection: Connection, table: Any, rows: Sequence[dict[str, Any]]) -> int:
    """Inserts the rows whose keys are free, leaves the others as they are; answers how many went in."""
    return connection.execute(_insert_new(table, connection.dialect.name), list(rows)).rowcount


def replace_rows(connection: Connection, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Inserts the rows, or gives those whose keys exist the new values."""
    statement = insert_into(table, connection.dialect.name)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


def _extras(schema: Schema) -> str | None:
    extras: dict[str, Any] = {}
    if schema.references:
        extras["references"] = references_to(schema.references)
    if schema.metadata is not None:
        extras["metadata"] = metadata_to(schema.metadata)
    if schema.rule_set is not None:
        extras["ruleSet"] = rule_set_to(schema.rule_set)
    return orjson.dumps(extras).decode() if extras else None


def _schema(format: str, text: str, extras: str | None) -> Schema:
    if extras is None:
        return Schema(Format(format), text)
    fields = orjson.loads(extras)
    return Schema(
        Format(format),
        text,
        references_from(fields.get("references")),
        metadata_from(fields.get("metadata")),
        rule_set_from(fields.get("ruleSet")),
    )


def _of(registry: str, context: str) -> Any:
    return and_(schemas.c.registry == registry, schemas.c.context == context)


def schema_by_id(connection: Connection, registry: str, context: str, native_id: int) -> Schema | None:
    """The schema of an id, None where that id was never seen."""
    row = _BY_ID.first(connection, registry, context, native_id)
    return None if row is None else _schema(*row)


def guid_of_id(connection: Connection, registry: str, context: str, native_id: int) -> str | None:
    """The guid under an id, None where that id was never seen."""
    row = _GUID_BY_ID.first(connection, registry, context, native_id)
    return None if row is None else str(row[0])


def ids_of_guid(connection: Connection, registry: str, guid: str) -> list[tuple[str, int]]:
    """Contexts and ids that hold a schema, the default context first."""
    rows = connection.execute(
        select(schemas.c.context, schemas.c.native_id)
        .where(schemas.c.registry == registry, schemas.c.guid == guid)
        .order_by(schemas.c.context, schemas.c.native_id)
    )
    return [(row.context, row.native_id) for row in rows]


def id_of_guid(connection: Connection, registry: str, context: str, guid: str) -> int | None:
    """The lowest id of a schema in a context."""
    # asking SQL for the smallest one would walk the primary key instead of the index of guids
    return min((row[0] for row in _ID_BY_GUID.rows(connection, registry, context, guid)), default=None)


def keep_schema(
    connection: Connection, registry: str, context: str, native_id: int, schema: Schema, now_ms: int
) -> bool:
    """Keeps a schema under an id, with the reverse of its references; False for an id that is known, and stays as it is."""
    added = _ADD_SCHEMA.count(
        connection,
        *(registry, context, native_id, schema.guid, schema.format.value, schema.text, _extras(schema), now_ms),
    )
    if not added or not schema.references:
        return bool(added)
    rows = [
        {
            "registry": registry,
            "context": context,
            "native_id": native_id,
            "target_context": target_context,
            "target_subject": target_subject,
            "target_version": version,
        }
        for target_context, target_subject, version in _targets(schema, context)
    ]
    insert_new(connection, referrers, rows)
    return True


def drop_schema(connection: Connection, registry: str, context: str, native_id: int) -> None:
    """Forgets the text of an id: an administrator decided that the registry's new one counts."""
    connection.execute(delete(schemas).where(_of(registry, context), schemas.c.native_id == native_id))
    connection.execute(
        delete(referrers).where(
            referrers.c.registry == registry,
            referrers.c.context == context,
            referrers.c.native_id == native_id,
        )
    )


def _targets(schema: Schema, context: str) -> Iterable[tuple[str, str, int]]:
    from decapolis_translators.subjects import Subject

    for reference in schema.references:
        target = Subject.parse(reference.subject)
        # an unqualified reference resolves in the context of the schema that refers
        inside = target.context if reference.subject.startswith(":.") else context
        yield inside, target.name, reference.version


def version_rows(
    connection: Connection, registry: str, context: str, subject: str, *, deleted: bool = True
) -> list[VersionRow]:
    """The versions of a subject, ascending."""
    rows = _VERSIONS.rows(connection, registry, context, subject)
    return [
        VersionRow(version, native_id, bool(gone), created_ms)
        for version, native_id, gone, created_ms in rows
        if deleted or not gone
    ]


def whole_history(connection: Connection, registry: str, context: str, subject: str) -> list[tuple[VersionRow, Schema]]:
    """Every version of a subject with its schema, ascending, in one question."""
    rows = _HISTORY.rows(connection, registry, context, subject)
    return [(VersionRow(row[0], row[1], bool(row[2]), row[3]), _schema(*row[4:])) for row in rows]


def subject_names(connection: Connection, registry: str, *, deleted: bool = False) -> list[tuple[str, str]]:
    """Contexts and names of subjects with a live version, or with any version where `deleted`."""
    query = select(versions.c.context, versions.c.subject).where(versions.c.registry == registry).distinct()
    if not deleted:
        query = query.where(versions.c.deleted.is_(False))
    return [(row.context, row.subject) for row in connection.execute(query)]


def counts_by_registry(connection: Connection) -> dict[str, tuple[int, int]]:
    """For each registry how many live versions it has and the highest id of the default context."""
    live = connection.execute(
        select(versions.c.registry, func.count()).where(versions.c.deleted.is_(False)).group_by(versions.c.registry)
    )
    highest = connection.execute(
        select(schemas.c.registry, func.max(schemas.c.native_id))
        .where(schemas.c.context == ".")
        .group_by(schemas.c.registry)
    )
    counts: dict[str, int] = {row[0]: row[1] for row in live}
    return {row[0]: (counts.get(row[0], 0), row[1]) for row in highest}


def usages(
    connection: Connection, registry: str, context: str, native_id: int, *, deleted: bool = False
) -> list[tuple[str, int]]:
    """Subjects and versions that hold an id, sorted."""
    query = select(versions.c.subject, versions.c.version).where(
        versions.c.registry == registry, versions.c.context == context, versions.c.native_id == native_id
    )
    if not deleted:
        query = query.where(versions.c.deleted.is_(False))
    return sorted((row.subject, row.version) for row in connection.execute(query))


def referrer_ids(
    connection: Connection, registry: str, context: str, subject: str, version: int, *, deleted: bool
) -> list[tuple[str, int]]:
    """Contexts and ids of schemas that refer to a version and are used by a (live, unless `deleted`) version."""
    used = and_(
        versions.c.registry == referrers.c.registry,
        versions.c.context == referrers.c.context,
        versions.c.native_id == referrers.c.native_id,
    )
    if not deleted:
        used = and_(used, versions.c.deleted.is_(False))
    rows = connection.execute(
        select(referrers.c.context, referrers.c.native_id)
        .where(
            referrers.c.registry == registry,
            referrers.c.target_context == context,
            referrers.c.target_subject == subject,
            referrers.c.target_version == version,
            exists().where(used),
        )
        .order_by(referrers.c.context, referrers.c.native_id)
    )
    return [(row.context, row.native_id) for row in rows]


def referrer_users(
    connection: Connection, registry: str, context: str, subject: str, version: int, *, deleted: bool
) -> list[tuple[str, str]]:
    """Contexts and subjects whose (live, unless `deleted`) versions refer to a version."""
    query = (
        select(versions.c.context, versions.c.subject)
        .join(
            referrers,
            and_(
                versions.c.registry == referrers.c.registry,
                versions.c.context == referrers.c.context,
                versions.c.native_id == referrers.c.native_id,
            ),
        )
        .where(
            referrers.c.registry == registry,
            referrers.c.target_context == context,
            referrers.c.target_subject == subject,
            referrers.c.target_version == version,
        )
        .distinct()
    )
    if not deleted:
        query = query.where(versions.c.deleted.is_(False))
    return [(row.context, row.subject) for row in connection.execute(query)]


def keep_version(
    connection: Connection,
    registry: str,
    context: str,
    subject: str,
    row: VersionRow,
) -> None:
    """Puts a version there, or gives the number that exists this id and state."""
    replace_rows(
        connection,
        versions,
        [{"registry": registry, "context": context, "subject": subject, **row._asdict()}],
    )


def add_version(connection: Connection, registry: str, context: str, subject: str, row: VersionRow) -> None:
    """Adds a version whose number must be free."""
    _ADD_VERSION.count(connection, registry, context, subject, *row)


def _numbers(registry: str, context: str, subject: str, numbers: Sequence[int]) -> Any:
    return and_(
        versions.c.registry == registry,
        versions.c.context == context,
        versions.c.subject == subject,
        versions.c.version.in_(numbers),
    )


def mark_deleted(connection: Connection, registry: str, context: str, subject: str, numbers: Sequence[int]) -> None:
    """Soft-deletes versions."""
    connection.execute(update(versions).where(_numbers(registry, context, subject, numbers)).values(deleted=True))


def erase_versions(connection: Connection, registry: str, context: str, subject: str, numbers: Sequence[int]) -> None:
    """Removes versions for good; the ids' texts stay, because messages carry them."""
    connection.execute(delete(versions).where(_numbers(registry, context, subject, numbers)))


def take_id(connection: Connection, registry: str, context: str) -> int:
    """The next id of a context, given to nobody else ever; durable with the surrounding transaction."""
    taken = _TAKE_ID.first(connection, registry, context)
    if taken is None:
        insert_new(connection, counters, [{"registry": registry, "context": context, "next_id": 1}])
        taken = _TAKE_ID.first(connection, registry, context)
    return int(taken[0]) - 1


def hold_counter(connection: Connection, registry: str, context: str) -> bool:
    """Makes others who want an id of this context wait until the surrounding transaction ends; whether there may be any."""
    if connection.dialect.name == "sqlite":
        return False  # one writer thread: nobody else can be inside a transaction
    insert_new(connection, counters, [{"registry": registry, "context": context, "next_id": 1}])
    connection.execute(
        select(counters.c.next_id)
        .where(counters.c.registry == registry, counters.c.context == context)
        .with_for_update()
    )
    return True


def raise_counter(connection: Connection, registry: str, context: str, above: int) -> None:
    """Sees to it that the next id is larger than `above`."""
    insert_new(connection, counters, [{"registry": registry, "context": context, "next_id": 1}])
    connection.execute(
        update(counters)
        .where(counters.c.registry == registry, counters.c.context == context, counters.c.next_id <= above)
        .values(next_id=above + 1)
    )


def highest_id(connection: Connection, registry: str, context: str) -> int:
    """The highest id that a context ever gave, 0 for none."""
    found = connection.execute(
        select(counters.c.next_id).where(counters.c.registry == registry, counters.c.context == context)
    ).scalar()
    return (found or 1) - 1


def highest_seen(connection: Connection, registry: str, context: str) -> int:
    """The highest id that the store holds a text of, 0 for none."""
    return connection.execute(select(func.max(schemas.c.native_id)).where(_of(registry, context))).scalar() or 0


def known_ids(connection: Connection, registry: str, most: int) -> list[tuple[str, int]]:
    """Contexts and ids that the store holds a text of, as many as `most`."""
    rows = connection.execute(
        select(schemas.c.context, schemas.c.native_id).where(schemas.c.registry == registry).limit(most)
    )
    return [(row.context, row.native_id) for row in rows]


def context_names(connection: Connection, registry: str) -> list[str]:
    """The contexts in which something was registered, the default one first, the rest sorted."""
    rows = connection.execute(select(contexts.c.context).where(contexts.c.registry == registry)).scalars()
    return [".", *sorted(name for name in rows if name != ".")]


def keep_context(connection: Connection, registry: str, context: str) -> None:
    """Remembers that a context exists."""
    if context != ".":
        insert_new(connection, contexts, [{"registry": registry, "context": context}])


def drop_context(connection: Connection, registry: str, context: str) -> None:
    """Forgets a context."""
    connection.execute(delete(contexts).where(contexts.c.registry == registry, contexts.c.context == context))
