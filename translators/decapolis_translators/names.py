"""Subjects as names of registries that allow few characters, both ways, without two ever meeting in one name.

A character that a registry forbids is written as an escape per byte of its UTF-8, `#2f` for a slash where the escape
character is `#`. A legal name stays as it is, with or without escape characters in it, unless it looks like the escaped
form of another subject: then its own escape characters are escaped once more. So every subject has one name, and every
legal name, also one that another tool gave, is the name of one subject.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from .errors import SubjectRefused
from .subjects import DEFAULT_CONTEXT, Subject


def is_plain(subject: str) -> bool:
    """Whether a registry without contexts may be asked for it: no control characters, no reserved or qualified names."""
    parsed = Subject.parse(subject)
    return bool(subject) and parsed.context == DEFAULT_CONTEXT and parsed.is_registrable()


@dataclass(frozen=True)
class NameCodec:
    """One registry's rules for names: what a character class of a regular expression allows, and how long they may be.

    The escape character and `0-9a-f` must be among the allowed ones. Upper case is escaped where only lower case is
    allowed. `admits` says which subjects there are at all.
    """

    allowed: str
    escape: str
    width: int
    admits: Callable[[str], bool] = is_plain

    def name_of(self, subject: str) -> str:
        """The registry's name of a subject; SubjectRefused where it has none."""
        if not self.admits(subject):
            raise SubjectRefused(f"This registry cannot hold a subject named {subject!r}")
        name = subject if self._is_itself(subject) else self._escaped(subject)
        if len(name) > self.width:
            raise SubjectRefused(
                f"The subject would need a name of {len(name)} characters here; the registry takes {self.width}"
            )
        return name

    def subject_of(self, name: str) -> str | None:
        """The subject that a name of the registry belongs to; None where no subject can have it."""
        subject = name if self._is_itself(name) else self._unescaped(name)
        return subject if subject is not None and self.admits(subject) else None

    def _is_itself(self, name: str) -> bool:
        """Whether a legal name is its own subject: it is read back until nothing, or nothing legal, is left of it."""
        if not self._legal.fullmatch(name):
            return False
        before = self._unescaped(name)
        while before is not None and before != name:
            if not self._legal.fullmatch(before):
                return False
            name, before = before, self._unescaped(before)
        return True

    @cached_property
    def _legal(self) -> re.Pattern[str]:
        return re.compile(f"[{self.allowed}]+")

    @cached_property
    def _escapes(self) -> re.Pattern[str]:
        return re.compile(f"(?:{re.escape(self.escape)}[0-9a-f]{{2}})+")

    def _escaped(self, subject: str) -> str:
        try:
            return "".join(map(self._written, subject))
        except UnicodeEncodeError:
            raise SubjectRefused("The subject holds characters that no encoding can carry") from None

    def _written(self, character: str) -> str:
        if character != self.escape and self._legal.fullmatch(character):
            return character
        return "".join(f"{self.escape}{byte:02x}" for byte in character.encode())

    def _unescaped(self, name: str) -> str | None:
        """The subject whose escaped form a name is, None where it is nobody's."""
        try:
            subject = self._escapes.sub(self._read, name)
            return subject if self.admits(subject) and self._escaped(subject) == name else None
        except (UnicodeDecodeError, SubjectRefused):
            return None

    def _read(self, escapes: re.Match[str]) -> str:
        return bytes.fromhex(escapes[0].replace(self.escape, "")).decode()
