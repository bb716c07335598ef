"""Judges every change before it is written: picks what is demanded, compares, and says why."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from decapolis_formats import ComparisonTooCostly, Format
from decapolis_policies import (
    BelowFloor,
    Candidate,
    Demands,
    Level,
    Newest,
    PastVersion,
    Stance,
    Verdict,
    WholeVerdict,
    judge,
    judge_whole,
)
from decapolis_policies.demands import NONE
from decapolis_policies.levels import Depth
from decapolis_policies.matching import Facts
from decapolis_policies.sets import Policies
from decapolis_policies.verdict import FLOOR
from decapolis_policies.worker import MatchQuestion, Question, WholeQuestion

from .policies import PolicyFile
from .workers import Workers

INLINE_CHARACTERS = 200_000
"""Comparisons of more text than this leave the event loop, and the process."""
INLINE_BUDGET = 20_000
"""How many pairs of nodes a comparison may visit before it leaves them too."""
INLINE_WHOLE = 5_000
"""Whole histories of more text than this, counted once for every version, are judged in another process."""

__all__ = ["Floor", "Judge", "PolicyFile", "Workers"]


def utc_day() -> datetime.date:
    """Today, as exemptions count days."""
    return datetime.datetime.now(datetime.UTC).date()


@dataclass(frozen=True, slots=True)
class Floor:
    """A floor that is enforced at a place, and whose it is."""

    policy_set: str
    level: Level
    below: BelowFloor


class Judge:
    """The one judge behind register, the compatibility endpoints and the levels that are reported."""

    def __init__(
        self,
        default_level: str,
        file: PolicyFile | None = None,
        workers: Workers | None = None,
        today: Callable[[], datetime.date] = utc_day,
        background: Workers | None = None,
    ) -> None:
        self.default_level = Level.named(default_level)
        self.file = file or PolicyFile()
        self.today = today
        self._workers = workers
        self._background = background

    @property
    def policies(self) -> Policies:
        """The policy sets in force."""
        return self.file.policies

    def level(self, config: Mapping[str, Any]) -> Level:
        """The level that a subject with this effective configuration is configured to."""
        named = config.get("compatibilityLevel")
        return self.default_level if named is None else Level.named(str(named))

    def demands(
        self, place: Facts, config: Mapping[str, Any], *, only_policy: bool = False, past: Set[Format] = frozenset()
    ) -> Demands:
        """Everything demanded of a change at a place; `only_policy` leaves out what the subject itself is configured to.

        `past` are the formats of what is there: a floor that matches those is not left by another format.
        """
        configured = _configured(
            NONE if only_policy else self.level(config),
            config.get("compatibilityPolicy") == "LENIENT",
            bool(config.get("validateFields")) and not only_policy,
            config.get("compatibilityGroup") or None,
        )
        if not self.policies.sets:
            return configured
        demands = self.policies.demands(place, self.today(), configured)
        if not self.policies.asks_for_formats:
            return demands
        for format in sorted(past - {place.format}):
            there = self.policies.demands(replace(place, format=format), self.today(), configured)
            demands = demands.with_floor_of(there)
        return demands

    def may_ask_deleted(self, place: Facts) -> bool:
        """Whether a floor may want to see deleted versions, whatever the formats of what is there."""
        return self.policies.asks_for_formats or self.demands(place, {}).asks_deleted

    def enforced(self, place: Facts, config: Mapping[str, Any]) -> Level:
        """The level that decides there: what `defaultToGlobal=true` reports."""
        return self.demands(place, config).enforced

    def floor(self, place: Facts) -> Floor | None:
        """The floor that holds at a place today, None where nothing is enforced."""
        found = self.policies.winner(place)
        if found is None or found.entry.stance is not Stance.ENFORCE or found.floor == NONE:
            return None
        if FLOOR in found.free_of(place, self.today()):
            return None
        return Floor(found.name, found.floor, found.entry.below_floor)

    async def judge(
        self,
        candidate: Candidate,
        history: Sequence[PastVersion],
        demands: Demands,
        followers: Sequence[PastVersion] = (),
    ) -> Verdict:
        """The verdict on a candidate that can be read, after this history (ascending).

        Heavy comparisons are made in another process, in bounded time: ComparisonTooCostly past it, never a pass.
        """
        compared = _compared([*history, *followers], demands)
        if not (compared or demands.rules or demands.validate_fields):
            return Verdict(True, demands.enforced, policy_set=demands.policy_set)
        if self._workers is None:
            return judge(candidate, history, demands, followers)
        size = candidate.schema.characters + sum(past.schema.characters for past in compared)
        if size <= INLINE_CHARACTERS:
            try:
                return judge(candidate, history, demands.within(INLINE_BUDGET), followers)
            except ComparisonTooCostly:
                pass  # it may still end within the limit of a worker
        return await self._workers.judge(Question(candidate, tuple(history), demands, tuple(followers)))

    async def judge_whole(
        self, history: Sequence[PastVersion], demands: Demands, *, bridge: bool = False, newest: Newest | None = None
    ) -> WholeVerdict:
        """Whether a whole history satisfies these demands, and with `bridge` what would bridge it.

        Anything but a few small texts is judged in processes of its own, so that nobody who writes waits for it.
        """
        weight = len(history) * sum(past.schema.characters for past in history)
        if self._background is None or weight <= INLINE_WHOLE:
            return judge_whole(history, demands, bridge=bridge, newest=newest)
        return await self._background.judge_whole(WholeQuestion(tuple(history), demands, bridge, newest))

    async def matched(self, question: MatchQuestion, seconds: float) -> tuple[int, ...]:
        """The places of the names that a stranger's expression is found in; ComparisonTooCostly past the time."""
        if self._workers is None:
            return question.verdict()
        return await self._workers.matched(question, seconds)


@lru_cache(maxsize=1_000)
def _configured(level: Level, lenient: bool, validate_fields: bool, group: str | None) -> Demands:
    """What subjects are configured to; few of them differ."""
    return Demands(level=level, lenient=lenient, validate_fields=validate_fields, group=group)


def _compared(history: Sequence[PastVersion], demands: Demands) -> Sequence[PastVersion]:
    """The versions that the judge may have to read: at most the newest live one and the newest deleted one, or all."""
    depth = max(demands.enforced.depth, demands.floor.depth)
    if depth is not Depth.LATEST:
        return history if depth is Depth.ALL else ()
    last = history[-1:]
    if not last or not last[0].deleted:
        return last
    return [*[past for past in reversed(history) if not past.deleted][:1], *last]
