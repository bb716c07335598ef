"""A process that judges for another one, so that a comparison that takes too long can be killed.

It reads pickled questions from standard input and writes pickled answers to standard output, each after its length in
eight bytes, until its input ends. Only the process that started it can speak to it.
"""

from __future__ import annotations

import os
import pickle
import re
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from decapolis_formats import ComparisonTooCostly, FormatError, InvalidSchema

from .candidate import Candidate
from .demands import Demands
from .history import PastVersion
from .judging import judge
from .verdict import Verdict
from .whole import Newest, WholeVerdict, judge_whole

LENGTH = struct.Struct(">Q")
MOST_MEMORY = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Question:
    """What `judge` is to be asked."""

    candidate: Candidate
    history: Sequence[PastVersion]
    demands: Demands
    followers: Sequence[PastVersion] = ()

    def verdict(self) -> Verdict:
        """The judge's answer."""
        return judge(self.candidate, self.history, self.demands, self.followers)


@dataclass(frozen=True, slots=True)
class WholeQuestion:
    """What `judge_whole` is to be asked."""

    history: Sequence[PastVersion]
    demands: Demands
    bridge: bool = False
    newest: Newest | None = None

    def verdict(self) -> WholeVerdict:
        """Its answer."""
        return judge_whole(self.history, self.demands, bridge=self.bridge, newest=self.newest)


@dataclass(frozen=True, slots=True)
class MatchQuestion:
    """Which of some names an expression is found in: a stranger's expression may take for ever."""

    expression: str
    names: Sequence[Sequence[str]]
    """The spellings of each name; one that matches is enough."""

    def verdict(self) -> tuple[int, ...]:
        """The places of those that match."""
        found = re.compile(self.expression).search
        return tuple(at for at, spellings in enumerate(self.names) if any(found(each) for each in spellings))


Answer = Verdict | WholeVerdict | tuple[int, ...] | FormatError


def answered(question: Question | WholeQuestion | MatchQuestion) -> Answer:
    """The verdict, or the error that keeps one from being given."""
    try:
        return question.verdict()
    except (InvalidSchema, ComparisonTooCostly) as refused:
        return refused
    except (MemoryError, RecursionError) as bound:
        return ComparisonTooCostly(f"The comparison needs more memory than it is given ({type(bound).__name__})")


def packed(thing: object) -> bytes:
    """A question or an answer as it travels."""
    data = pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answers until nobody asks any more."""
    while True:
        head = questions.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return
        question = pickle.loads(questions.read(LENGTH.unpack(head)[0]))  # noqa: S301 - from the process that started this one
        answers.write(packed(answered(question)))
        answers.flush()


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # not every system can
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = MOST_MEMORY if hard == resource.RLIM_INFINITY else min(MOST_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))


def main() -> None:
    """Serves on standard input and output; what a stranger's rule prints goes to standard error.

    With `--background` it leaves the processors to everybody who is in more of a hurry.
    """
    _bound_memory()
    if "--background" in sys.argv[1:]:
        os.nice(10)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
