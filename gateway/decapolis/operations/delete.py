"""Deletes versions and subjects, softly first."""

from __future__ import annotations

from decapolis.audit import told
from decapolis.cache import subject_scope
from decapolis.gateway import View
from decapolis.locks import Busy
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_translators.contract import Feature
from decapolis_translators.errors import (
    ConfigNotFound,
    RegistryError,
    RegistryFault,
    SubjectNotFound,
    SubjectSoftDeleted,
    VersionNotFound,
    VersionSoftDeleted,
)
from decapolis_translators.subjects import Subject

from .buried import bury
from .demanded import refuse_forgetting
from .effective import demand_writable, followed, settings_scope
from .refusals import refusals_noted


async def delete_subject(view: View, spelled: str, *, permanent: bool = False) -> list[int]:
    """Deletes every version of a subject; answers the numbers deleted.

    The dialect's order of refusals holds: absent, then read-only, then referred to, then not yet soft-deleted.
    """
    async with refusals_noted(view, "delete", spelled, {"version": None, "permanent": permanent}):
        return await _subject_deleted(view, spelled, permanent=permanent)


async def _subject_deleted(view: View, spelled: str, *, permanent: bool) -> list[int]:
    current_call().demand_fresh()
    subject, registry = await followed(view, spelled)
    live, _ = await _numbers(registry, subject)
    if not permanent and not live:
        raise SubjectSoftDeleted(str(subject))
    return await _delete(view, registry, subject, None, permanent=permanent)


async def delete_version(view: View, spelled: str, version: int | None, *, permanent: bool = False) -> int:
    """Deletes one version; answers its number. The latest is the newest live one."""
    async with refusals_noted(view, "delete", spelled, {"version": version, "permanent": permanent}):
        return await _version_deleted(view, spelled, version, permanent=permanent)


async def _version_deleted(view: View, spelled: str, version: int | None, *, permanent: bool) -> int:
    current_call().demand_fresh()
    subject, registry = await followed(view, spelled)
    live, everything = await _numbers(registry, subject)
    if version is None:
        if not live:
            raise VersionNotFound(str(subject), -1)
        version = live[-1]
    if version not in everything:
        raise VersionNotFound(str(subject), version)
    if version not in live and not permanent:
        raise VersionSoftDeleted(str(subject), version)
    if not permanent:
        registry.capabilities.demand(Feature.DELETE_VERSION)
    await _delete(view, registry, subject, version, permanent=permanent)
    return version


async def _numbers(registry: LiveRegistry, subject: Subject) -> tuple[list[int], list[int]]:
    everything = await registry.versions(str(subject), deleted=True)
    try:
        return await registry.versions(str(subject)), everything
    except SubjectNotFound:
        return [], everything


async def _delete(
    view: View, registry: LiveRegistry, subject: Subject, version: int | None, *, permanent: bool
) -> list[int]:
    await demand_writable(view, registry, subject)
    if permanent:
        await refuse_forgetting(view.gateway, registry, subject)
    else:
        registry.capabilities.demand(Feature.SOFT_DELETE)
    gateway, name = view.gateway, str(subject)
    async with gateway.locks.hold(registry.id, name) as held:
        facts = {"version": version, "permanent": permanent}
        number = await gateway.audit.intend("delete", registry.id, name, facts)
        undone = await bury(gateway, registry, subject, version) if permanent else _nothing
        try:
            await held.demand()
            gone = await registry.delete(name, version, permanent=permanent)
        except Busy as busy:
            await undone()
            await gateway.audit.close(number, "refused", reason="the lock went to another writer")
            raise told(busy) from None
        except RegistryFault:
            raise
        except RegistryError as refused:
            await undone()
            await gateway.audit.close(number, "refused", reason=str(refused))
            told(refused)
            raise
        if permanent:
            await _forget_settings(registry, name)
        await gateway.audit.close(number, "done", versions=gone)
        await gateway.changes.count(subject_scope(registry.id, name), registry.id, settings_scope(registry.id))
    return gone


async def _nothing() -> None:
    """What a soft deletion has to take back."""


async def _forget_settings(registry: LiveRegistry, name: str) -> None:
    """What the gateway keeps beside a registry goes with the subject, as it does inside one."""
    if registry.memory is None:
        return
    try:
        await registry.versions(name, deleted=True)
    except SubjectNotFound:
        beside = registry.memory.recorded
        for forget in (beside.clear_config(name), beside.set_mode(name, None)):
            try:
                await forget
            except ConfigNotFound:
                continue
