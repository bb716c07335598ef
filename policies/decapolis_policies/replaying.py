"""Time travel: what of a registry's past would these policies have refused?"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from decapolis_formats import FormatError

from .candidate import Candidate
from .demands import NONE, Demands, Stance
from .history import PastVersion
from .judging import judge
from .matching import Facts
from .sets import Policies


@dataclass(frozen=True, slots=True)
class Finding:
    """One demand that a version of the past breaks; `stance` says what the set would have done about it."""

    registry: str
    subject: str
    version: int
    policy_set: str
    rule: str
    path: str
    message: str
    stance: str

    def as_json(self) -> dict[str, Any]:
        """The facts."""
        return asdict(self)


def replay(
    policies: Policies, facts: Facts, versions: Sequence[PastVersion], today: datetime.date
) -> Iterator[Finding]:
    """Judges each version of a subject as if it came now, after those before it; levels of the subject's own do not count."""
    for index, version in enumerate(versions):
        place = replace(facts, format=version.schema.format)
        demands = policies.demands(place, today, Demands(level=NONE, repairs=False))
        if demands.policy_set is not None and demands.stance is not Stance.OFF:
            yield from _replayed(place, version, versions[:index], demands)


def _replayed(facts: Facts, version: PastVersion, before: Sequence[PastVersion], demands: Demands) -> Iterator[Finding]:
    candidate = Candidate(version.schema, facts.subject, (), version.metadata, version.rule_set)
    name = demands.policy_set or ""
    subject = list(facts.names)[-1]
    try:
        verdict = judge(candidate, before, demands)
    except FormatError as error:
        yield Finding(facts.registry, subject, version.number, name, "readable", "", str(error), demands.stance.value)
        return
    for stance, found in ((Stance.ENFORCE, verdict.violations), (Stance.WARN, verdict.warnings)):
        for each in found:
            path, message = each.path, each.message
            yield Finding(facts.registry, subject, version.number, name, each.rule, path, message, stance.value)
