"""Reads schemas: by subject and version, by id, by guid, and who uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from decapolis.gateway import View
from decapolis.ids import Owned
from decapolis.registries.live import LiveRegistry
from decapolis.registries.references import inside
from decapolis.registries.routing import NoRoute
from decapolis.registries.stored import StoredConfig, StoredRegistry
from decapolis_formats import Schema, engine_of
from decapolis_policies.history import Text
from decapolis_translators.contract import Feature
from decapolis_translators.errors import (
    Absent,
    RegistryFault,
    SchemaNotFound,
    SubjectNotFound,
    VersionNotFound,
)
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from .effective import followed
from .errors import NotOffered, VersionInvalid
from .shown import Shown, shown

MAX_VERSION = 2**31 - 1
LATEST = -1


def version_from(token: str) -> int | None:
    """The number that a version token means, None for the latest; VersionInvalid otherwise."""
    trimmed = token.strip()
    if trimmed.lower() == "latest" or trimmed == "-1":
        return None
    if trimmed.isascii() and trimmed.isdigit() and 1 <= int(trimmed[:12]) <= MAX_VERSION:
        return int(trimmed)
    raise VersionInvalid(token)


async def fetch_version(view: View, spelled: str, version: int | None, *, deleted: bool = False) -> Shown:
    """One version of a subject, the newest live one for None.

    A plain name that its registry does not know is looked for in that registry's other contexts (confluent-rest 5.1).
    """
    subject, registry = await followed(view, spelled)
    try:
        return shown(view, registry, await registry.fetch(str(subject), version, deleted=deleted))
    except SubjectNotFound:
        elsewhere = await in_other_contexts(registry, subject)
        for candidate in elsewhere:
            try:
                return shown(view, registry, await registry.fetch(candidate, version, deleted=deleted))
            except Absent:
                continue
        raise
    except VersionNotFound as absent:
        raise VersionNotFound(str(subject), LATEST if version is None else version) from absent


async def in_other_contexts(registry: LiveRegistry, subject: Subject) -> list[str]:
    """The same plain name in the registry's named contexts; nothing for a name that is qualified already."""
    if subject.context != DEFAULT_CONTEXT or not registry.capabilities.has(Feature.CONTEXTS):
        return []
    names = await registry.contexts()
    return [str(Subject(name, subject.name)) for name in names if name != DEFAULT_CONTEXT]


async def fetch_by_id(view: View, seen_id: int, spelled: str | None = None) -> Shown:
    """The schema that an id stands for from here; SchemaNotFound outside every range and for ids never given.

    With a subject of a registry that is not home, in this order: a public id that was given for that registry, the
    registry's own id of exactly that subject, then whose range it is (design: old topics carry native ids).
    """
    subject = Subject.parse(spelled) if spelled else None
    if subject is not None and subject.name:
        subject, _ = await followed(view, str(subject))
    if subject is not None and subject.context != DEFAULT_CONTEXT:
        return await _in_context(view, seen_id, subject)
    if subject is not None and subject.name:
        found = await _for_subject(view, seen_id, subject)
        if found is not None:
            return found
    return await _by_range(view, seen_id)


async def _in_context(view: View, seen_id: int, subject: Subject) -> Shown:
    registry = view.owner(str(subject) if subject.name else f":{subject.context}:x")
    if not registry.capabilities.has(Feature.CONTEXTS):
        raise SchemaNotFound(seen_id)
    schema = await registry.schema(seen_id, subject.context)
    used = await _uses(registry, seen_id, subject.context)
    if subject.name:
        used = [use for use in used if use[0] == str(subject)]
        if not used:
            raise SchemaNotFound(seen_id)
    name, version = used[0] if used else ("", 0)
    return Shown(name, version, seen_id, schema)


async def _uses(registry: LiveRegistry, native_id: int, context: str) -> list[tuple[str, int]]:
    try:
        return await registry.usages(native_id, context, deleted=True)
    except (Absent, RegistryFault):
        return []


async def _for_subject(view: View, seen_id: int, subject: Subject) -> Shown | None:
    try:
        registry = view.owner(str(subject))
    except NoRoute:
        return None
    if view.shows_native_ids(registry, subject.context):
        return await _unqualified(registry, seen_id, subject)
    native_id = view.gateway.ledger.native(registry.id, seen_id)
    if native_id is not None:
        return Shown(str(subject), 0, seen_id, await registry.schema(native_id))
    used = await registry.usages_or_none(seen_id)
    if used is not None and any(name == str(subject) for name, _ in used):
        return Shown(str(subject), 0, seen_id, await registry.schema(seen_id))
    return None


async def _unqualified(registry: LiveRegistry, seen_id: int, subject: Subject) -> Shown | None:
    """Another context's schema when only there a subject of that plain name holds the id."""
    if not registry.is_local:
        return None
    if any(name == str(subject) for name, _ in await _uses(registry, seen_id, DEFAULT_CONTEXT)):
        return None
    for spelled in await in_other_contexts(registry, subject):
        context = Subject.parse(spelled).context
        for name, version in await _uses(registry, seen_id, context):
            if name == spelled:
                return Shown(name, version, seen_id, await registry.schema(seen_id, context))
    return None


def owner_of_id(view: View, seen_id: int) -> tuple[LiveRegistry, int]:
    """The registry whose id it is from here, and its native id; SchemaNotFound outside every range."""
    if view.door is not None:
        return view.gateway.registries.at(view.door), seen_id
    owned = view.gateway.ledger.owner(seen_id)
    if owned is None:
        raise SchemaNotFound(seen_id)
    registry = view.gateway.registries.find(owned.registry)
    if registry is None:
        raise UnpluggedRegistry(owned, seen_id)
    return registry, owned.native_id


class UnpluggedRegistry(RegistryFault):
    """The id belongs to a registry that is not configured any more; its range stays reserved."""

    def __init__(self, owned: Owned, seen_id: int) -> None:
        super().__init__(f"Id {seen_id} belongs to registry {owned.registry}, which is not configured any more")
        self.owned = owned


async def _by_range(view: View, seen_id: int) -> Shown:
    try:
        registry, native_id = owner_of_id(view, seen_id)
    except UnpluggedRegistry as unplugged:
        return Shown("", 0, seen_id, await _remembered(view, unplugged))
    try:
        schema = await registry.schema(native_id)
    except SchemaNotFound as absent:
        raise SchemaNotFound(seen_id) from absent
    return Shown("", 0, seen_id, schema)


async def _remembered(view: View, unplugged: UnpluggedRegistry) -> Schema:
    """An id outlives its registry: messages still carry it, and the store still has its text."""
    kept = StoredRegistry(unplugged.owned.registry, StoredConfig(), view.gateway.store)
    try:
        return await kept.fetch_by_id(unplugged.owned.native_id)
    except SchemaNotFound:
        raise unplugged from None


async def describe_use(view: View, found: Shown) -> Shown:
    """The same with a subject and version that hold the id, where one is known (the dialect's newer answers)."""
    if found.version:
        return found
    context = Subject.parse(found.subject).context if found.subject else DEFAULT_CONTEXT
    try:
        registry, native_id = _holder_and_native(view, found)
    except (SchemaNotFound, RegistryFault, NoRoute):
        return found
    used = await _uses(registry, native_id, context)
    preferred = [use for use in used if use[0] == found.subject] or used
    if not preferred:
        return found
    name, version = preferred[0]
    return Shown(name, version, found.id, found.schema, found.deleted, found.created_ms)


def _holder_and_native(view: View, found: Shown) -> tuple[LiveRegistry, int]:
    if not found.subject:
        return owner_of_id(view, found.id)
    registry = view.owner(found.subject)
    # an old record's id is the registry's own already
    native_id = view.native_id(registry, found.id, Subject.parse(found.subject).context)
    return registry, found.id if native_id is None else native_id


async def usages(
    view: View, seen_id: int, spelled: str | None = None, *, deleted: bool = False
) -> list[tuple[str, int]]:
    """Subjects and versions that hold an id, as far as they can be seen from here; SchemaNotFound for unknown ids."""
    subject = Subject.parse(spelled) if spelled else Subject(DEFAULT_CONTEXT, "")
    if subject.name:
        subject, _ = await followed(view, str(subject))
    if subject.context != DEFAULT_CONTEXT:
        registry, native_id = view.owner(f":{subject.context}:x"), seen_id
    else:
        registry, native_id = owner_of_id(view, seen_id)
    if not registry.capabilities.has(Feature.USAGES):
        raise NotOffered(f"Registry {registry.id}: {registry.capabilities.why_not(Feature.USAGES)}")
    try:
        used = await registry.usages(native_id, subject.context, deleted=deleted)
    except SchemaNotFound as absent:
        raise SchemaNotFound("") from absent
    return [(name, version) for name, version in used if _is_seen(view, registry, name, subject)]


def _is_seen(view: View, registry: LiveRegistry, name: str, wanted: Subject) -> bool:
    if wanted.name and name != str(wanted):
        return False
    return is_routed(view, registry, name)


def is_routed(view: View, registry: LiveRegistry, name: str) -> bool:
    """Whether a subject of a registry is seen from here, rather than shadowed by another registry's."""
    try:
        return view.owner(name) is registry
    except NoRoute:
        return False


async def by_guid(view: View, spelled: str) -> Schema:
    """The schema of a guid that the gateway has seen; SchemaNotFound otherwise."""
    guid = guid_from(spelled)
    for registry in view.registries():
        for context, native_id in await registry.ids_of_guid(guid):
            return await registry.schema(native_id, context)
    raise SchemaNotFound(spelled)


async def ids_of_guid(view: View, spelled: str) -> list[tuple[str, int]]:
    """Contexts and ids of a guid, as seen from here; empty when unknown."""
    try:
        guid = guid_from(spelled)
    except SchemaNotFound:
        return []
    found = []
    for registry in view.registries():
        for context, native_id in await registry.ids_of_guid(guid):
            found.append((context, view.public_id(registry, native_id, str(Subject(context, "x")))))
    return sorted(set(found))


def guid_from(spelled: str) -> str:
    """The canonical spelling of a guid given as UUID or as 32 hex digits; SchemaNotFound otherwise."""
    try:
        return str(UUID(spelled))
    except ValueError:
        raise SchemaNotFound(spelled) from None


async def referrers(view: View, spelled: str, version: int | None, *, deleted: bool = False) -> list[int]:
    """Ids of the schemas that refer to a version, which may itself be soft-deleted."""
    subject, registry = await followed(view, spelled)
    stored = await registry.fetch(str(subject), version, deleted=version is not None)
    found = await registry.referrers(str(subject), stored.version, deleted=deleted)
    return [view.public_id(registry, each, str(subject)) for each in found if isinstance(each, int)]


async def rendered(view: View, found: Shown, style: str) -> Schema:
    """The schema in a `format=` style (`resolved`, `serialized`, `ignore_extensions`); unknown styles change nothing."""
    if style not in {"resolved", "serialized", "ignore_extensions"}:
        return found.schema
    schema = found.schema
    context = Subject.parse(found.subject).context
    registry = _holder(view, found)
    known = await registry.dependencies(schema, context, deleted=True) if schema.references else ()
    engine = engine_of(schema.format)
    text = engine.rendered(Text(schema.format, schema.text, known).parsed(strict=False), style)
    return Schema(schema.format, text, schema.references, schema.metadata, schema.rule_set)


def with_qualified_references(schema: Schema, subject: str) -> Schema:
    """The schema with its references spelled with their context, where that is not the default one."""
    context = Subject.parse(subject).context
    qualified = tuple(replace(each, subject=inside(each.subject, context)) for each in schema.references)
    return Schema(schema.format, schema.text, qualified, schema.metadata, schema.rule_set)


async def latest_with_metadata(
    view: View, spelled: str, wanted: Mapping[str, str], *, deleted: bool = False
) -> Shown | None:
    """The newest version whose metadata properties hold all the wanted pairs; SubjectNotFound for an unknown subject."""
    subject, registry = await followed(view, spelled)
    history = await registry.history(str(subject), deleted=deleted)
    if not history:
        raise SubjectNotFound(str(subject))
    for stored in reversed(history):
        properties = stored.schema.metadata.properties if stored.schema.metadata else {}
        if all(properties.get(key) == value for key, value in wanted.items()):
            return shown(view, registry, stored)
    return None


def _holder(view: View, found: Shown) -> LiveRegistry:
    if found.subject:
        return view.owner(found.subject)
    registry, _ = owner_of_id(view, found.id)
    return registry


async def highest_id(view: View, found: Shown) -> int | None:
    """The highest id that the schema's registry gave out so far, None where it does not tell."""
    try:
        registry = _holder(view, found)
    except (SchemaNotFound, RegistryFault, NoRoute):
        return None
    context = Subject.parse(found.subject).context
    highest = await registry.highest_id(context)
    return None if highest is None else view.public_id(registry, highest, str(Subject(context, "x")))


def page(items: Sequence[object], offset: int, limit: int, most: int | None = None) -> list[object]:
    """A part of a list as the dialect pages: limits of 0, below, or above `most` mean the default."""
    start = max(offset, 0)
    if limit <= 0 or (most is not None and limit > most):
        limit = most if most is not None else len(items)
    return list(items[start : start + limit])
