"""Reads and changes configuration: levels, normalisation, aliases, groups, defaults and overrides."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from decapolis.audit import told
from decapolis.cache import subject_scope
from decapolis.gateway import View
from decapolis.registries.held import clear_config, hold_config
from decapolis.registries.live import LiveRegistry
from decapolis.registries.stored import StoredRegistry
from decapolis.web import current_call
from decapolis_formats import RuleSet
from decapolis_formats.data_contracts import InvalidRuleSet, check_rule_set
from decapolis_formats.spelling import metadata_from, metadata_to, rule_set_from, rule_set_to
from decapolis_policies.levels import Level, UnknownLevel
from decapolis_translators.errors import ConfigNotFound, SubjectNotFound
from decapolis_translators.subjects import DEFAULT_CONTEXT, GLOBAL_CONTEXT, Subject

from .demanded import LEVEL, held_to_floor, with_enforced_level
from .effective import READ_ONLY, effective_config, effective_mode, front_mode, own_config, settings_scope
from .errors import BelowTheFloor, ConfigUnset, LevelInvalid, NotAllowed, RuleSetInvalid, SubjectInvalid
from .refusals import refusals_noted

POLICIES = ("STRICT", "LENIENT", "LOGICAL")


def place(spelled: str | None) -> Subject:
    """The place that a configuration path means; `:.:` is the global one, `:.ctx:` a whole context."""
    return Subject(DEFAULT_CONTEXT, "") if spelled is None else Subject.parse(spelled)


def _spelled(subject: Subject) -> str | None:
    """How registries are told: None for the global place."""
    return None if not subject.name and subject.context == DEFAULT_CONTEXT else str(subject)


def holder_of(view: View, subject: Subject) -> LiveRegistry | StoredRegistry:
    """Who keeps the configuration of a place: the subject's registry, the home, or the gateway where there is no home."""
    if subject.name:
        return view.owner(str(subject))
    if subject.context not in {DEFAULT_CONTEXT, GLOBAL_CONTEXT}:
        return view.owner(f":{subject.context}:x")
    return view.home() or view.gateway.front


async def read_config(view: View, spelled: str | None, *, default_to_global: bool = False) -> dict[str, Any]:
    """What is configured there, the level always among it; ConfigUnset for a subject without its own."""
    subject = place(spelled)
    holder = holder_of(view, subject)
    default = view.gateway.judge.default_level.name
    if isinstance(holder, StoredRegistry):
        front = {LEVEL: default, **(await holder.config(None) or {})}
        return await with_enforced_level(view.gateway, None, subject, front) if default_to_global else front
    if default_to_global:
        effective = await effective_config(view.gateway, holder, subject)
        return await with_enforced_level(view.gateway, holder, subject, effective)
    own = await own_config(view.gateway, holder, _spelled(subject))
    if own is None:
        if _is_global(subject):
            return {LEVEL: default}
        raise ConfigUnset(str(subject))
    return {LEVEL: default, **own}


def _is_global(subject: Subject) -> bool:
    return not subject.name and subject.context in {DEFAULT_CONTEXT, GLOBAL_CONTEXT}


async def change_config(view: View, spelled: str | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes the keys that are named (None clears one) and answers everything that is set there afterwards."""
    async with refusals_noted(view, "set-config", spelled, {"after": dict(changes)}):
        return await _changed(view, spelled, changes)


async def _changed(view: View, spelled: str | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    current_call().demand_fresh()
    subject = place(spelled)
    if subject.name and not subject.is_registrable():
        raise SubjectInvalid(str(subject))
    checked = _checked(changes)
    holder = holder_of(view, subject)
    if isinstance(holder, StoredRegistry):
        checked = await held_to_floor(view.gateway, None, subject, checked)
        async with _front_noted(view, holder, "set-config", checked):
            await holder.set_config(None, checked)
        return dict(await holder.config(None) or {})
    await _demand_changeable(view, holder, subject)
    try:
        checked = await held_to_floor(view.gateway, holder, subject, checked)
    except BelowTheFloor as below:
        number = await view.gateway.audit.intend("set-config", holder.id, str(subject), {"after": checked})
        await view.gateway.audit.close(number, "refused", reason=str(below))
        told(below)
        raise
    await _audited(view, holder, subject, "set-config", checked)
    return dict(await own_config(view.gateway, holder, _spelled(subject)) or {})


@asynccontextmanager
async def _front_noted(
    view: View, front: StoredRegistry, action: str, changes: Mapping[str, Any] | None
) -> AsyncIterator[None]:
    """The front's own settings live in the store: noted as the change of no registry."""
    facts = {"before": dict(await front.config(None) or {}), "after": dict(changes or {})}
    number = await view.gateway.audit.intend(action, "", "", facts)
    yield
    await view.gateway.audit.close(number, "done")


async def _audited(
    view: View, holder: LiveRegistry, subject: Subject, action: str, changes: Mapping[str, Any] | None
) -> None:
    gateway, target = view.gateway, str(subject)
    before = await own_config(gateway, holder, _spelled(subject))
    facts = {"before": dict(before or {}), "after": dict(changes or {})}
    number = await gateway.audit.intend(action, holder.id, target, facts)
    try:
        if changes is None:
            await clear_config(holder, _spelled(subject))
        else:
            await hold_config(holder, _spelled(subject), changes)
    except ConfigNotFound:
        await gateway.audit.close(number, "refused", reason="nothing was set")
        raise
    await gateway.changes.count(settings_scope(holder.id), subject_scope(holder.id, target))
    await holder.forget_setting(_spelled(subject))
    await gateway.audit.close(number, "done")


async def delete_config(view: View, spelled: str | None) -> dict[str, Any]:
    """Clears what is configured there and answers what it was; SubjectNotFound for a subject without its own."""
    async with refusals_noted(view, "clear-config", spelled):
        return await _cleared(view, spelled)


async def _cleared(view: View, spelled: str | None) -> dict[str, Any]:
    current_call().demand_fresh()
    subject = place(spelled)
    holder = holder_of(view, subject)
    default = view.gateway.judge.default_level.name
    if isinstance(holder, StoredRegistry):
        before = dict(await holder.config(None) or {})
        if before:
            async with _front_noted(view, holder, "clear-config", None):
                await holder.clear_config(None)
        return {LEVEL: default, **before}
    own = await own_config(view.gateway, holder, _spelled(subject))
    if own is None and not _is_global(subject):
        raise SubjectNotFound(str(subject))
    await _demand_changeable(view, holder, subject)
    if own is not None:
        await _audited(view, holder, subject, "clear-config", None)
    return {LEVEL: default, **(own or {})}


async def _demand_changeable(view: View, holder: LiveRegistry, subject: Subject) -> None:
    mode = await effective_mode(view.gateway, holder, subject)
    if view.door is None and mode not in READ_ONLY and view.gateway.registries.home is not holder:
        mode = await front_mode(view, holder)
    if mode in READ_ONLY:
        raise NotAllowed.by_mode(subject, "in read-only mode")


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes in our spelling, values checked."""
    checked = dict(changes)
    level = checked.get(LEVEL)
    if level is not None:
        try:
            checked[LEVEL] = Level.named(str(level)).name
        except UnknownLevel as unknown:
            raise LevelInvalid(str(level)) from unknown
    policy = checked.get("compatibilityPolicy")
    if policy is not None:
        spelled = str(policy).upper()
        checked["compatibilityPolicy"] = spelled if spelled in POLICIES else None
    # kept as they are read, so that nulls and unknown keys in them are not answered to anybody
    for key in ("defaultMetadata", "overrideMetadata"):
        metadata = metadata_from(checked.get(key))
        if metadata is not None:
            checked[key] = metadata_to(metadata)
    for key in ("defaultRuleSet", "overrideRuleSet"):
        rule_set = rule_set_from(checked.get(key))
        if rule_set is not None:
            _demand_usable(rule_set)
            checked[key] = rule_set_to(rule_set)
    return checked


def _demand_usable(rule_set: RuleSet) -> None:
    try:
        check_rule_set(rule_set)
    except InvalidRuleSet as error:
        raise RuleSetInvalid(str(error)) from error
