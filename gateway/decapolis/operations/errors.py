"""Why an operation refuses, in the domain's words; each face maps these to its own codes.

OperationRefused
├── SubjectInvalid        not a name that can be registered, or nobody owns it
├── SchemaInvalid         not parsable, or its references are not to be had
├── VersionInvalid        not a version token
├── LevelInvalid / ModeInvalid
├── NotAllowed            a mode or a policy forbids it
│   ├── RulesBroken       rules of a policy set do
│   └── BelowTheFloor     a level asks less than a policy set's floor
├── IncompatibleSchema    judged and found breaking
├── RuleSetInvalid
├── ConfigUnset / ModeUnset
├── ContextNotEmpty
└── NotOffered            this registry cannot be asked that (reads); the reason is its capability's sentence
"""

from __future__ import annotations

from collections.abc import Sequence

from decapolis_policies import Repair, Violation
from decapolis_policies.levels import LEVELS
from decapolis_translators.subjects import Subject

MODES = ("READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD")


class OperationRefused(Exception):
    """Something that the caller has to change."""


class SubjectInvalid(OperationRefused):
    """The subject's name cannot be used here."""

    def __init__(self, subject: str, reason: str = "") -> None:
        super().__init__(f"The specified subject '{subject}' is not a valid." + (f" {reason}" if reason else ""))


class SchemaInvalid(OperationRefused):
    """The schema cannot be read."""


class VersionInvalid(OperationRefused):
    """Not a version."""

    def __init__(self, token: str) -> None:
        super().__init__(
            f"The specified version '{token}' is not a valid version id. "
            'Allowed values are between [1, 2^31-1] and the string "latest"'
        )


class LevelInvalid(OperationRefused):
    """Not a level."""

    def __init__(self, _: str) -> None:
        *names, last = (name.lower() for name in LEVELS)
        super().__init__(f"Invalid compatibility level. Valid values are {', '.join(names)}, and {last}")


class ModeInvalid(OperationRefused):
    """Not a mode, or not one for this place."""

    def __init__(self, text: str = "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.") -> None:
        super().__init__(text)


class NotAllowed(OperationRefused):
    """A mode or a policy forbids it."""

    @classmethod
    def by_mode(cls, subject: Subject, what: str) -> NotAllowed:
        """The dialect's sentence about a mode that stands in the way."""
        return cls(f"Subject {subject} in context {subject.context} is {what}")


class RulesBroken(NotAllowed):
    """Rules of a policy set do not hold; the text names each rule once, with the first place that breaks it."""

    def __init__(self, policy_set: str | None, violations: Sequence[Violation]) -> None:
        first = {violation.rule: violation for violation in reversed(violations)}
        details = "; ".join(explained(each) for each in reversed(first.values()))
        more = len(violations) - len(first)
        super().__init__(
            f"Policy set '{policy_set}' does not allow it: {details}" + (f" (and {more} more)" if more else "")
        )
        self.policy_set = policy_set
        self.violations = tuple(violations)


class BelowTheFloor(NotAllowed):
    """A level asks less than the floor of the policy set that holds there."""

    def __init__(self, level: str, floor: str, policy_set: str) -> None:
        super().__init__(
            f"The compatibility level {level} is below the floor {floor} of policy set '{policy_set}': "
            "set a level that asks at least as much"
        )
        self.level = level
        self.floor = floor
        self.policy_set = policy_set


def explained(violation: Violation) -> str:
    """A violation of a rule in words: which rule, where, and what would be right."""
    place = f" at {violation.path}" if violation.path else ""
    return f"rule '{violation.rule}'{place}: {violation.message}"


class IncompatibleSchema(OperationRefused):
    """Judged and found breaking; carries the messages of the verdict, and one sentence about what would pass."""

    def __init__(self, subject: str, messages: Sequence[str], repair: Repair | None = None) -> None:
        super().__init__(
            f'Schema being registered is incompatible with an earlier schema for subject "{subject}", '
            f"details: [{', '.join(messages)}]" + (f". {repair.sentence}" if repair is not None else "")
        )
        self.subject = subject
        self.messages = tuple(messages)
        self.repair = repair


class RuleSetInvalid(OperationRefused):
    """The data-contract rules cannot be used."""


class ConfigUnset(OperationRefused):
    """Nothing is configured on exactly that subject."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"Subject '{subject}' does not have subject-level compatibility configured")


class ModeUnset(OperationRefused):
    """No mode is set on exactly that subject."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"Subject '{subject}' does not have subject-level mode configured")


class ContextNotEmpty(OperationRefused):
    """The context still has subjects."""

    def __init__(self, context: str) -> None:
        super().__init__(f"The specified context '{context}' is not empty.")


class NotOffered(OperationRefused):
    """The registry cannot answer that."""
