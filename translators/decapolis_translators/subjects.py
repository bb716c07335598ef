"""How the dialect spells a subject inside a context."""

from __future__ import annotations

from typing import NamedTuple

DEFAULT_CONTEXT = "."
GLOBAL_CONTEXT = ".__GLOBAL"
"""The context that holds configuration and modes for all others, and no subjects."""


class Subject(NamedTuple):
    """A subject's context and its name inside it; `str()` gives the qualified spelling."""

    context: str
    name: str

    def __str__(self) -> str:
        return self.name if self.context == DEFAULT_CONTEXT else f":{self.context}:{self.name}"

    @property
    def is_context(self) -> bool:
        """Whether this names a whole context rather than a subject in it (`:.ctx:`)."""
        return not self.name

    @classmethod
    def parse(cls, spelled: str) -> Subject:
        """Reads `:.ctx:name`; only the first two colons count, and `:ctx:name` without the dot is a plain name."""
        if not spelled.startswith(":."):
            return cls(DEFAULT_CONTEXT, spelled)
        context, _, name = spelled[1:].partition(":")
        return cls(context, name)

    def is_registrable(self) -> bool:
        """Whether a schema may be registered under it (confluent-rest: no control characters, no reserved names)."""
        if self.context == GLOBAL_CONTEXT or self.name in {"__GLOBAL", "__EMPTY"}:
            return False
        return not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in str(self))
