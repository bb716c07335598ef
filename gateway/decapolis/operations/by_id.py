"""Reads schemas by id, tells who uses an id, and what the highest one is."""

from __future__ import annotations

from dataclasses import replace

from decapolis.gateway import View
from decapolis.registries.live import LiveRegistry
from decapolis.registries.routing import NoRoute
from decapolis.registries.stored import StoredConfig, StoredRegistry
from decapolis_formats import Schema
from decapolis_translators.contract import Feature
from decapolis_translators.errors import Absent, SchemaNotFound
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from .errors import NotOffered
from .located import Located, UnpluggedRegistry, known_uses, located
from .shown import Shown


async def fetch_by_id(
    view: View, seen_id: int, spelled: str | None = None, *, described: bool = False
) -> tuple[Shown, Located | None]:
    """The schema that an id stands for from here, and where it was found (None for a registry that was unplugged).

    `described` asks also for a subject and version that hold it. SchemaNotFound for ids never given.
    """
    try:
        place = await located(view, seen_id, spelled)
    except UnpluggedRegistry as unplugged:
        return Shown("", 0, seen_id, await _remembered(view, unplugged)), None
    try:
        schema = await place.registry.schema(place.native_id, place.context)
    except SchemaNotFound as absent:
        raise SchemaNotFound(seen_id) from absent
    subject = place.subject or (f":{place.context}:" if place.context != DEFAULT_CONTEXT else "")
    found = Shown(subject, place.version, seen_id, schema)
    return (await _with_use(place, found) if described else found), place


async def _remembered(view: View, unplugged: UnpluggedRegistry) -> Schema:
    """An id outlives its registry: messages still carry it, and the store still has its text."""
    kept = StoredRegistry(unplugged.owned.registry, StoredConfig(), view.gateway.store)
    try:
        return await kept.fetch_by_id(unplugged.owned.native_id)
    except SchemaNotFound:
        raise unplugged from None


async def _with_use(place: Located, found: Shown) -> Shown:
    """The same with a subject and version that hold the id, where one is known: a live one rather than a deleted one."""
    name, version = place.subject, place.version
    if not version:
        used = await _uses_live_first(place)
        if not used:
            return found
        name, version = used[0]
    found = replace(found, subject=name, version=version)
    if not place.registry.is_local:
        return found
    try:
        stored = await place.registry.fetch(name, version, deleted=True)
    except Absent:
        return found
    return replace(found, deleted=stored.deleted, created_ms=stored.created_ms)


async def _uses_live_first(place: Located) -> list[tuple[str, int]] | None:
    if place.registry.is_local:
        try:
            live = await place.registry.usages(place.native_id, place.context)
        except Absent:
            live = []
        if live:
            return live
    return await known_uses(place.registry, place.native_id, place.context)


async def usages(
    view: View, seen_id: int, spelled: str | None = None, *, deleted: bool = False
) -> list[tuple[str, int]]:
    """Subjects and versions that hold an id, as far as they can be seen from here; SchemaNotFound for unknown ids.

    A subject only says which context or registry is meant, it filters nothing.
    """
    place = await located(view, seen_id, spelled)
    registry = place.registry
    if not registry.capabilities.has(Feature.USAGES):
        raise NotOffered(f"Registry {registry.id}: {registry.capabilities.why_not(Feature.USAGES)}")
    try:
        used = await registry.usages(place.native_id, place.context, deleted=deleted)
    except SchemaNotFound as absent:
        raise SchemaNotFound("") from absent
    return [(name, version) for name, version in used if is_routed(view, registry, name)]


def is_routed(view: View, registry: LiveRegistry, name: str) -> bool:
    """Whether a subject of a registry is seen from here, rather than shadowed by another registry's."""
    try:
        return view.owner(name) is registry
    except NoRoute:
        return False


async def highest_id(view: View, place: Located) -> int | None:
    """The highest id that the registry of a place gave out so far, None where it does not tell."""
    highest = await place.registry.highest_id(place.context)
    if highest is None:
        return None
    return view.public_id(place.registry, highest, str(Subject(place.context, "x")))
