"""Regular expressions as the reference compiles them (Java's), translated so that ours can match with
them.

Matching happens only where a property may be covered by `patternProperties`; it is refused where it could
take unbounded time.
"""

from __future__ import annotations

import re
from functools import lru_cache

from decapolis_formats.errors import ComparisonTooCostly, InvalidSchema

from .pattern_syntax import MalformedError, Translation, translated

SAFE_LENGTH = 20
GREATEST_WORK = 10_000_000
NEVER = re.compile(r"(?!)")


def check_pattern(pattern: str, place: str) -> None:
    """Refuses an expression that does not compile."""
    try:
        translation(pattern)
    except MalformedError as malformed:
        raise InvalidSchema(f"{place}: the regular expression does not compile: {malformed}") from None


def found_in(pattern: str, name: str) -> bool:
    """Whether the expression matches in the name; ComparisonTooCostly where that could take too long."""
    known = translation(pattern)
    slow = known.nested and len(name) > SAFE_LENGTH
    if slow or max(len(name), 1) ** (known.repeats + 1) > GREATEST_WORK:
        raise ComparisonTooCostly(
            f"Matching {name[:80]} with the regular expression {pattern[:80]} could take too long"
        )
    return compiled(pattern).search(name) is not None


@lru_cache(maxsize=2048)
def translation(pattern: str) -> Translation:
    """The expression in our syntax and what is known of its cost; MalformedError where Java refuses it."""
    return translated(pattern)


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """The expression ready to match; one that cannot be expressed here matches nothing."""
    try:
        return re.compile(translation(pattern).text, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        return NEVER
