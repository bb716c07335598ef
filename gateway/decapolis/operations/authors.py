"""When a version was made and by whom: what its registry tells, else what the trail of changes through the gateway says."""

from __future__ import annotations

from dataclasses import dataclass

from decapolis.gateway import Gateway
from decapolis.registries.live import LiveRegistry
from decapolis_translators.contract import StoredVersion


@dataclass(frozen=True, slots=True)
class Author:
    """Who made a version and when, each as far as it is known."""

    at_ms: int | None = None
    name: str | None = None


async def author_of(gateway: Gateway, registry: LiveRegistry, stored: StoredVersion) -> Author:
    """The author of one version."""
    noted = (await gateway.audit.authors(registry.id, stored.subject)).get(stored.version)
    at_ms = stored.created_ms if stored.created_ms is not None else noted and noted[0]
    return Author(at_ms, noted[1] if noted else None)
