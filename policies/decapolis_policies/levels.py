"""Compatibility levels as data: how deep a change is compared in each direction.

The names and their meaning are those of the Confluent dialect, plus FORWARD_FULL, which accepts a candidate exactly when
for every live version each side reads the other's data: the predicate of FULL_TRANSITIVE under a name of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Depth(IntEnum):
    """Against how much of the history a direction is asked."""

    NONE = 0
    LATEST = 1
    ALL = 2


class UnknownLevel(ValueError):
    """No level has that name; the text lists the ones that exist."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Unknown compatibility level: {name} (known: {', '.join(LEVELS)})")
        self.name = name


@dataclass(frozen=True, slots=True)
class Level:
    """A named pair of depths: `backward` asks whether the new reads the old, `forward` the reverse."""

    name: str
    backward: Depth
    forward: Depth

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> Depth:
        """The deeper of the two directions."""
        return max(self.backward, self.forward)

    @property
    def native_name(self) -> str:
        """The name that registries know: FORWARD_FULL is sent onwards as FULL_TRANSITIVE."""
        return "FULL_TRANSITIVE" if self.name == "FORWARD_FULL" else self.name

    def covers(self, other: Level) -> bool:
        """Whether this level asks at least what the other asks, in both directions."""
        return self.backward >= other.backward and self.forward >= other.forward

    def below(self, floor: Level) -> bool:
        """Whether this level asks less than a floor and nothing else: FORWARD is not below BACKWARD, NONE is."""
        return floor.covers(self) and not self.covers(floor)

    @property
    def mirrored(self) -> Level:
        """The level that asks of a later version what this one asks of an earlier one: directions are swapped."""
        return Level(self.name, backward=self.forward, forward=self.backward)

    @classmethod
    def named(cls, name: str) -> Level:
        """The level of that name in any letter case; UnknownLevel otherwise."""
        try:
            return LEVELS[name.strip().upper()]
        except KeyError:
            raise UnknownLevel(name) from None


LEVELS: dict[str, Level] = {
    level.name: level
    for level in (
        Level("NONE", Depth.NONE, Depth.NONE),
        Level("BACKWARD", Depth.LATEST, Depth.NONE),
        Level("BACKWARD_TRANSITIVE", Depth.ALL, Depth.NONE),
        Level("FORWARD", Depth.NONE, Depth.LATEST),
        Level("FORWARD_TRANSITIVE", Depth.NONE, Depth.ALL),
        Level("FULL", Depth.LATEST, Depth.LATEST),
        Level("FULL_TRANSITIVE", Depth.ALL, Depth.ALL),
        Level("FORWARD_FULL", Depth.ALL, Depth.ALL),
    )
}


def join(configured: Level, floor: Level) -> Level:
    """The level that is enforced: per direction the deeper of both.

    A pair of depths without a name of its own is rounded up to FULL_TRANSITIVE; a side that already covers the other
    keeps its own name, the configured one first.
    """
    if configured.covers(floor):
        return configured
    if floor.covers(configured):
        return floor
    backward = max(configured.backward, floor.backward)
    forward = max(configured.forward, floor.forward)
    for level in LEVELS.values():
        if (level.backward, level.forward) == (backward, forward):
            return level
    return LEVELS["FULL_TRANSITIVE"]
