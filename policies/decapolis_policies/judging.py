"""The judge: every demand on a change, asked in one place, answered as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from decapolis_formats import CompareOptions

from .candidate import Candidate
from .demands import NONE, Demands, Stance
from .groups import of_group
from .history import Failure, PastVersion, Text, dialect_messages, failures
from .levels import Depth, Level
from .repairs import repaired
from .reserved import reserved_fields
from .rule import Change
from .verdict import COMPATIBILITY, FLOOR, Verdict, Violation

Followers = Sequence[PastVersion]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to the history: under which level, of which versions, and whether a failure refuses."""

    rule: str
    level: Level
    history: tuple[PastVersion, ...]
    options: CompareOptions
    refuses: bool


def judge(
    candidate: Candidate | Text,
    history: Sequence[PastVersion],
    demands: Demands | None = None,
    followers: Followers = (),
) -> Verdict:
    """The verdict on a candidate after this history (ascending), and before `followers` where it is put into the past.

    InvalidSchema if the candidate cannot be read, ComparisonTooCostly if a comparison runs out of its budget: neither is
    ever a pass.
    """
    demands = demands or Demands()
    candidate = Candidate(candidate) if isinstance(candidate, Text) else candidate
    candidate.schema.parsed(strict=False)
    live = [past for past in history if not past.deleted]
    violations: list[Violation] = []
    warnings: list[Violation] = []
    reserved = list(reserved_fields(candidate, live)) if demands.validate_fields else []
    violations += reserved
    refusing: list[Failure] = []
    for asked in questions(candidate, history, demands):
        found = _failures(candidate.schema, asked, followers)
        (violations if asked.refuses else warnings).extend(_violations(asked.rule, found))
        if asked.refuses and found:
            refusing = found
            break
    messages = _messages(demands, refusing, reserved) if refusing or reserved else ()
    _ask_rules(candidate, live, demands, violations, warnings)
    verdict = Verdict(
        not violations, demands.enforced, tuple(violations), tuple(warnings), messages, None, demands.policy_set
    )
    if not refusing or not demands.repairs or followers:
        return verdict
    return repaired(candidate, history, demands, verdict, refusing, judge)


def questions(candidate: Candidate, history: Sequence[PastVersion], demands: Demands) -> Iterator[Asked]:
    """What the history is asked: the subject's own level first, then what only the floor sees."""
    live = tuple(past for past in history if not past.deleted)
    own = tuple(of_group(candidate.metadata, live, demands.group))
    rule = FLOOR if demands.raised else COMPATIBILITY
    yield Asked(rule, demands.enforced, own, demands.options, refuses=True)
    if demands.floor == NONE or demands.stance is Stance.OFF:
        return
    whole = tuple(history) if demands.counts_soft_deleted else live
    enforced = demands.stance is Stance.ENFORCE
    if enforced and whole == own and demands.options == demands.floor_options:
        return
    yield Asked(FLOOR, demands.floor, whole, demands.floor_options, refuses=enforced)


def _failures(candidate: Text, asked: Asked, followers: Followers) -> list[Failure]:
    found = failures(candidate, asked.history, asked.level, asked.options)
    if found or not followers or asked.level.depth is Depth.NONE:
        return found
    # a version that is put into the past must also be followed by those that are there already
    later = followers[::-1] if asked.level.depth is Depth.ALL else followers[:1]
    return failures(candidate, later, asked.level.mirrored, asked.options)


def _violations(rule: str, found: Sequence[Failure]) -> Iterator[Violation]:
    for failure in found:
        for difference, message in zip(failure.differences, failure.messages, strict=True):
            yield Violation(rule, difference.path, message, failure.version, difference.type, failure.direction)


def _messages(demands: Demands, found: Sequence[Failure], reserved: Sequence[Violation]) -> tuple[str, ...]:
    texts = [violation.message for violation in reserved]
    messages = dialect_messages(found, demands.enforced, validate_fields=demands.validate_fields, reserved=texts)
    messages.extend(
        f"{{deletedVersion: 'version {version} is deleted, but what was written with it may still be read'}}"
        for version in sorted({failure.version for failure in found if failure.deleted})
    )
    if found and demands.raised:
        messages.append(
            f"{{policySet: '{demands.policy_set}', floor: '{demands.floor}', configured: '{demands.level}'}}"
        )
    return tuple(messages)


def _ask_rules(
    candidate: Candidate,
    live: Sequence[PastVersion],
    demands: Demands,
    violations: list[Violation],
    warnings: list[Violation],
) -> None:
    if not demands.rules or demands.stance is Stance.OFF:
        return
    change = Change(candidate, live[-1] if live else None)
    for rule in demands.rules:
        if rule.stance is Stance.OFF:
            continue
        refuses = Stance.WARN not in {rule.stance, demands.stance}
        version = None if change.previous is None else change.previous.number
        for fault in rule.faults(change):
            found = Violation(rule.name, fault.path, fault.message, version if fault.about_previous else None)
            (violations if refuses else warnings).append(found)
