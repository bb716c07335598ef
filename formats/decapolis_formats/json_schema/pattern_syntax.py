"""Reads the syntax of Java's regular expressions and writes the same expression in Python's."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .character_classes import LINE_END, MalformedError, escape, in_class, is_set, quote

__all__ = ["MalformedError", "Translation", "translated"]

MAX_LENGTH = 20_000
GROUP = re.compile(
    r"\(\?(?:(?P<plain>[:=!>]|<[=!])|<(?P<name>[A-Za-z][A-Za-z0-9]*)>|(?P<flags>[a-zA-Z-]*)(?P<end>[:)]))"
)
REPETITION = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
NAMED_BACK = re.compile(r"\\k<([A-Za-z][A-Za-z0-9]*)>")
ANCHORS = {"z": r"\Z", "Z": r"(?=\n?\Z)", "G": "", "A": r"\A", "b": r"\b", "B": r"\B"}
KNOWN_FLAGS = frozenset("imsx")


@dataclass(frozen=True, slots=True)
class Translation:
    """The expression, how many unbounded repetitions it has, and whether some stand inside others."""

    text: str
    repeats: int
    nested: bool


@dataclass(slots=True)
class Group:
    """An open bracket: what closes it, and whether what it holds can match in several ways."""

    closing: str
    varies: bool = False


def translated(pattern: str) -> Translation:
    """The expression in Python's syntax; MalformedError with the reason where Java refuses it."""
    if len(pattern) > MAX_LENGTH:
        raise MalformedError(f"more than {MAX_LENGTH} characters")
    return Translator(pattern).run()


class Translator:
    """One pass over an expression from left to right."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.groups = [Group("")]
        self.repeats = 0
        self.nested = False
        self.repeatable = False
        self.last_varies = False

    def run(self) -> Translation:
        """Reads everything; a bracket that stays open is MalformedError."""
        while self.at < len(self.pattern):
            self._step(self.pattern[self.at])
        if len(self.groups) > 1:
            raise MalformedError("a group is not closed")
        return Translation("".join(self.out) + self.groups[0].closing, self.repeats, self.nested)

    def _step(self, character: str) -> None:
        if character == "(":
            self._open()
        elif character == ")":
            self._close()
        elif character in "*+?{":
            self._repeat(character)
        elif character == "|":
            self.groups[-1].varies = True
            self._write("|", 1, repeatable=False)
        elif character == "[":
            text, self.at = in_class(self.pattern, self.at + 1)
            self._write(text, 0)
        elif character == "\\":
            self._escaped()
        else:
            plain = {"^": "^", "$": "$", ".": f"[^{LINE_END}]"}.get(character)
            self._write(plain or quote(character), 1)

    def _write(self, text: str, length: int, *, repeatable: bool = True, varies: bool = False) -> None:
        self.out.append(text)
        self.at += length
        self.repeatable = repeatable
        self.last_varies = varies

    def _open(self) -> None:
        if not self.pattern.startswith("(?", self.at):
            self.groups.append(Group(")"))
            return self._write("(", 1, repeatable=False)
        found = GROUP.match(self.pattern, self.at)
        if found is None:
            raise MalformedError(f"unknown kind of group at {self.at}")
        length = found.end() - self.at
        if found["plain"] or found["name"]:
            self.groups.append(Group(")"))
            return self._write(f"(?P<{found['name']}>" if found["name"] else found[0], length, repeatable=False)
        opening = _flagged(found["flags"])
        if found["end"] == ":":
            self.groups.append(Group(")"))
        else:
            # flags without a colon hold up to the end of the group around them
            self.groups[-1].closing = ")" + self.groups[-1].closing
        return self._write(opening, length, repeatable=False)

    def _close(self) -> None:
        if len(self.groups) == 1:
            raise MalformedError(f"a closing bracket without an opening one at {self.at}")
        group = self.groups.pop()
        self.groups[-1].varies |= group.varies
        self._write(group.closing, 1, varies=group.varies)

    def _repeat(self, character: str) -> None:
        text, unbounded = character, character != "?"
        if character == "{":
            found = REPETITION.match(self.pattern, self.at)
            if found is None or (found[3] and int(found[3]) < int(found[1])):
                raise MalformedError(f"illegal repetition at {self.at}")
            text, unbounded = found[0], found[2] is not None
        if not self.repeatable:
            raise MalformedError(f"nothing to repeat at {self.at}")
        follower = self.pattern[self.at + len(text) : self.at + len(text) + 1]
        if follower in ("?", "+"):
            text += follower
        self.repeats += unbounded
        self.nested |= self.last_varies and character != "?"
        self.groups[-1].varies = True
        self._write(text, len(text), repeatable=False)

    def _escaped(self) -> None:
        character = self.pattern[self.at + 1 : self.at + 2]
        if character == "Q":
            end = self.pattern.find("\\E", self.at)
            end = len(self.pattern) if end < 0 else end
            literal = "".join(map(quote, self.pattern[self.at + 2 : end]))
            return self._write(literal, end + 2 - self.at)
        if character == "k":
            found = NAMED_BACK.match(self.pattern, self.at)
            if found is None:
                raise MalformedError(f"\\k without a name at {self.at}")
            return self._write(f"(?P={found[1]})", len(found[0]))
        if character in ANCHORS and character:
            return self._write(ANCHORS[character] or "(?:)", 2)
        if character == "R":
            return self._write(f"(?:\\r\\n|[{LINE_END}\\x0b\\f])", 2)
        if character.isdecimal() and character != "0":
            return self._write(f"\\{character}", 2)
        text, end = escape(self.pattern, self.at)
        return self._write(f"[{text}]" if is_set(text) else text, end - self.at)


def _flagged(flags: str) -> str:
    on, _, off = flags.partition("-")
    added = "".join(sorted(KNOWN_FLAGS & set(on)))
    removed = "".join(sorted(KNOWN_FLAGS & set(off) - set(on)))
    return f"(?{added}{'-' + removed if removed else ''}:"
