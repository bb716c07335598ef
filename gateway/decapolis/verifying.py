"""Recomputes the chain over the trail and names the first link that does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from decapolis.chain import ENTRY, FIRST, INTENT, OUTCOME, digest, link_hash
from decapolis.store.seals import chain, count_unsealed

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification found."""

    links: int
    head: str
    """The hash of the last link that holds: keep it elsewhere, and a shortened chain will be noticed."""
    unsealed: int
    """Entries that no link covers yet."""
    broken_entry: int | None = None
    reason: str | None = None

    @property
    def intact(self) -> bool:
        return self.reason is None


class Chain:
    """Links in their order, each held against the one before and against the entry that it covers."""

    def __init__(self, expected: str | None = None) -> None:
        self._expected = expected
        self._met = expected is None or expected == FIRST
        self._previous = FIRST
        self._sealed: dict[int, str] = {}
        self.links = 0
        self.broken: tuple[int, str] | None = None

    def take(self, rows: Iterable[Any]) -> bool:
        """Holds the next links against what came before; False once one does not hold."""
        for row in rows:
            link = row._mapping
            reason = self._fault(link)
            if reason is not None:
                self.broken = (link["entry"], f"link {link['number']}: {reason}")
                return False
            self.links += 1
            self._previous = link["hash"]
            self._met = self._met or link["hash"] == self._expected
        return True

    def _fault(self, link: Mapping[str, Any]) -> str | None:
        if link["number"] != self.links + 1:
            return f"link {self.links + 1} is missing"
        if link["entry_id"] is None:
            return f"entry {link['entry']} is gone"
        part, entry = link["part"], {name.removeprefix("entry_"): value for name, value in link.items()}
        entry["id"] = link["entry_id"]
        if digest(part, entry) != link["digest"]:
            return f"the {'entry' if part == ENTRY else part} is not what was sealed"
        expected = link_hash(self._previous, link["number"], link["entry"], part, link["digest"], link["sealed_ms"])
        if expected != link["hash"]:
            return "the hash does not follow from the link before"
        return self._out_of_turn(link["entry"], part)

    def _out_of_turn(self, entry: int, part: str) -> str | None:
        """An intent must be followed by its outcome, and nothing is sealed twice; remembers what is still open."""
        if part == OUTCOME:
            return None if self._sealed.pop(entry, None) == INTENT else "an outcome whose intent was not sealed"
        if part == INTENT:
            self._sealed[entry] = INTENT
        return None

    def result(self, unsealed: int) -> Verified:
        """What was found, once everything was taken."""
        if self.broken is not None:
            return Verified(self.links, self._previous, unsealed, *self.broken)
        if not self._met:
            reason = f"the chain does not hold the link {self._expected}: its end was cut off"
            return Verified(self.links, self._previous, unsealed, None, reason)
        return Verified(self.links, self._previous, unsealed)


def pages(read: Callable[[int], list[Any]]) -> Iterator[list[Any]]:
    """The chain in pieces, so that a long one needs little memory."""
    after = 0
    while rows := read(after):
        yield rows
        after = rows[-1].number


def verify(connection: Connection, expected: str | None = None) -> Verified:
    """Recomputes the whole chain; `expected` is a hash that it must contain."""
    held = Chain(expected)
    for rows in pages(lambda after: list(chain(connection, after, PAGE))):
        if not held.take(rows):
            break
    return held.result(count_unsealed(connection))
