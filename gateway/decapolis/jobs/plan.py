"""What a job is made of before it runs, and what becomes of a step."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from decapolis.gateway import Gateway, View
from decapolis.store.jobs import DONE, FAILED, SKIPPED, UNDO_FAILED, UNDO_SKIPPED, UNDONE, JobRow, StepRow

OnFailure = Literal["stop", "continue", "rollback"]
ON_FAILURE: tuple[OnFailure, ...] = ("stop", "continue", "rollback")
GLOBAL = "global"
"""How the place of a registry as a whole is called where subjects are."""


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One thing to be done at one place; an empty subject stands for the whole registry.

    `before` is what must be there still; without it whatever is there may be replaced. `needs` is the place in the plan of a
    step that must be done first.
    """

    registry: str
    subject: str
    action: str
    after: Any = None
    before: Any = None
    phase: int = 1
    needs: int | None = None


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What a job is to do, and what it does about a step that fails."""

    kind: str
    title: str
    steps: Iterable[StepPlan] | AsyncIterable[StepPlan]
    request: dict[str, Any] = field(default_factory=dict)
    on_failure: OnFailure = "continue"
    changes: bool = True
    """Whether it changes anything: then its places belong to it until it is over."""

    async def each(self) -> AsyncIterator[StepPlan]:
        """The steps in order."""
        if isinstance(self.steps, AsyncIterable):
            async for step in self.steps:
                yield step
        else:
            for step in self.steps:
                yield step


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step, done or taken back."""

    state: str
    facts: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None


class Passing(Exception):
    """It could not be done now, and may be possible in a moment."""


def done(**facts: Any) -> Outcome:
    """It is as it should be."""
    return Outcome(DONE, facts)


def skipped(reason: str, **facts: Any) -> Outcome:
    """It was left alone, because what is there is not what the plan saw."""
    return Outcome(SKIPPED, facts, reason)


def failed(reason: str, **facts: Any) -> Outcome:
    """It could not be done."""
    return Outcome(FAILED, facts, reason)


def undone(**facts: Any) -> Outcome:
    """What was there before is there again."""
    return Outcome(UNDONE, facts)


def undo_skipped(reason: str, **facts: Any) -> Outcome:
    """It was not taken back, because somebody changed it since."""
    return Outcome(UNDO_SKIPPED, facts, reason)


def undo_failed(reason: str, **facts: Any) -> Outcome:
    """It could not be taken back."""
    return Outcome(UNDO_FAILED, facts, reason)


@dataclass(frozen=True, slots=True)
class Work:
    """One step in hand."""

    gateway: Gateway
    job: JobRow
    step: StepRow
    intend: Callable[[Any, Any], Awaitable[None]]
    """Makes durable what is there before, and what would take the change back; called right before anything changes."""
    goes_on: Callable[[], bool]
    """Whether the job does: steps that take long ask now and then."""
    tell: Callable[[str, dict[str, Any]], Awaitable[None]]
    """Adds an entry of its own to the journal."""
    needed: StepRow | None = None
    """The step that had to be done first."""

    @property
    def again(self) -> bool:
        """Whether the step was under way before, with its intent noted: it may be done already."""
        return self.step.inverse is not None

    @property
    def view(self) -> View:
        """The registry's door."""
        return View(self.gateway, self.gateway.registries.at(self.step.registry).id)

    @property
    def subject(self) -> str | None:
        """The subject, None for the registry as a whole."""
        return self.step.subject or None


class Action(Protocol):
    """One kind of step."""

    name: str
    weight: int
    """How many questions to the registry it may have under way at once."""

    async def do(self, work: Work) -> Outcome:
        """Does it; RegistryFault and Busy ask for another try."""

    async def undo(self, work: Work) -> Outcome:
        """Takes it back, as its inverse says."""
