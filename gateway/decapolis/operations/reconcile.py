"""Finds out how changes ended whose answer nobody heard: a gateway died, or the registry's answer was lost."""

from __future__ import annotations

from typing import Any

from decapolis.gateway import Gateway
from decapolis.locks import LEASE_SECONDS
from decapolis.registries.live import LiveRegistry
from decapolis.store.trail import OpenIntent
from decapolis_translators.errors import SubjectNotFound
from decapolis_translators.subjects import Subject


async def reconcile(gateway: Gateway, registry: LiveRegistry) -> int:
    """Closes the registry's open entries of the trail by looking at what is there now; answers how many.

    Entries younger than a lock's lease are left alone: whoever wrote them may still be at it.
    """
    closed = 0
    for intent in await gateway.audit.unfinished(registry.id, older_than=LEASE_SECONDS):
        found = await _found(registry, intent)
        if found is not None:
            await gateway.audit.close(intent.number, "done" if found else "not done", **found)
            closed += 1
    return closed


async def _found(registry: LiveRegistry, intent: OpenIntent) -> dict[str, Any] | None:
    """What came of it: facts where it was done, an empty dictionary where not, None where that cannot be seen."""
    if intent.action == "register":
        history = await registry.history(intent.target, deleted=True)
        for stored in history:
            if stored.schema.guid == intent.facts.get("guid"):
                return {"native_id": stored.native_id, "version": stored.version}
        return {}
    if intent.action == "delete":
        return await _deleted(registry, intent)
    return None


async def _deleted(registry: LiveRegistry, intent: OpenIntent) -> dict[str, Any]:
    permanent = bool(intent.facts.get("permanent"))
    try:
        left = await registry.versions(str(Subject.parse(intent.target)), deleted=permanent)
    except SubjectNotFound:
        left = []
    version = intent.facts.get("version")
    gone = version not in left if version is not None else not left
    return {"versions_left": left} if gone else {}
