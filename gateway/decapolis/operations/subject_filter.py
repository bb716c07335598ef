"""Which subjects a filter means: a glob, an expression after `re:`, or the beginning of their names.

Expressions come from callers. They are bounded in length, and matched in a process that is ended when it takes too long,
because a short one may go on for years.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from decapolis.gateway import Gateway
from decapolis_formats import ComparisonTooCostly
from decapolis_policies.worker import MatchQuestion
from decapolis_translators.subjects import Subject

from .errors import OperationRefused

MOST_CHARACTERS = 500
MATCH_SECONDS = 5.0
_GLOB = re.compile(r"[*?\[]")


class FilterInvalid(OperationRefused):
    """The filter cannot be used."""


async def matching(gateway: Gateway, filter_: str | None, names: Sequence[str]) -> list[str]:
    """The names that a filter means, in their order; all of them without one. FilterInvalid for one that cannot be used."""
    if not filter_:
        return list(names)
    if len(filter_) > MOST_CHARACTERS:
        raise FilterInvalid(f"The subject filter has more than {MOST_CHARACTERS} characters")
    if filter_.startswith("re:"):
        return await _expressed(gateway, filter_.removeprefix("re:"), names)
    if _GLOB.search(filter_):
        return [name for name in names if any(fnmatchcase(each, filter_) for each in _spellings(name))]
    return [name for name in names if any(each.startswith(filter_) for each in _spellings(name))]


def _spellings(name: str) -> tuple[str, ...]:
    """What a filter may match: the whole spelling, and the bare name of a subject in a context."""
    subject = Subject.parse(name)
    return (name,) if subject.name == name else (name, subject.name)


async def _expressed(gateway: Gateway, expression: str, names: Sequence[str]) -> list[str]:
    try:
        re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise FilterInvalid(f"The subject filter is not a regular expression: {error}") from error
    question = MatchQuestion(expression, tuple(_spellings(name) for name in names))
    try:
        found = await gateway.judge.matched(question, MATCH_SECONDS)
    except ComparisonTooCostly as costly:
        raise FilterInvalid(
            f"The regular expression was not done with the subjects' names within {MATCH_SECONDS:g} seconds"
        ) from costly
    return [names[at] for at in found]
