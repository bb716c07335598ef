"""Which registry and context an id belongs to as seen from a view, and whether a named subject holds it."""

from __future__ import annotations

from dataclasses import dataclass

from decapolis.gateway import View
from decapolis.ids import Owned
from decapolis.registries.live import LiveRegistry
from decapolis.registries.routing import NoRoute
from decapolis.web import current_call
from decapolis_translators.contract import Feature
from decapolis_translators.errors import Absent, RegistryFault, SchemaNotFound
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from .effective import followed

Uses = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Located:
    """An id in the words of the registry that it belongs to."""

    registry: LiveRegistry
    native_id: int
    context: str = DEFAULT_CONTEXT
    subject: str = ""
    version: int = 0
    """The version of the subject that the caller named, where it is known to hold the id."""


class UnpluggedRegistry(RegistryFault):
    """The id belongs to a registry that is not configured any more; its range stays reserved."""

    def __init__(self, owned: Owned, seen_id: int) -> None:
        super().__init__(f"Id {seen_id} belongs to registry {owned.registry}, which is not configured any more")
        self.owned = owned


async def located(view: View, seen_id: int, spelled: str | None = None) -> Located:
    """Where an id belongs; SchemaNotFound outside every range and for a qualified subject that does not hold it.

    A subject only helps to choose: that of a registry other than the home means, in this order, a public id that was
    given for that registry, the registry's own id of exactly that subject, then whose range it is (design: old topics
    carry native ids). A plain one that does not hold the id is looked for in the other contexts, then ignored
    (confluent-rest sections 3.2 and 9.11).
    """
    subject = Subject.parse(spelled) if spelled else Subject(DEFAULT_CONTEXT, "")
    if subject.name:
        subject, _ = await followed(view, str(subject))
    if subject.context != DEFAULT_CONTEXT:
        return await _in_context(view, seen_id, subject)
    found = await _for_subject(view, seen_id, subject) if subject.name else None
    return _by_range(view, seen_id) if found is None else found


def _by_range(view: View, seen_id: int) -> Located:
    if view.door is not None:
        return Located(view.gateway.registries.at(view.door), seen_id)
    owned = view.gateway.ledger.owner(seen_id)
    if owned is None:
        raise SchemaNotFound(seen_id)
    registry = view.gateway.registries.find(owned.registry)
    if registry is None:
        raise UnpluggedRegistry(owned, seen_id)
    return Located(registry, owned.native_id)


async def _in_context(view: View, seen_id: int, subject: Subject) -> Located:
    registry = view.owner(str(subject) if subject.name else f":{subject.context}:x")
    if not registry.capabilities.has(Feature.CONTEXTS):
        raise SchemaNotFound(seen_id)
    if not subject.name:
        return Located(registry, seen_id, subject.context)
    used = await known_uses(registry, seen_id, subject.context)
    if used is None:
        return Located(registry, seen_id, subject.context)
    found = _of(used, str(subject), registry, seen_id, subject.context)
    if found is None:
        raise SchemaNotFound(seen_id)
    return found


async def _for_subject(view: View, seen_id: int, subject: Subject) -> Located | None:
    try:
        registry = view.owner(str(subject))
    except NoRoute:
        return None
    if view.shows_native_ids(registry, DEFAULT_CONTEXT):
        return await _unqualified(registry, seen_id, subject)
    native_id = view.gateway.ledger.native(registry.id, seen_id)
    if native_id is not None:
        return Located(registry, native_id)
    used = await registry.usages_or_none(seen_id)
    return None if used is None else _of(used, str(subject), registry, seen_id, DEFAULT_CONTEXT)


async def _unqualified(registry: LiveRegistry, seen_id: int, subject: Subject) -> Located | None:
    """The context in which a subject of that plain name holds the id, the default one first; None where none does."""
    elsewhere = await in_other_contexts(registry, subject, needed=False)
    if not elsewhere and not registry.is_local:
        return None
    for spelled in (str(subject), *elsewhere):
        context = Subject.parse(spelled).context
        found = _of(await known_uses(registry, seen_id, context) or [], spelled, registry, seen_id, context)
        if found is not None:
            return found
    return None


def _of(used: Uses, spelled: str, registry: LiveRegistry, native_id: int, context: str) -> Located | None:
    version = max((version for name, version in used if name == spelled), default=None)
    return None if version is None else Located(registry, native_id, context, spelled, version)


async def in_other_contexts(registry: LiveRegistry, subject: Subject, *, needed: bool = True) -> list[str]:
    """The same plain name in the registry's named contexts; nothing for a name that is qualified already.

    Unless they are `needed`, nobody waits long for contexts that were never listed.
    """
    if subject.context != DEFAULT_CONTEXT or not registry.capabilities.has(Feature.CONTEXTS):
        return []
    try:
        names = await registry.contexts(needed=needed)
    except RegistryFault:
        return []
    return [str(Subject(name, subject.name)) for name in names if name != DEFAULT_CONTEXT]


async def known_uses(registry: LiveRegistry, native_id: int, context: str = DEFAULT_CONTEXT) -> Uses | None:
    """Who holds an id, soft-deleted versions included; None where nobody can tell now.

    The answer that this helps to choose is the text of an id, which is never a stale one.
    """
    call = current_call()
    before = call.stale_since
    try:
        used = await registry.usages(native_id, context, deleted=True)
    except Absent:
        return []
    except RegistryFault:
        return None
    if call.stale_since != before:
        call.stale_since = before
        return used or None
    return used
