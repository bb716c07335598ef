"""What is demanded of one change: a subject's own configuration and what a policy set adds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from decapolis_formats import DEFAULT_OPTIONS, CompareOptions

from .levels import LEVELS, Level, join
from .rule import BoundRule, Stance

__all__ = ["BelowFloor", "Demands", "Stance"]

NONE = LEVELS["NONE"]
BACKWARD = LEVELS["BACKWARD"]


class BelowFloor(StrEnum):
    """What becomes of a level that asks less than the floor."""

    REFUSE = "refuse"
    CLAMP = "clamp"


@dataclass(frozen=True, slots=True)
class Demands:
    """Everything that decides on a change beside the schemas themselves.

    `level`, `lenient`, `validate_fields` and `group` are what the subject is configured to; the rest is the policy set's.
    A floor is judged strictly, against the whole history and (by default) soft-deleted versions too: a group, LENIENT or
    a deletion do not go round it.
    """

    level: Level = BACKWARD
    lenient: bool = False
    validate_fields: bool = False
    group: str | None = None
    policy_set: str | None = None
    floor: Level = NONE
    stance: Stance = Stance.ENFORCE
    strict_semantics: bool = False
    counts_soft_deleted: bool = True
    rules: tuple[BoundRule, ...] = ()
    repairs: bool = True
    budget: int = DEFAULT_OPTIONS.budget
    enforced: Level = field(init=False, repr=False, compare=False)
    """The level that decides: the configured one, joined with the floor where the floor is enforced."""
    options: CompareOptions = field(init=False, repr=False, compare=False)
    """How the subject's own level compares."""
    _bounded: Demands | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # asked several times for every change, and the same demands are made of many changes
        enforced = join(self.level, self.floor) if self.stance is Stance.ENFORCE else self.level
        object.__setattr__(self, "enforced", enforced)
        object.__setattr__(self, "options", CompareOptions(self.lenient, self.strict_semantics, self.budget))

    def within(self, budget: int) -> Demands:
        """The same demands with another bound on the work of comparing."""
        bounded = self._bounded
        if bounded is None or bounded.budget != budget:
            bounded = replace(self, budget=budget)
            object.__setattr__(self, "_bounded", bounded)
        return bounded

    def with_floor_of(self, other: Demands) -> Demands:
        """These demands with another set's floor joined in, where that one is enforced and asks for more."""
        mine = self.floor if self.stance is Stance.ENFORCE else NONE
        joined = join(mine, other.floor)
        if other.stance is not Stance.ENFORCE or joined == mine:
            return self
        softened = {Stance.ENFORCE: self.rules, Stance.OFF: ()}.get(
            self.stance, tuple(replace(rule, stance=Stance.WARN) for rule in self.rules)
        )
        return replace(
            self,
            policy_set=other.policy_set,
            floor=joined,
            stance=Stance.ENFORCE,
            counts_soft_deleted=self.counts_soft_deleted or other.counts_soft_deleted,
            rules=softened,
        )

    @property
    def raised(self) -> bool:
        """Whether the floor asks more than the subject is configured to."""
        return self.enforced != self.level

    @property
    def asks_deleted(self) -> bool:
        """Whether the floor wants to see deleted versions too."""
        return self.counts_soft_deleted and self.floor != NONE and self.stance is not Stance.OFF

    @property
    def floor_options(self) -> CompareOptions:
        """How the floor compares."""
        return CompareOptions(False, self.strict_semantics, self.budget)
