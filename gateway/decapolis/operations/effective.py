"""Which configuration and which mode hold for a subject, and where they come from (confluent-rest section 5.6)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from decapolis.gateway import Gateway, View
from decapolis.registries.held import held_config, held_mode
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_translators.contract import Feature
from decapolis_translators.errors import RegistryFault
from decapolis_translators.subjects import DEFAULT_CONTEXT, GLOBAL_CONTEXT, Subject

from .errors import NotAllowed, SubjectInvalid

INHERITED = (
    "normalize",
    "validateFields",
    "validateNewSchemas",
    "validateRules",
    "compatibilityPolicy",
    "compatibilityGroup",
)
"""What a subject's own configuration still takes from the global one; the level is not among them."""

EVERYWHERE = f":{GLOBAL_CONTEXT}:"
_RECALL_SECONDS = 0.2
"""What reading the last known mode may take."""
READ_ONLY = ("READONLY", "READONLY_OVERRIDE")
IMPORTING = ("IMPORT", "FORWARD")


def settings_scope(registry: str) -> str:
    """What changes when any configuration or mode of a registry changes."""
    return f"{registry}#settings"


class SettingsHere:
    """All settings of a registry in the gateway's own store between two changes, and what was worked out from them."""

    MOST = 10_000

    def __init__(self, values: Mapping[tuple[str, Subject], Any]) -> None:
        self.values = values
        self.effective: dict[Subject, Mapping[str, Any]] = {}

    def keep(self, subject: Subject, effective: Mapping[str, Any]) -> None:
        """Remembers what holds for a subject; starts anew rather than growing without end."""
        if len(self.effective) >= self.MOST:
            self.effective.clear()
        self.effective[subject] = effective


async def own_config(
    gateway: Gateway, registry: LiveRegistry, spelled: str | None, *, needed: bool = True
) -> Mapping[str, Any] | None:
    """What is set exactly there; for reads the last known value while the registry is at fault or slow.

    Where nothing is known either, that is the registry's fault, or, unless it is `needed`, counts as nothing set.
    """
    found: Mapping[str, Any] | None = await _remembered(gateway, registry, spelled, "config", needed=needed)
    return found


async def own_mode(gateway: Gateway, registry: LiveRegistry, spelled: str | None, *, needed: bool = True) -> str | None:
    """The mode that is set exactly there, known in the same way."""
    found: str | None = await _remembered(gateway, registry, spelled, "mode", needed=needed)
    return found


async def _remembered(gateway: Gateway, registry: LiveRegistry, spelled: str | None, kind: str, *, needed: bool) -> Any:
    if registry.keeps_settings_here:
        return (await _settings_here(gateway, registry)).values.get((kind, Subject.parse(spelled or "")))
    key, scope = (registry.id, spelled, kind), settings_scope(registry.id)
    kept = gateway.settings_memory.get(key)
    if (
        kept is not None
        and time.monotonic() < kept.until
        and await gateway.changes.unchanged_for_call(scope, kept.made)
    ):
        return kept.value
    made = await gateway.changes.now()
    before = current_call().stale_since
    try:
        ask = held_config if kind == "config" else held_mode
        value = await registry.setting(spelled, kind, scope, lambda: ask(registry, spelled))
    except RegistryFault:
        if needed:
            raise
        return None
    if current_call().stale_since == before:
        until = time.monotonic() + gateway.configuration.gateway.cache.seconds
        gateway.settings_memory.put(key, value, made, until)
    return value


async def _settings_here(gateway: Gateway, registry: LiveRegistry) -> SettingsHere:
    """All settings of a registry in the gateway's own store, read once between two changes of any of them."""
    kept = gateway.settings_memory.get(registry.settings_key)
    if kept is None or not await gateway.changes.unchanged_for_call(settings_scope(registry.id), kept.made):
        made = await gateway.changes.now()
        found = SettingsHere(await registry.settings_here())
        gateway.settings_memory.put(registry.settings_key, found, made, 0.0)
        return found
    settings: SettingsHere = kept.value
    return settings


async def effective_config(
    gateway: Gateway, registry: LiveRegistry, subject: Subject, *, needed: bool = True
) -> dict[str, Any]:
    """What holds for a subject, the level always among it."""
    if not registry.keeps_settings_here:
        return await _inherited(gateway, registry, subject, needed=needed)
    here = await _settings_here(gateway, registry)
    known = here.effective.get(subject)
    if known is None:
        known = await _inherited(gateway, registry, subject, needed=needed)
        here.keep(subject, known)
    return dict(known)


async def _inherited(gateway: Gateway, registry: LiveRegistry, subject: Subject, *, needed: bool) -> dict[str, Any]:
    own = await own_config(gateway, registry, str(subject), needed=needed) if subject.name else None
    if own is not None:
        base = await own_config(gateway, registry, None, needed=needed) or {}
        found = {**{key: base[key] for key in INHERITED if key in base}, **own}
    else:
        found = dict(await _of_context(gateway, registry, subject.context, needed=needed) or {})
    found.setdefault("compatibilityLevel", gateway.judge.default_level.name)
    return found


def _whole_context(subject: Subject) -> str | None:
    return None if subject.context == DEFAULT_CONTEXT else f":{subject.context}:"


async def _of_context(
    gateway: Gateway, registry: LiveRegistry, context: str, *, needed: bool
) -> Mapping[str, Any] | None:
    spelled = None if context == DEFAULT_CONTEXT else f":{context}:"
    found = await own_config(gateway, registry, spelled, needed=needed)
    if found is None and registry.capabilities.has(Feature.CONTEXTS) and context != GLOBAL_CONTEXT:
        found = await own_config(gateway, registry, EVERYWHERE, needed=needed)
    return found


async def effective_mode(gateway: Gateway, registry: LiveRegistry, subject: Subject) -> str:
    """The mode that holds for a subject: its own, else its context's, else everybody's, else READWRITE."""
    spelled = _whole_context(subject)
    if subject.name and not registry.keeps_settings_here:
        # asked together: a registry that is far away takes its time for each question
        own, found = await asyncio.gather(
            own_mode(gateway, registry, str(subject)), own_mode(gateway, registry, spelled)
        )
    else:
        own = await own_mode(gateway, registry, str(subject)) if subject.name else None
        found = await own_mode(gateway, registry, spelled) if own is None else None
    if own is not None:
        return own
    if found is None and registry.capabilities.has(Feature.CONTEXTS) and subject.context != GLOBAL_CONTEXT:
        found = await own_mode(gateway, registry, EVERYWHERE)
    return found or "READWRITE"


async def enforced_mode(view: View, registry: LiveRegistry, subject: Subject) -> str:
    """The mode that writes meet here: a read-only front stops every subject that has no mode of its own at the home."""
    front = await front_mode(view, registry) if view.door is None and subject.name else "READWRITE"
    if front in READ_ONLY:
        home = view.gateway.registries.home
        own = await own_mode(view.gateway, registry, str(subject)) if home is registry else None
        if own is None:
            return front
    return await effective_mode(view.gateway, registry, subject)


async def demand_writable(view: View, registry: LiveRegistry, subject: Subject) -> str:
    """The mode of a subject that may be written to; NotAllowed when its own or the front's mode is read-only."""
    mode = await enforced_mode(view, registry, subject)
    if mode in READ_ONLY:
        raise NotAllowed.by_mode(subject, "in read-only mode")
    return mode


async def front_mode(view: View, registry: LiveRegistry) -> str:
    """The mode of the front as a whole: its home's global one, or the store's where there is no home."""
    home = view.gateway.registries.home
    if home is None:
        return await view.gateway.front.mode(None) or "READWRITE"
    if registry is home:
        return await own_mode(view.gateway, home, None) or "READWRITE"
    # a home that is down or slow stops nobody else's writes: its last known mode holds for the front, and none if it has none
    with current_call().taking_stale(), suppress(TimeoutError):
        async with asyncio.timeout(view.gateway.configuration.gateway.limits.stale_after_seconds + _RECALL_SECONDS):
            return await own_mode(view.gateway, home, None, needed=False) or "READWRITE"
    return "READWRITE"


async def followed(view: View, spelled: str) -> tuple[Subject, LiveRegistry]:
    """The subject that is meant and its owner: one alias is followed, contexts need a registry that has them."""
    subject = Subject.parse(spelled)
    registry = _owner(view, subject)
    if registry.keeps_settings_here:
        own = (await _settings_here(view.gateway, registry)).values.get(("config", subject)) if subject.name else None
        return _behind_alias(view, subject, registry, own)
    writing = current_call().wants_fresh
    if writing and subject.name:
        own, _ = await asyncio.gather(
            own_config(view.gateway, registry, str(subject)),
            own_config(view.gateway, registry, _whole_context(subject), needed=False),
        )
    else:
        own = await own_config(view.gateway, registry, str(subject), needed=writing) if subject.name else None
    return _behind_alias(view, subject, registry, own)


def followed_before(view: View, spelled: str) -> tuple[Subject, LiveRegistry] | None:
    """What `followed` found for the same subject a moment ago, nobody being asked; None where that is not known any more."""
    subject = Subject.parse(spelled)
    registry = _owner(view, subject)
    if not subject.name:
        return subject, registry
    here = registry.keeps_settings_here
    kept = view.gateway.settings_memory.get(registry.settings_key if here else (registry.id, str(subject), "config"))
    if kept is None:
        return None
    return _behind_alias(view, subject, registry, kept.value.values.get(("config", subject)) if here else kept.value)


def _behind_alias(
    view: View, subject: Subject, registry: LiveRegistry, own: Mapping[str, Any] | None
) -> tuple[Subject, LiveRegistry]:
    target = alias_target(subject, own)
    return (subject, registry) if target is None else (target, _owner(view, target))


def alias_target(subject: Subject, own: Mapping[str, Any] | None) -> Subject | None:
    """The subject that another one's own configuration makes it an alias of, in the same context unless it says else."""
    alias = own.get("alias") if own else None
    if not alias:
        return None
    target = Subject.parse(str(alias))
    return target if str(alias).startswith(":.") else Subject(subject.context, target.name)


def _owner(view: View, subject: Subject) -> LiveRegistry:
    registry = view.owner(str(subject))
    if subject.context != DEFAULT_CONTEXT and not registry.capabilities.has(Feature.CONTEXTS):
        raise SubjectInvalid(
            str(subject),
            f"Registry {registry.id} has no contexts: {registry.capabilities.why_not(Feature.CONTEXTS)}",
        )
    return registry
