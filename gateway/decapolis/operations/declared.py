"""What registries should hold, as a folder under version control says: the steps that lead there, and taking them.

Only what is declared is looked at; subjects and levels that nobody declares are left alone. After the steps were taken there
are none left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from decapolis.gateway import Gateway, View
from decapolis.registries.live import LiveRegistry
from decapolis.web import current_call
from decapolis_formats import FormatError
from decapolis_policies import Level
from decapolis_translators.contract import StoredVersion
from decapolis_translators.errors import Absent, RegistryError

from .annotated import annotate, whole_metadata
from .candidate import Request
from .check import weigh
from .delete import delete_version
from .errors import OperationRefused
from .history_check import level_named
from .lookup import lookup
from .register import register
from .set_level import level_at, set_level


class Unset(StrEnum):
    """What a declaration says of a level that it leaves alone."""

    UNSET = "unset"


@dataclass(frozen=True, slots=True)
class DeclaredSubject:
    """What one subject should be; None of a part that is left alone."""

    request: Request | None = None
    level: str | Unset | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DeclaredRegistry:
    """What one registry should hold."""

    level: str | Unset | None = None
    subjects: Mapping[str, DeclaredSubject] = field(default_factory=dict)


class Action(StrEnum):
    """What a step does."""

    REGISTER = "register"
    DELETE_VERSION = "delete-version"
    SET_LEVEL = "set-level"
    SET_METADATA = "set-metadata"


@dataclass(frozen=True, slots=True)
class Step:
    """One change that is missing, with what is there now."""

    registry: str
    subject: str | None
    action: Action
    before: Any
    after: Any
    possible: bool = True
    messages: tuple[str, ...] = ()
    destroys: bool = False
    done: bool | None = None
    error: str | None = None


Declared = Mapping[str, DeclaredRegistry]


async def planned(gateway: Gateway, declared: Declared) -> list[Step]:
    """The steps in the order in which they must be taken; UnknownRegistry and RegistryError end the planning."""
    current_call().demand_fresh()
    steps: list[Step] = []
    for registry_id, wanted in declared.items():
        registry = gateway.registries.at(registry_id)
        view = View(gateway, registry.id)
        if wanted.level is not None:
            steps += await _level_steps(view, None, wanted.level)
        for name in _in_order(wanted.subjects):
            subject = wanted.subjects[name]
            level = [] if subject.level is None else await _level_steps(view, name, subject.level)
            schema = [] if subject.request is None else await _schema_steps(view, registry, name, subject)
            # a first version is judged by nobody, and some registries keep levels only of subjects that exist
            is_new = any(step.action is Action.REGISTER and step.before is None for step in schema)
            steps += [*schema, *level] if is_new else [*level, *schema]
            if subject.metadata is not None:
                steps += await _metadata_steps(gateway, registry, name, subject)
    return steps


def _in_order(subjects: Mapping[str, DeclaredSubject]) -> list[str]:
    """The subjects, those that others refer to first."""
    ordered: list[str] = []

    def visit(name: str, seen: tuple[str, ...]) -> None:
        if name in ordered or name in seen or name not in subjects:
            return
        request = subjects[name].request
        for reference in request.references if request is not None else ():
            visit(reference.subject, (*seen, name))
        ordered.append(name)

    for name in subjects:
        visit(name, ())
    return ordered


async def _level_steps(view: View, subject: str | None, wanted: str | Unset) -> list[Step]:
    found = await level_at(view, subject)
    after = None if wanted is Unset.UNSET else level_named(wanted).name
    if found == after:
        return []
    return [Step(view.door or "", subject, Action.SET_LEVEL, found, after)]


async def _schema_steps(view: View, registry: LiveRegistry, name: str, wanted: DeclaredSubject) -> list[Step]:
    request = wanted.request
    if request is None:
        return []
    try:
        numbers = await registry.versions(name)
    except Absent:
        numbers = []
    if numbers:
        try:
            there = (await lookup(view, name, request)).version
        except Absent:
            there = None
        except (OperationRefused, FormatError) as refused:
            return [_register(registry, name, numbers, False, (str(refused),))]
        if there is not None:
            later = [number for number in numbers if number > there]
            return [
                Step(registry.id, name, Action.DELETE_VERSION, number, None, destroys=True)
                for number in reversed(later)
            ]
    level = None if not isinstance(wanted.level, str) or wanted.level is Unset.UNSET else level_named(wanted.level)
    possible, messages = await _judged(view, name, request, level)
    return [_register(registry, name, numbers, possible, messages)]


def _register(
    registry: LiveRegistry, name: str, numbers: Sequence[int], possible: bool, messages: tuple[str, ...]
) -> Step:
    before = numbers[-1] if numbers else None
    return Step(registry.id, name, Action.REGISTER, before, (before or 0) + 1, possible, messages)


async def _judged(view: View, name: str, request: Request, level: Level | None) -> tuple[bool, tuple[str, ...]]:
    try:
        weighed = await weigh(view, name, request, None, every=True, level=level)
    except (OperationRefused, FormatError, Absent) as refused:
        if request.references and isinstance(refused, (OperationRefused, Absent)):
            # what it refers to may be declared beside it, and is registered first
            return True, (f"judged when its references are there: {refused}",)
        return False, (str(refused),)
    return weighed.verdict.allowed, weighed.messages


async def _metadata_steps(gateway: Gateway, registry: LiveRegistry, name: str, wanted: DeclaredSubject) -> list[Step]:
    found: dict[str, Any] = {}
    with suppress(Absent):  # it will have none when it is registered
        found = await whole_metadata(gateway, registry, await registry.fetch(name))
    missing = {key: value for key, value in (wanted.metadata or {}).items() if found.get(key) != value}
    if not missing:
        return []
    return [Step(registry.id, name, Action.SET_METADATA, found, {**found, **missing})]


async def applied(gateway: Gateway, declared: Declared, *, may_destroy: bool) -> list[Step]:
    """Takes the steps one after the other; one that fails is told, and those that hang on it fail for themselves."""
    done = []
    for step in await planned(gateway, declared):
        if step.destroys and not may_destroy:
            done.append(replace(step, done=False, error="it would delete a version, which was not allowed"))
            continue
        try:
            await _take(gateway, declared, step)
        except (OperationRefused, RegistryError, FormatError) as refused:
            done.append(replace(step, done=False, error=str(refused)))
        else:
            done.append(replace(step, done=True))
    return done


async def _take(gateway: Gateway, declared: Declared, step: Step) -> None:
    view = View(gateway, step.registry)
    if step.action is Action.SET_LEVEL:
        level = None if step.after is None else Level.named(step.after)
        await set_level(view, step.subject, level, expected=step.before)
        return
    name = step.subject or ""
    if step.action is Action.DELETE_VERSION:
        await delete_version(view, name, step.before)
        return
    wanted = declared[step.registry].subjects[name]
    if step.action is Action.REGISTER and wanted.request is not None:
        await register(view, name, wanted.request)
        return
    registry = gateway.registries.at(step.registry)
    stored: StoredVersion = await registry.fetch(name)
    found = await whole_metadata(gateway, registry, stored)
    await annotate(gateway, registry, stored, {**found, **(wanted.metadata or {})})
