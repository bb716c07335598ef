"""Moves the route of one subject from a registry to another while clients write and read, and back again.

Everything is copied before; then, under the lock that writers of the subject wait for, what came meanwhile is copied too and
the route changes. A writer that waited looks anew to whom the subject belongs. Old ids keep their meaning, because an id
belongs to its registry's range whatever the route says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from decapolis.cache import subject_scope
from decapolis.gateway import Gateway
from decapolis.registries.routing import NoRoute
from decapolis.web import current_call
from decapolis_translators.errors import SubjectNotFound

from .copying import Copied, Copier, There
from .effective import settings_scope
from .errors import OperationRefused

SETTLE_SECONDS = 2.0
"""How long other gateways on the same store may go on with the old route; what they wrote is copied after that."""
MOST_ROUNDS = 5
ROUTES = "~routes"
"""Whose lock is taken first, so that two that move a subject in opposite directions never wait for each other."""


class Routes(Protocol):
    """Who decides at run time whose a subject is."""

    async def route(self, subject: str, registry_id: str | None) -> None:
        """Gives a subject to a registry, before every rule; None leaves it to the rules again."""


class NotRouted(OperationRefused):
    """The subject's route is not the one that was planned for."""


@dataclass(frozen=True, slots=True)
class Ends:
    """From where to where, and how."""

    source: str
    target: str
    keep_ids: bool
    levels: bool


def owner_of(gateway: Gateway, subject: str) -> str | None:
    """The registry that the front asks for a subject."""
    try:
        return gateway.registries.owner(subject).id
    except NoRoute:
        return None


async def cut(gateway: Gateway, routes: Routes, ends: Ends, subject: str, before: There) -> Copied:
    """The subject belongs to the target, which holds everything that the source holds; NotRouted if it was another's."""
    current_call().demand_fresh()
    if owner_of(gateway, subject) == ends.target:
        return await _copier(gateway, ends).copy(subject, before)
    if owner_of(gateway, subject) != ends.source:
        raise NotRouted(f"{subject} belongs to registry {owner_of(gateway, subject)}, not to {ends.source}")
    copier = _copier(gateway, ends)
    copied = await copier.copy(subject, before)
    async with gateway.locks.hold(ROUTES, subject), gateway.locks.hold(ends.source, subject):
        copied = await _caught_up(gateway, copier, ends.source, subject, before, copied)
        await routes.route(subject, ends.target)
        await _announced(gateway, subject, (ends.source, ends.target))
    if not gateway.store.exclusive:
        await asyncio.sleep(SETTLE_SECONDS)
        copied = await _caught_up(gateway, copier, ends.source, subject, before, copied)
    return copied


async def uncut(gateway: Gateway, routes: Routes, ends: Ends, subject: str) -> Copied:
    """The subject belongs to the source again, which gets what was written to the target meanwhile."""
    current_call().demand_fresh()
    back = Copier(gateway, ends.target, ends.source, keep_ids=ends.keep_ids, levels=False)
    there = await back.there(subject)
    copied = await back.copy(subject, there)
    async with gateway.locks.hold(ROUTES, subject), gateway.locks.hold(ends.target, subject):
        copied = await _caught_up(gateway, back, ends.target, subject, there, copied)
        await routes.route(subject, None)
        if owner_of(gateway, subject) != ends.source:
            await routes.route(subject, ends.source)
        await _announced(gateway, subject, (ends.source, ends.target))
    return copied


def _copier(gateway: Gateway, ends: Ends) -> Copier:
    return Copier(gateway, ends.source, ends.target, keep_ids=ends.keep_ids, levels=ends.levels)


async def _caught_up(
    gateway: Gateway, copier: Copier, source: str, subject: str, before: There, copied: Copied
) -> Copied:
    """What was registered since the copy is copied too; usually that is nothing, and costs one question."""
    for _ in range(MOST_ROUNDS):
        try:
            versions = await gateway.registries.at(source).versions(subject)
        except SubjectNotFound:
            return copied
        if set(versions) <= set(copied.versions):
            return copied
        copied = await copier.copy(subject, before)
    raise NotRouted(f"{subject} is written to faster than it can be copied")


async def _announced(gateway: Gateway, subject: str, registries: Iterable[str]) -> None:
    """No kept answer about the subject is given out any more."""
    scopes = [scope for each in registries for scope in (subject_scope(each, subject), settings_scope(each), each)]
    await gateway.changes.count(*scopes)
