"""Registers a text of a format that the dialect does not have: a description of an API, a table.

Such a text is a version like any other, with an id, a number and a history; what it lacks is an engine that compares it with
the versions before, so no level judges it. Its subject holds that format alone.
"""

from __future__ import annotations

import asyncio

from decapolis.audit import Audit
from decapolis.cache import subject_scope
from decapolis.gateway import View
from decapolis.locks import Busy, Held
from decapolis.registries.live import LiveRegistry
from decapolis_formats import FormatError, Schema
from decapolis_formats.transform import read_model
from decapolis_translators.contract import Feature, StoredVersion
from decapolis_translators.errors import Absent, RegistryError, RegistryFault, Unsupported, WriteConflict
from decapolis_translators.subjects import Subject

from .effective import demand_writable, followed
from .errors import NotAllowed, SchemaInvalid, SubjectInvalid
from .shown import Shown, shown


async def register_other(view: View, spelled: str, schema: Schema) -> Shown:
    """The version that holds the text afterwards; Unsupported, SchemaInvalid, NotAllowed or a RegistryError."""
    subject, registry = await followed(view, spelled)
    if not subject.is_registrable():
        raise SubjectInvalid(str(subject))
    _demand_holdable(registry, schema)
    try:
        await asyncio.to_thread(read_model, schema.text, schema.format)
    except FormatError as error:
        raise SchemaInvalid(str(error)) from error
    await demand_writable(view, registry, subject)
    async with view.gateway.locks.hold(registry.id, str(subject), here_only=registry.is_local) as held:
        stored = await _identical(registry, subject, schema)
        if stored is None:
            following = await _following(registry, subject, schema)
            stored = await _written(view, registry, subject, schema, following, held)
    return shown(view, registry, stored)


def _demand_holdable(registry: LiveRegistry, schema: Schema) -> None:
    able = registry.capabilities
    if schema.format not in able.formats:
        held = ", ".join(sorted(each.value for each in able.formats))
        raise Unsupported(
            "formats", f"Registry {registry.id} does not hold {schema.format} documents (it holds: {held})"
        )
    if schema.references:
        raise Unsupported("references", f"References of {schema.format} documents are not resolved")
    if schema.metadata is not None:
        able.demand(Feature.METADATA)


async def _identical(registry: LiveRegistry, subject: Subject, schema: Schema) -> StoredVersion | None:
    try:
        return await registry.lookup(str(subject), schema)
    except Absent:
        return None


async def _following(registry: LiveRegistry, subject: Subject, schema: Schema) -> int:
    """The number that comes next; NotAllowed where the subject holds another format."""
    try:
        newest = await registry.fetch(str(subject))
    except Absent:
        newest = None
    if newest is not None and newest.schema.format is not schema.format:
        raise NotAllowed(f"Subject '{subject}' holds {newest.schema.format}: it takes no {schema.format} version")
    try:
        return (await registry.versions(str(subject), deleted=True))[-1] + 1
    except Absent:
        return 1


async def _written(
    view: View, registry: LiveRegistry, subject: Subject, schema: Schema, following: int, held: Held
) -> StoredVersion:
    gateway, name = view.gateway, str(subject)
    audit: Audit = gateway.audit
    facts = {"guid": schema.guid, "format": schema.format.value}
    if registry.is_local:
        along = audit.alongside("register", registry.id, name, facts)
        stored = await registry.register_alongside(name, schema, None, following, along)
        await gateway.changes.count(subject_scope(registry.id, name), registry.id)
        return stored
    number = await audit.intend("register", registry.id, name, facts)
    try:
        await held.demand()
        stored = await registry.register(name, schema)
    except (Busy, WriteConflict):
        await audit.close(number, "conflict")
        raise
    except RegistryFault:
        raise  # the write may have landed: the intent stays open until the same request is repeated
    except RegistryError as refused:
        await audit.close(number, "refused", reason=str(refused))
        raise
    await audit.close(number, "done", version=stored.version)
    return stored
