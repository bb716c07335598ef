"""Restores the ids of a registry from what is pinned there, when the gateway's store is lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from decapolis.store import schemas
from decapolis_translators.contract import KeepsNotes, Translator

from .notes import RangeNote, read_range
from .registry import Overlay
from .state import Found

Seen = Mapping[str, tuple[Sequence[Found], Collection[str]]]
"""By subject: what was found, and the native ids that are there."""


async def rebuild(overlay: Translator[Any]) -> int:
    """Reads every id back from the registry into an empty store; answers how many versions there are.

    Ids that are pinned come first, then the others in the order of names and versions, so that two gateways that rebuild
    agree.
    """
    if not isinstance(overlay, Overlay):
        raise TypeError(f"registry {overlay.registry_id} has no overlay")
    seen = await _seen(overlay)
    highest = await _highest(overlay, seen)

    def work(connection: Connection) -> None:
        schemas.raise_counter(connection, overlay.registry_id, ".", highest)
        for subject, (found, present) in seen.items():
            overlay.state.learn(connection, subject, [each for each in found if each.ids], present)
        for subject, (found, present) in seen.items():
            overlay.state.learn(connection, subject, found, present)

    await overlay.write(work)
    await overlay.claim()
    for subject in seen:
        await overlay.pin(subject)
    return sum(len(found) for found, _ in seen.values())


async def pinned_range(native: Translator[Any]) -> RangeNote | None:
    """The range that is pinned to a registry, None where none is."""
    return read_range(await native.own_note()) if isinstance(native, KeepsNotes) else None


async def _seen(overlay: Overlay) -> Seen:
    seen = {}
    for subject in sorted(await overlay.native.subjects()):
        listed = await overlay.lister.listed(subject)
        seen[subject] = (await overlay.found(subject, listed), {str(each.native_id) for each in listed})
    return seen


async def _highest(overlay: Overlay, seen: Seen) -> int:
    note = await pinned_range(overlay.native)
    pinned = [one.public_id for found, _ in seen.values() for each in found for one in each.ids]
    return max([note.highest if note else 0, *pinned])
