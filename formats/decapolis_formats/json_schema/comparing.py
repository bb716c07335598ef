"""Compares two compiled schemas: can the new one read what was written with the old one?

The order of the tests at a pair of nodes is compatibility.md section 4.4, recursion is section 4.5: each
pair of nodes is compared once; a pair that is met again while it is still being compared is taken for
compatible; and where that happened the whole comparison is repeated, with what was found at the pairs known
to be incompatible, until no more are found. Nothing recurses, so that circles and depth cost work, which is
bounded, but no stack.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from decapolis_formats.errors import ComparisonTooCostly
from decapolis_formats.model import CompareOptions

from .comparing_arrays import compare_sequences
from .comparing_combined import compare_combined, compare_conditionals, compare_negations, with_a_member
from .comparing_objects import compare_records
from .comparing_values import compare_constants, compare_enumerations, compare_numbers, compare_texts
from .findings import COMPATIBLE, LENIENT, Findings, Inner, Pair
from .nodes import (
    NONE,
    Body,
    Combined,
    Conditional,
    Constant,
    Empty,
    Enumeration,
    Negation,
    Node,
    Nothing,
    Numeric,
    Record,
    Referring,
    Sequence,
    Text,
)

Steps = Generator[Pair, Findings, Findings]

MAX_DEPTH = 20_000
# a pair with something inside takes about as long as this many without
INNER_COST = 5


class Comparison:
    """One run over two schemas, with everything that is known of their pairs of nodes."""

    def __init__(self, options: CompareOptions) -> None:
        self.strict = options.strict_semantics
        self.tolerated = LENIENT if options.lenient else COMPATIBLE
        self.budget = options.budget
        self.work = 0
        self.known: dict[Pair, Findings | None] = {}
        self.incompatible: dict[Pair, Findings] = {}
        self.types: dict[Node, frozenset[str]] = {}
        self.assumed = False
        self.nothing = Findings(self.tolerated)
        self.type_changed = self.single("TYPE_CHANGED")
        self.added = self.single("SCHEMA_ADDED")
        self.removed = self.single("SCHEMA_REMOVED")

    def run(self, old: Node, new: Node) -> Findings:
        """What stands between the two; the greatest fixed point over pairs that lead back to themselves."""
        while True:
            self.known.clear()
            self.assumed = False
            found = self._settled(old, new)
            breaking = {pair: each for pair, each in self.known.items() if each is not None and each.breaking}
            if not self.assumed or breaking.keys() == self.incompatible.keys():
                return found
            self.incompatible = breaking

    def _settled(self, old: Node, new: Node) -> Findings:
        answer = self.at_once(old, new)
        if answer is not None:
            return answer
        stack = [self._begun(old, new)]
        while stack:
            pair, steps = stack[-1]
            try:
                asked = next(steps) if answer is None else steps.send(answer)
            except StopIteration as done:
                stack.pop()
                answer = self._remember(pair, done.value)
                continue
            answer = self.at_once(*asked)
            if answer is None:
                before, after = asked
                assert before is not None
                assert after is not None
                stack.append(self._begun(before, after))
                if len(stack) > MAX_DEPTH:
                    raise ComparisonTooCostly(f"The comparison goes deeper than {MAX_DEPTH} pairs")
        assert answer is not None
        return answer

    def _begun(self, old: Node, new: Node) -> tuple[Pair, Steps]:
        self.spend(INNER_COST)
        old, new = self.followed(old), self.followed(new)
        self.known[old, new] = None
        return (old, new), steps_of(self, old, new)

    def _remember(self, pair: Pair, found: Findings) -> Findings:
        self.known[pair] = found
        return found

    def spend(self, work: int) -> None:
        """Counts work; ComparisonTooCostly when there is more of it than the options allow."""
        self.work += work
        if self.work > self.budget:
            raise ComparisonTooCostly(f"The comparison needs more than {self.budget} steps")

    def at_once(self, old: Node | None, new: Node | None) -> Findings | None:
        """The answer where it needs no look inside, None where it does."""
        if old is None or new is None:
            return self.nothing if old is new else self.added if old is None else self.removed
        self.spend(1)
        old, new = self.followed(old), self.followed(new)
        kind, other = type(old.body), type(new.body)
        if kind is not other:
            if kind is not Combined and other is not Combined:
                return self.different_kinds(old, new)
        elif kind not in INNER:
            return self._leaves(old, new)
        return self._recalled((old, new))

    def _leaves(self, old: Node, new: Node) -> Findings:
        leaf = LEAVES.get(type(old.body))
        if leaf is None and old.annotations == new.annotations:
            return self.nothing
        found = self.annotated(old, new)
        if leaf is not None:
            leaf(self, found, old.body, new.body)
        return found

    def _recalled(self, pair: Pair) -> Findings | None:
        if pair not in self.known:
            return None
        found = self.known[pair]
        if found is not None:
            return found
        known = self.incompatible.get(pair)
        if known is None:
            self.assumed = True
            return self.nothing
        return known

    def different_kinds(self, old: Node, new: Node) -> Findings:
        """What two kinds amount to: fine where the old takes nothing or the new takes everything."""
        if isinstance(old.body, Nothing) or isinstance(new.body, Empty):
            return self.nothing
        if old.bytes and new.bytes and not self.strict:
            return self.nothing
        return self.type_changed

    def annotated(self, old: Node, new: Node) -> Findings:
        """A fresh list of findings that starts with the annotations that changed."""
        found = Findings(self.tolerated)
        if old.annotations != new.annotations:
            before, after = old.annotations or NONE, new.annotations or NONE
            for name, difference in ANNOTATIONS:
                if before.get(name) != after.get(name):
                    found.add(difference, name)
        return found

    def single(self, name: str) -> Findings:
        """Findings that consist of one difference at the node itself."""
        found = Findings(self.tolerated)
        found.add(name)
        return found

    def followed(self, node: Node) -> Node:
        """The node that a reference leads to, one step far; under strict semantics to the end."""
        body = node.body
        if not isinstance(body, Referring):
            return node
        target = body.target
        if self.strict:
            seen = {node}
            while isinstance(target.body, Referring) and target not in seen:
                seen.add(target)
                target = target.body.target
        return target


def steps_of(comparison: Comparison, old: Node, new: Node) -> Steps:
    """The comparison of two nodes that have something inside, asking for the pairs that it depends on."""
    if type(old.body) is not type(new.body):
        found = yield from with_a_member(comparison, old, new)
        return found or comparison.different_kinds(old, new)
    found = comparison.annotated(old, new)
    yield from INNER[type(old.body)](comparison, found, old.body, new.body)
    return found


ANNOTATIONS = (
    ("id", "ID_CHANGED"),
    ("title", "TITLE_CHANGED"),
    ("description", "DESCRIPTION_CHANGED"),
    ("default", "DEFAULT_CHANGED"),
)
LEAVES: dict[type[Body], Callable[[Comparison, Findings, Any, Any], None]] = {
    Text: compare_texts,
    Numeric: compare_numbers,
    Enumeration: compare_enumerations,
    Constant: compare_constants,
}
INNER: dict[type[Body], Callable[[Comparison, Findings, Any, Any], Inner]] = {
    Combined: compare_combined,
    Negation: compare_negations,
    Record: compare_records,
    Sequence: compare_sequences,
    Conditional: compare_conditionals,
}
