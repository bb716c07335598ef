"""Reads and changes modes: who may write, and whether ids may be imposed."""

from __future__ import annotations

from decapolis.cache import subject_scope
from decapolis.gateway import View
from decapolis.registries.held import hold_mode
from decapolis.registries.live import LiveRegistry
from decapolis.registries.stored import StoredRegistry
from decapolis.web import current_call
from decapolis_translators.errors import ConfigNotFound, SubjectNotFound
from decapolis_translators.subjects import DEFAULT_CONTEXT, GLOBAL_CONTEXT, Subject

from .buried import bury
from .configuration import holder_of, place
from .effective import effective_mode, enforced_mode, own_mode, settings_scope
from .errors import MODES, ModeInvalid, ModeUnset, NotAllowed, SubjectInvalid
from .refusals import refusals_noted

IMPORTING = "IMPORT"


async def read_mode(view: View, spelled: str | None, *, default_to_global: bool = False) -> str:
    """The mode that is set there, or that holds there; ModeUnset for a subject without its own."""
    subject = place(spelled)
    holder = holder_of(view, subject)
    if isinstance(holder, StoredRegistry):
        return await holder.mode(None) or "READWRITE"
    if default_to_global:
        return await enforced_mode(view, holder, subject)
    own = await own_mode(view.gateway, holder, _spelled(subject))
    if own is not None:
        return own
    if not subject.name and subject.context in {DEFAULT_CONTEXT, GLOBAL_CONTEXT}:
        return await effective_mode(view.gateway, holder, subject)
    raise ModeUnset(str(subject))


def _spelled(subject: Subject) -> str | None:
    return None if not subject.name and subject.context == DEFAULT_CONTEXT else str(subject)


async def change_mode(view: View, spelled: str | None, mode: str | None, *, force: bool = False) -> None:
    """Sets the mode of a place, or clears it with None."""
    async with refusals_noted(view, "set-mode", spelled, {"after": mode}):
        await _changed(view, spelled, mode, force=force)


async def _changed(view: View, spelled: str | None, mode: str | None, *, force: bool) -> None:
    current_call().demand_fresh()
    subject = place(spelled)
    _demand_mutable(view)
    if subject.name and not subject.is_registrable():
        raise SubjectInvalid(str(subject))
    wanted = None if mode is None else mode.strip().upper()
    if wanted is not None and wanted not in MODES:
        raise ModeInvalid
    if wanted == "FORWARD" and (subject.name or subject.context not in {DEFAULT_CONTEXT, GLOBAL_CONTEXT}):
        raise ModeInvalid("Forward mode only supported on global level")
    holder = holder_of(view, subject)
    if isinstance(holder, StoredRegistry):
        await _set_front(view, holder, wanted)
        return
    if wanted == IMPORTING and not force:
        await _demand_empty(view, holder, subject)
    await _set(view, holder, subject, wanted, force=force)


async def _set_front(view: View, front: StoredRegistry, mode: str | None) -> None:
    """The front's own mode lives in the store: noted as the change of no registry."""
    facts = {"before": await front.mode(None), "after": mode}
    number = await view.gateway.audit.intend("set-mode", "", "", facts)
    await front.set_mode(None, mode)
    await view.gateway.audit.close(number, "done")


def _demand_mutable(view: View) -> None:
    if not view.gateway.configuration.gateway.dialect.mode_mutability:
        raise NotAllowed("Mode changes are not allowed")


async def _demand_empty(view: View, holder: LiveRegistry, subject: Subject) -> None:
    """IMPORT begins on empty ground: no live subject in scope; soft-deleted leftovers are erased."""
    if await effective_mode(view.gateway, holder, subject) == IMPORTING:
        return
    live = [name for name in await holder.subjects() if _in_scope(name, subject)]
    if live:
        raise NotAllowed("Cannot import since found existing subjects")
    if not holder.is_local:
        return
    leftovers = [name for name in await holder.subjects(deleted=True) if _in_scope(name, subject)]
    if not leftovers:
        return
    facts = {"permanent": True, "subjects": leftovers}
    number = await view.gateway.audit.intend("erase", holder.id, str(subject), facts)
    for name in leftovers:
        await bury(view.gateway, holder, Subject.parse(name))
    await holder.erase(leftovers)
    await view.gateway.audit.close(number, "done")
    scopes = [subject_scope(holder.id, name) for name in leftovers]
    await view.gateway.changes.count(*scopes, holder.id, settings_scope(holder.id))


def _in_scope(name: str, scope: Subject) -> bool:
    found = Subject.parse(name)
    if scope.context == GLOBAL_CONTEXT:
        return True
    return found.context == scope.context and (not scope.name or found.name == scope.name)


async def _set(view: View, holder: LiveRegistry, subject: Subject, mode: str | None, *, force: bool) -> None:
    gateway, target = view.gateway, str(subject)
    before = await own_mode(gateway, holder, _spelled(subject))
    number = await gateway.audit.intend("set-mode", holder.id, target, {"before": before, "after": mode})
    try:
        await hold_mode(holder, _spelled(subject), mode, force=force)
    except ConfigNotFound:
        await gateway.audit.close(number, "refused", reason="nothing was set")
        if mode is not None:
            raise
        return
    await gateway.changes.count(settings_scope(holder.id), subject_scope(holder.id, target))
    await holder.forget_setting(_spelled(subject))
    await gateway.audit.close(number, "done")


async def delete_mode(view: View, spelled: str | None, *, recursive: bool = False) -> str | None:
    """Clears the mode of a place (and, `recursive`, of every subject in it) and answers what it was."""
    async with refusals_noted(view, "set-mode", spelled, {"after": None}):
        return await _cleared(view, spelled, recursive=recursive)


async def _cleared(view: View, spelled: str | None, *, recursive: bool) -> str | None:
    current_call().demand_fresh()
    subject = place(spelled)
    _demand_mutable(view)
    holder = holder_of(view, subject)
    if isinstance(holder, StoredRegistry):
        front = await holder.mode(None)
        if front is not None:
            await _set_front(view, holder, None)
        return front or "READWRITE"
    own = await own_mode(view.gateway, holder, _spelled(subject))
    if recursive:
        for name in await holder.subjects(deleted=True):
            if _in_scope(name, subject) and await own_mode(view.gateway, holder, name) is not None:
                await _set(view, holder, Subject.parse(name), None, force=False)
    if own is not None:
        await _set(view, holder, subject, None, force=False)
        return own
    if recursive:
        return None
    if not subject.name and subject.context in {DEFAULT_CONTEXT, GLOBAL_CONTEXT}:
        return "READWRITE"
    raise SubjectNotFound(str(subject))
