"""Repairs: for a closed list of cases, an edited schema that passes, proved by judging it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from decapolis_formats import FormatError, engine_of
from decapolis_policies.candidate import Candidate
from decapolis_policies.demands import Demands
from decapolis_policies.history import Failure, PastVersion, Text
from decapolis_policies.verdict import Repair, Verdict

Judge = Callable[[Candidate, Sequence[PastVersion], Demands], Verdict]

MOST_CHARACTERS = 200_000


def repaired(
    candidate: Candidate,
    history: Sequence[PastVersion],
    demands: Demands,
    verdict: Verdict,
    found: Sequence[Failure],
    judge: Judge,
) -> Verdict:
    """The verdict with a repair where one is known."""
    return verdict
