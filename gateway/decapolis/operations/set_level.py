"""Sets one level as compare-and-set: only while what is there is still what whoever planned it saw.

Unlike `change_config` it asks the registry as little as it can, because jobs do this a thousand times: one reading, one
writing, both under the lock of the place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from decapolis.gateway import View
from decapolis.registries.held import clear_config, held_config, hold_config
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_policies import Level
from decapolis_translators.errors import ConfigNotFound, RegistryError, RegistryFault
from decapolis_translators.subjects import DEFAULT_CONTEXT, Subject

from .demanded import LEVEL, held_to_floor
from .effective import READ_ONLY, effective_mode, settings_scope
from .errors import BelowTheFloor, NotAllowed, OperationRefused, SubjectInvalid

Intend = Callable[[str | None], Awaitable[None]]


class _Anything(Enum):
    ANYTHING = "anything"


ANYTHING: Final = _Anything.ANYTHING
"""Whatever is there may be replaced."""


class ChangedMeanwhile(OperationRefused):
    """Somebody else changed it after the plan was made; nothing was written."""

    def __init__(self, what: str, planned: str | None, found: str | None) -> None:
        super().__init__(
            f"{what} was changed meanwhile: {planned or 'unset'} was expected, {found or 'unset'} is there"
        )
        self.found = found


@dataclass(frozen=True, slots=True)
class LevelSet:
    """What a place had and has; None where it has no level of its own."""

    before: str | None
    after: str | None

    @property
    def changed(self) -> bool:
        """Whether anything was written."""
        return self.before != self.after


def place_of(registry: LiveRegistry, spelled: str | None) -> Subject:
    """The place that a subject's name means, or the registry as a whole."""
    if spelled is None:
        return Subject(DEFAULT_CONTEXT, "")
    subject = Subject.parse(spelled)
    if not subject.is_registrable():
        raise SubjectInvalid(spelled, f"It cannot have a level of its own in registry {registry.id}.")
    return subject


def described(spelled: str | None) -> str:
    """A place in words."""
    return "The global level" if spelled is None else f"The level of {spelled}"


async def level_at(view: View, spelled: str | None) -> str | None:
    """The level that is set exactly there, as its keeper says now; None where none is."""
    registry = view.gateway.registries.at(view.door or "")
    return _level_in(await held_config(registry, spelled))


def _level_in(config: dict[str, Any] | None) -> str | None:
    found = (config or {}).get(LEVEL)
    return None if found is None else str(found)


async def set_level(
    view: View,
    spelled: str | None,
    level: Level | None,
    *,
    expected: str | _Anything | None = ANYTHING,
    intend: Intend | None = None,
) -> LevelSet:
    """Sets the level of a subject (or of the whole registry) through its door; None takes its own level away.

    ChangedMeanwhile where `expected` is not there, BelowTheFloor where a policy set asks for more. `intend` is told what is
    there right before it changes. A fault whose outcome shows right afterwards is no fault.
    """
    current_call().demand_fresh()
    registry = view.gateway.registries.at(view.door or "")
    subject = place_of(registry, spelled)
    wanted = None if level is None else await _allowed(view, registry, subject, level)
    async with view.gateway.locks.hold(registry.id, str(subject)) as held:
        config = await held_config(registry, spelled)
        found = _level_in(config)
        if expected is not ANYTHING and found not in (expected, wanted):
            raise ChangedMeanwhile(described(spelled), expected, found)
        if found == wanted:
            return LevelSet(found, wanted)
        if intend is not None:
            await intend(found)
        await held.demand()
        await _write(view, registry, subject, config, wanted)
        return LevelSet(found, wanted)


async def _allowed(view: View, registry: LiveRegistry, subject: Subject, level: Level) -> str:
    """The level that may be set there: the wanted one, or the floor where the policy set raises to it."""
    gateway = view.gateway
    # a registry that obeys modes itself refuses in its own words; asking it first would double the calls
    if registry.is_local or registry.mode_holder is None:
        mode = await effective_mode(gateway, registry, subject)
        if mode in READ_ONLY:
            refused = NotAllowed.by_mode(subject, "in read-only mode")
            facts = {"after": {LEVEL: level.name}}
            await gateway.audit.note("set-config", registry.id, str(subject), facts, "refused", reason=str(refused))
            raise refused
    try:
        changes = await held_to_floor(gateway, registry, subject, {LEVEL: level.name})
    except BelowTheFloor as below:
        number = await gateway.audit.intend("set-config", registry.id, str(subject), {"after": {LEVEL: level.name}})
        await gateway.audit.close(number, "refused", reason=str(below))
        raise
    return str(changes[LEVEL])


async def _write(
    view: View, registry: LiveRegistry, subject: Subject, config: dict[str, Any] | None, wanted: str | None
) -> None:
    gateway, target = view.gateway, str(subject)
    spelled = target if subject.name else None
    action = "set-config" if wanted is not None else "clear-config"
    facts = {"before": dict(config or {}), "after": {} if wanted is None else {LEVEL: wanted}}
    number = await gateway.audit.intend(action, registry.id, target, facts)
    try:
        await _send(registry, spelled, config, wanted)
    except RegistryFault:
        if await _outcome(registry, spelled, wanted) is not True:
            # the intent stays open until somebody finds out
            raise
    except RegistryError as refused:
        await gateway.audit.close(number, "refused", reason=str(refused))
        raise
    # not the subject's own scope: its versions are what they were, and nobody needs to read them anew
    await gateway.changes.count(settings_scope(registry.id))
    await registry.forget_setting(spelled)
    await gateway.audit.close(number, "done")


async def _send(registry: LiveRegistry, spelled: str | None, config: dict[str, Any] | None, wanted: str | None) -> None:
    if wanted is not None:
        await hold_config(registry, spelled, {LEVEL: wanted})
    elif set(config or {}) - {LEVEL}:
        await hold_config(registry, spelled, {LEVEL: None})
    else:
        try:
            await clear_config(registry, spelled)
        except ConfigNotFound:
            return  # it is gone already, which is what was wanted


async def _outcome(registry: LiveRegistry, spelled: str | None, wanted: str | None) -> bool | None:
    """Whether a write whose answer was lost did land; None where nobody can tell."""
    try:
        return _level_in(await held_config(registry, spelled)) == wanted
    except RegistryError:
        return None
