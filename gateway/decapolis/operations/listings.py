"""Lists subjects, versions, schemas and contexts over everything that can be seen from a view."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from decapolis.gateway import View
from decapolis.registries.live import LiveRegistry
from decapolis.registries.routing import NoRoute
from decapolis_translators.contract import Feature
from decapolis_translators.errors import Absent, SubjectNotFound
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from .by_id import is_routed
from .effective import alias_target, followed, own_config
from .errors import ContextNotEmpty
from .refusals import refusals_noted
from .shown import Shown, shown

EVERY_CONTEXT = ":*:"


def matches_prefix(spelled: str, prefix: str) -> bool:
    """Whether a subject falls under a `subjectPrefix`: `:*:x` in every context, `:.ctx:x` in one, `x` in the default."""
    subject = Subject.parse(spelled)
    if prefix.startswith(EVERY_CONTEXT):
        return subject.name.startswith(prefix.removeprefix(EVERY_CONTEXT))
    wanted = Subject.parse(prefix)
    return subject.context == wanted.context and subject.name.startswith(wanted.name)


async def list_subjects(
    view: View, prefix: str = EVERY_CONTEXT, *, deleted: bool = False, deleted_only: bool = False
) -> list[str]:
    """Sorted names; a registry that is down contributes its last snapshot, or fails the listing when it has none."""
    if deleted_only:
        both = await _names(view, deleted=True)
        live = set(await _names(view, deleted=False))
        names = [name for name in both if name not in live]
    else:
        names = await _names(view, deleted=deleted)
    return [name for name in names if matches_prefix(name, prefix)] if prefix != EVERY_CONTEXT else names


async def _names(view: View, *, deleted: bool) -> list[str]:
    registries = view.registries()
    lists = await asyncio.gather(*(registry.subjects(deleted=deleted) for registry in registries))
    if len(registries) == 1 and (view.door is not None or len(view.gateway.registries.all) == 1):
        return lists[0]
    found = {
        name
        for registry, names in zip(registries, lists, strict=True)
        for name in names
        if is_routed(view, registry, name)
    }
    return sorted(found)


async def list_versions(
    view: View, spelled: str, *, deleted: bool = False, deleted_only: bool = False, negative: bool = False
) -> list[int]:
    """The numbers, ascending; soft-deleted ones as asked for, marked negative by `negative`."""
    subject, registry = await followed(view, spelled)
    name = str(subject)
    if not (deleted or deleted_only or negative):
        return await registry.versions(name)
    everything = await registry.versions(name, deleted=True)
    try:
        live = set(await registry.versions(name))
    except SubjectNotFound:
        live = set()
    if not live and not (deleted or deleted_only):
        raise SubjectNotFound(name)
    if deleted_only:
        return [number for number in everything if number not in live]
    if negative:
        return [number if number in live else -number for number in everything]
    return everything


async def list_schemas(
    view: View,
    prefix: str = "",
    *,
    also: Iterable[str] = (),
    deleted: bool = False,
    latest_only: bool = False,
    rule_type: str = "",
) -> list[Shown]:
    """Versions of all subjects under a prefix and of those named, by subject and number; `latest_only`: only the last."""
    names = sorted({*await list_subjects(view, prefix, deleted=deleted), *also})
    groups = await asyncio.gather(*(_versions_of(view, name, deleted=deleted, latest=latest_only) for name in names))
    found = [each for group in groups for each in group]
    return [each for each in found if _has_rule(each, rule_type)] if rule_type else found


async def _versions_of(view: View, name: str, *, deleted: bool, latest: bool) -> list[Shown]:
    try:
        registry = view.owner(name)
        stored = await registry.history(name, deleted=deleted)
    except (Absent, NoRoute):
        return []
    chosen = stored[-1:] if latest else stored
    return [shown(view, registry, each) for each in chosen]


def _has_rule(found: Shown, rule_type: str) -> bool:
    rules = found.schema.rule_set
    if rules is None:
        return False
    everything = (*(rules.migration_rules or ()), *(rules.domain_rules or ()), *(rules.encoding_rules or ()))
    return any(rule.type == rule_type for rule in everything)


async def aliases_under(view: View, prefix: str) -> dict[str, list[str]]:
    """The subjects that aliases under a prefix stand for, each with those aliases."""
    found: dict[str, list[str]] = {}
    for registry in view.registries():
        for spelled in await registry.configured_subjects():
            own = await own_config(view.gateway, registry, spelled) if matches_prefix(spelled, prefix) else None
            target = alias_target(Subject.parse(spelled), own)
            if target is not None and is_routed(view, registry, spelled):
                found.setdefault(str(target), []).append(spelled)
    return {name: sorted(aliases) for name, aliases in found.items()}


async def list_contexts(view: View) -> list[str]:
    """The contexts that can be reached from here, `.` first."""
    home = view.home()
    registries = [home] if home is not None else view.registries()
    names: set[str] = set()
    for registry in registries:
        names.update(await registry.contexts())
    return [DEFAULT_CONTEXT, *sorted(names - {DEFAULT_CONTEXT})]


async def delete_context(view: View, name: str) -> None:
    """Forgets an empty context; ContextNotEmpty while any subject remains, soft-deleted ones included."""
    context = Subject.parse(name if name.startswith(":") else f":{_dotted(name)}:").context
    registry: LiveRegistry = view.owner(f":{context}:x") if context != DEFAULT_CONTEXT else view.owner("x")
    registry.capabilities.demand(Feature.CONTEXTS)
    names = await registry.subjects(deleted=True)
    async with refusals_noted(view, "delete-context", f":{context}:"):
        if any(Subject.parse(each).context == context for each in names):
            raise ContextNotEmpty(context)
    number = await view.gateway.audit.intend("delete-context", registry.id, f":{context}:", {})
    await registry.drop_context(context)
    await view.gateway.audit.close(number, "done")


def _dotted(name: str) -> str:
    return name if name.startswith(".") else f".{name}"
