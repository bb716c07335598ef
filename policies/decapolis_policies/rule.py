"""What a rule beside compatibility is: a name, typed options, and a pure function that finds fault with a change.

>>> from collections.abc import Iterator
>>> from decapolis_policies.rule import Change, Fault, Rule, RuleOptions
>>> class Options(RuleOptions):
...     word: str
>>> def check(change: Change, options: Options) -> Iterator[Fault]:
...     if options.word in change.candidate.subject:
...         yield Fault(change.candidate.subject, f"a subject must not contain {options.word!r}")
>>> rule = Rule("no-such-word", "A subject must not contain a word.", Options, check)
>>> rule.bound({"word": "tmp"}).name
'no-such-word'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator

from decapolis_formats.outline import Outline, outline_of

from .candidate import Candidate
from .history import PastVersion
from .strict import Strict


class Stance(StrEnum):
    """What a broken demand does: refuse the change, be noticed only, or nothing."""

    ENFORCE = "enforce"
    WARN = "warn"
    OFF = "off"


def _compiled(expression: str) -> str:
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return expression


Expression = Annotated[str, AfterValidator(_compiled)]
"""A regular expression in a rule's options, refused when the policies are read and not when a change is judged."""


class RuleOptions(Strict):
    """The options of a rule: unknown keys are refused with the nearest known one. A rule without any uses this class."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a rule does not hold, and what would be right."""

    path: str
    message: str
    about_previous: bool = False
    """Whether it is a fault only because of the version before."""


@dataclass(frozen=True)
class Change:
    """What a rule looks at: the candidate, the version before it, and both as neutral outlines, read when asked for."""

    candidate: Candidate
    previous: PastVersion | None = None

    @cached_property
    def outline(self) -> Outline:
        """The candidate's types and fields."""
        schema = self.candidate.schema
        return outline_of(schema.format, schema.parsed(strict=False))

    @cached_property
    def previous_outline(self) -> Outline | None:
        """The types and fields of the version before; None without one, or where it cannot be read or is of another format."""
        if self.previous is None or self.previous.schema.format is not self.candidate.schema.format:
            return None
        parsed = self.previous.readable()
        return None if parsed is None else outline_of(self.previous.schema.format, parsed)


O = TypeVar("O", bound=RuleOptions)  # noqa: E741 - the letter of the options


@dataclass(frozen=True, slots=True)
class Rule(Generic[O]):
    """A rule as packages offer it through the entry points `decapolis.rules`; `check` must be pure and at module level.

    1. It touches no network, file or clock.  2. It yields one fault a place.  3. An exception of its own counts as a fault.
    """

    name: str
    summary: str
    options: type[O]
    check: Callable[[Change, O], Iterable[Fault]]

    def bound(self, options: Mapping[str, Any] | None = None, stance: Stance = Stance.ENFORCE) -> BoundRule:
        """The rule with its options checked, ready to be asked; pydantic's ValidationError tells what is wrong."""
        return BoundRule(self.name, self.options.model_validate(dict(options or {})), self.check, stance)


@dataclass(frozen=True, slots=True)
class BoundRule:
    """A rule with its options, as a policy set holds it."""

    name: str
    options: RuleOptions
    check: Callable[[Change, Any], Iterable[Fault]] = field(compare=False)
    stance: Stance = Stance.ENFORCE

    def faults(self, change: Change) -> list[Fault]:
        """Everything that the rule finds; a rule that fails finds exactly that, so that no fault passes unseen."""
        try:
            return list(self.check(change, self.options))
        except Exception as error:
            return [Fault("", f"the rule itself failed: {type(error).__name__}: {error}")]
