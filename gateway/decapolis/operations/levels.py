"""Reads levels that only come one by one in the background, within what a registry may be asked in a second."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from decapolis.gateway import Gateway
from decapolis.registries.live import LiveRegistry

from .effective import own_config

READ_AT_ONCE = 20
"""How many subjects of a registry one turn of the background reads."""


class Turns:
    """Which subjects were read, the longest ago first."""

    def __init__(self) -> None:
        self._read: dict[str, int] = {}
        self._turn = 0

    def next(self, names: Collection[str], known: Collection[str], most: int) -> list[str]:
        """Those that were never read first, then those that were read longest ago."""
        self._turn += 1
        chosen = sorted(names, key=lambda name: (name in known, self._read.get(name, 0), name))[:most]
        self._read = {name: turn for name, turn in self._read.items() if name in names}
        self._read.update(dict.fromkeys(chosen, self._turn))
        return chosen


async def read_levels(gateway: Gateway, registry: LiveRegistry, names: Collection[str], turns: Turns) -> int:
    """Reads the levels of a few subjects, no faster than the registry's budget; how many were read."""
    if registry.is_local or registry.config_holder is None:
        return 0
    chosen = turns.next(names, await registry.levels_snapshot(), READ_AT_ONCE)
    for name in chosen:
        await own_config(gateway, registry, name)
        await asyncio.sleep(1 / registry.entry.resilience.calls_per_second)
    return len(chosen)
