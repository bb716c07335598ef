"""Where levels and modes live: in the registry where it can hold them, in the gateway's store where it cannot.

A registry that knows only a level gets just that, the rest of the dialect's configuration is kept beside it. FORWARD_FULL is
sent as FULL_TRANSITIVE and keeps its name here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from decapolis_policies.levels import Level
from decapolis_translators.contract import Feature, HoldsConfig
from decapolis_translators.errors import ConfigNotFound, RegistryError, RegistryFault

from .live import LiveRegistry
from .stored import StoredRegistry

LEVEL = "compatibilityLevel"


def _beside(live: LiveRegistry) -> StoredRegistry | None:
    return None if live.memory is None else live.memory.recorded


async def held_config(live: LiveRegistry, subject: str | None) -> dict[str, Any] | None:
    """What is set exactly there, None when nothing is."""
    beside = _beside(live)
    kept = dict(await beside.config(subject) or {}) if beside is not None else {}
    holder = live.config_holder
    if holder is None:
        return kept or None
    there = await live.ask(lambda: holder.config(subject))
    if there is None:
        kept.pop(LEVEL, None)
        return kept or None
    return _joined(kept, there)


def _joined(kept: Mapping[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
    joined = {**kept, **there}
    if kept.get(LEVEL) == "FORWARD_FULL" and there.get(LEVEL) == "FULL_TRANSITIVE":
        joined[LEVEL] = "FORWARD_FULL"
    return joined


async def hold_config(live: LiveRegistry, subject: str | None, changes: Mapping[str, Any]) -> None:
    """Sets the named keys where they can be kept; a None clears one."""
    holder = live.config_holder
    beside = _beside(live)
    if holder is not None:
        sent = _sendable(live, holder, changes)
        # an empty change sets a configuration without a level, where a registry can hold one
        if sent or (not changes and live.capabilities.has(Feature.CONFIG)):
            async with _named_before(beside, subject, changes):
                await live.ask(lambda: holder.set_config(subject, sent), repeatable=False)
    # the name of a level that is set alone stands there already
    if beside is not None and not (holder is not None and dict(changes) == {LEVEL: "FORWARD_FULL"}):
        await beside.set_config(subject, _kept_beside(live, holder, changes))


@asynccontextmanager
async def _named_before(
    beside: StoredRegistry | None, subject: str | None, changes: Mapping[str, Any]
) -> AsyncIterator[None]:
    """Keeps the name FORWARD_FULL before the registry is told FULL_TRANSITIVE, and takes it back where that is refused.

    It shows only once the registry says FULL_TRANSITIVE: a process that dies in between leaves one state or the other.
    """
    if beside is None or changes.get(LEVEL) != "FORWARD_FULL":
        yield
        return
    before = (await beside.config(subject) or {}).get(LEVEL)
    await beside.set_config(subject, {LEVEL: "FORWARD_FULL"})
    try:
        yield
    except RegistryFault:
        raise  # it may have been done all the same
    except RegistryError:
        await beside.set_config(subject, {LEVEL: before})
        raise


def _sendable(live: LiveRegistry, holder: HoldsConfig, changes: Mapping[str, Any]) -> dict[str, Any]:
    whole = live.capabilities.has(Feature.CONFIG)
    sent = {key: value for key, value in changes.items() if whole or key == LEVEL}
    if isinstance(sent.get(LEVEL), str) and not isinstance(holder, StoredRegistry):
        sent[LEVEL] = Level.named(sent[LEVEL]).native_name
    return sent


def _kept_beside(live: LiveRegistry, holder: HoldsConfig | None, changes: Mapping[str, Any]) -> dict[str, Any]:
    if holder is None:
        return dict(changes)
    whole = live.capabilities.has(Feature.CONFIG)
    kept = {} if whole else {key: value for key, value in changes.items() if key != LEVEL}
    if LEVEL in changes:
        kept[LEVEL] = "FORWARD_FULL" if changes[LEVEL] == "FORWARD_FULL" else None
    return kept


async def clear_config(live: LiveRegistry, subject: str | None) -> None:
    """Removes what is set there; ConfigNotFound when nothing was."""
    beside = _beside(live)
    cleared = False
    if beside is not None:
        try:
            await beside.clear_config(subject)
            cleared = True
        except ConfigNotFound:
            pass
    holder = live.config_holder
    if holder is not None:
        try:
            await live.ask(lambda: holder.clear_config(subject), repeatable=False)
        except ConfigNotFound:
            if not cleared:
                raise
    elif not cleared:
        raise ConfigNotFound(subject or "")


async def held_mode(live: LiveRegistry, subject: str | None) -> str | None:
    """The mode that is set exactly there, None when none is."""
    holder = live.mode_holder
    if holder is not None:
        return await live.ask(lambda: holder.mode(subject))
    beside = _beside(live)
    return None if beside is None else await beside.mode(subject)


async def hold_mode(live: LiveRegistry, subject: str | None, mode: str | None, *, force: bool) -> None:
    """Sets or clears (None) a mode where it can be kept; ConfigNotFound when there was nothing to clear."""
    holder = live.mode_holder
    if holder is not None:
        await live.ask(lambda: holder.set_mode(subject, mode, force=force), repeatable=False)
        return
    beside = _beside(live)
    if beside is not None:
        await beside.set_mode(subject, mode, force=force)
