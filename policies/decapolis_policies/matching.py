"""Which subjects a pattern means: a glob on the whole name, or an expression after `re:`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from decapolis_formats import Format


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a place that policies speak about: a subject, or (with an empty name) all of a registry."""

    subject: str
    registry: str = ""
    context: str = "."
    format: Format | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    """The registry's metadata, e.g. `("environment", "production")`."""
    tenant: str | None = None

    @property
    def names(self) -> Iterator[str]:
        """The spellings that a pattern may match: the bare name and, in a named context, the qualified one."""
        yield self.subject
        if self.context != ".":
            yield f":{self.context}:{self.subject}"


def check_pattern(pattern: str) -> str:
    """The pattern; ValueError where it is no expression although it says `re:`."""
    if pattern.startswith("re:"):
        try:
            re.compile(pattern[3:])
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
    return pattern


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern means a name; expressions are searched for, globs match the whole name."""
    if pattern.startswith("re:"):
        return re.search(pattern[3:], name) is not None
    return fnmatchcase(name, pattern)
