"""Tests a registry as a person would: is it there, do the credentials hold, how long does it take."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from decapolis.registries.live import LiveRegistry
from decapolis_translators.errors import RegistryError


@dataclass(frozen=True, slots=True)
class Tested:
    """What one test found."""

    registry: str
    status: str
    """`ok` or `error`."""
    latency_ms: float
    checked: tuple[str, ...]
    version: str | None = None
    cluster_id: str | None = None
    error: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


CHECKED = ("the address answers", "the credentials are taken", "what it can do was looked up")


async def tested(registry: LiveRegistry) -> Tested:
    """Asks the registry now, whatever is remembered; a fault is an answer here, no error."""
    began = time.perf_counter()
    try:
        ping = await registry.ping()
    except RegistryError as fault:
        return Tested(registry.id, "error", _milliseconds(began), CHECKED[:1], error=str(fault))
    facts = dict(ping.facts)
    return Tested(registry.id, "ok", _milliseconds(began), CHECKED, ping.version, ping.cluster_id, None, facts)


def _milliseconds(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 2)
