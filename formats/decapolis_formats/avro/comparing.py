"""Can a reader's schema read what a writer's schema wrote? The rules of compatibility.md section 3.2.

Types may be recursive and shared, so every pair of types is walked once and its findings are remembered. The
walks wait on a stack of our own: a chain of named types may be far longer than the interpreter's stack.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from decapolis_formats.errors import ComparisonTooCostly
from decapolis_formats.model import CompareOptions, Difference

from .nodes import ABSENT, READS, Array, Enum, Field, Fixed, Map, Named, Primitive, Record, Type, Union

Findings = list[Difference]
Pair = tuple[int, int]
Walk = Generator[tuple[Type, Type, str], Findings, Findings]
Waiting = list[tuple[Walk, Pair, str]]

NOTHING: Final[Findings] = []

# A difference without a path belongs to the comparison as a whole, not to a place in the schema.
AMBIGUOUS_FIELD: Final = "AMBIGUOUS_FIELD"


class AmbiguousFieldError(Exception):
    """A reader's field that several of the writer's fields answer to: the reference gives up here."""

    def __init__(self, field: Field, names: list[str], writer: Record) -> None:
        super().__init__(f"field {field.name} matches {', '.join(names)} of {writer.full}")


class Comparison:
    """One comparison as the reference does it; a budget of pairs and findings bounds its work."""

    def __init__(self, options: CompareOptions) -> None:
        self._budget = self._left = options.budget
        self._findings: dict[Pair, tuple[str, Findings | None]] = {}

    @property
    def spent(self) -> int:
        """How much of the budget is gone."""
        return self._budget - self._left

    def run(self, reader: Type, writer: Type) -> Findings:
        """Every difference, in the order of the walk."""
        waiting: Waiting = []
        answer = self._ask(reader, writer, "", waiting)
        while waiting:
            walk, pair, path = waiting[-1]
            try:
                question = walk.send(answer) if answer is not None else next(walk)
            except StopIteration as done:
                waiting.pop()
                answer = self._finish(pair, path, done.value)
            else:
                answer = self._ask(*question, waiting)
        assert answer is not None
        return answer

    def _ask(self, reader: Type, writer: Type, path: str, waiting: Waiting) -> Findings | None:
        """What is known of a pair at once, or None after its walk was put on the stack."""
        self._spend(1)
        if isinstance(reader, Primitive) or isinstance(writer, Primitive):
            return self._with_primitive(reader, writer, path)
        if isinstance(writer, Union) and writer.plain and isinstance(reader, Union):
            self._spend(len(writer.branches))
            return self._plain(reader, writer, path)
        pair = (id(reader), id(writer))
        known = self._findings.get(pair)
        if known is not None:
            return self._known(pair, *known, path)
        opened = self._open(reader, writer, path)
        if isinstance(opened, list):
            return self._finish(pair, path, opened)
        self._findings[pair] = (path, None)
        waiting.append((opened, pair, path))
        return None

    def _spend(self, work: int) -> None:
        self._left -= work
        if self._left < 0:
            raise ComparisonTooCostly(
                f"The comparison needs more than its budget of {self._budget} compared pairs and findings"
            )

    def _known(self, pair: Pair, first_path: str, found: Findings | None, path: str) -> Findings:
        """What a pair met again gets: nothing while its walk goes on, then the findings of that walk."""
        return NOTHING if found is None else found

    def _finish(self, pair: Pair, path: str, found: Findings) -> Findings:
        self._spend(len(found))
        self._findings[pair] = (path, found)
        return found

    def _primitives(self, reader: Primitive, writer: Primitive, path: str) -> Findings:
        return NOTHING if writer.kind in READS[reader.kind] else [mismatch(reader, writer, path)]

    def _with_primitive(self, reader: Type, writer: Type, path: str) -> Findings:
        """The findings of a pair with a primitive side: no walk needed, and every use has its own path."""
        if isinstance(reader, Primitive) and isinstance(writer, Primitive):
            return self._primitives(reader, writer, path)
        if isinstance(writer, Union):
            self._spend(len(writer.branches))
            found: Findings = []
            for index, branch in enumerate(writer.branches):
                found += self._with_primitive(reader, branch, f"{path}/{index}")
            return found
        if isinstance(reader, Union):
            return NOTHING if self._branch_reads(reader, writer) else [missing_branch(writer, path)]
        return [mismatch(reader, writer, path)]

    def _branch_reads(self, reader: Union, writer: Type) -> bool:
        """Whether a union reads a primitive."""
        return writer.kind in reader.reads

    def _open(self, reader: Type, writer: Type, path: str) -> Walk | Findings:
        """The walk through a pair, not both of it primitive, or the findings where there is no way in."""
        match reader, writer:
            case Record(), Record():
                return self._records(reader, writer, path)
            case Union(), Union():
                return self._unions(reader, writer, path)
            case _, Union():
                return self._all_branches(reader, writer, path)
            case Union(), _:
                return self._some_branch(reader, writer, path)
            case Array(), Array():
                return self._inner(reader.items, writer.items, f"{path}/items")
            case Map(), Map():
                return self._inner(reader.values, writer.values, f"{path}/values")
            case Enum(), Enum():
                return self._enums(reader, writer, path)
            case Fixed(), Fixed():
                return self._fixed(reader, writer, path)
        return [mismatch(reader, writer, path)]

    def _inner(self, reader: Type, writer: Type, path: str) -> Walk:
        return (yield reader, writer, path)

    def _records(self, reader: Record, writer: Record, path: str) -> Walk:
        found = names(reader, writer, path)
        self._spend(len(reader.fields))
        theirs_of, owed = writer.by_name, 0
        for position, field in enumerate(reader.fields):
            source = self._source(field, writer) if field.aliases else theirs_of.get(field.name)
            if source is None:
                if field.default is ABSENT:
                    found += yield from self._missing(field, writer, f"{path}/fields/{position}")
                continue
            mine, theirs = field.type, source.type
            if mine.__class__ is Union and theirs.__class__ is Union and theirs.plain:
                # what asking would answer at once: nothing to walk, nothing to remember
                owed += 1 + len(theirs.branches)
                if mine.text is None or mine.text != theirs.text:
                    found += self._plain(mine, theirs, f"{path}/fields/{position}/type")
            elif not (isinstance(mine, Primitive) and isinstance(theirs, Primitive)):
                found += yield mine, theirs, f"{path}/fields/{position}/type"
            elif not (mine.kind == theirs.kind and mine.properties is theirs.properties):
                found += self._primitives(mine, theirs, f"{path}/fields/{position}/type")
        self._spend(owed)
        return found

    def _source(self, field: Field, writer: Record) -> Field | None:
        """The writer's field that fills a reader's one: of its name, or of one of its aliases."""
        by_name = writer.by_name
        if not field.aliases:
            return by_name.get(field.name)
        hits = [name for name in (field.name, *field.aliases) if name in by_name]
        if len(hits) > 1:
            raise AmbiguousFieldError(field, hits, writer)
        return by_name[hits[0]] if hits else None

    def _missing(self, field: Field, writer: Record, path: str) -> Walk:
        """The findings of a reader's field without a default that the writer does not have."""
        if isinstance(field.type, Enum) and field.type.default is not None:
            # the reference has the enum read the whole record here
            return (yield field.type, writer, f"{path}/type")
        return [difference("READER_FIELD_MISSING_DEFAULT_VALUE", path, field.name)]

    def _plain(self, reader: Union, writer: Union, path: str) -> Findings:
        if reader.text is not None and reader.text == writer.text:
            return NOTHING
        return [
            missing_branch(branch, f"{path}/{index}")
            for index, branch in enumerate(writer.branches)
            if not self._branch_reads(reader, branch)
        ]

    def _unions(self, reader: Union, writer: Union, path: str) -> Walk:
        found = []
        for index, branch in enumerate(writer.branches):
            if (yield reader, branch, f"{path}/{index}"):
                found.append(missing_branch(branch, f"{path}/{index}"))
        return found

    def _all_branches(self, reader: Type, writer: Union, path: str) -> Walk:
        found: Findings = []
        for index, branch in enumerate(writer.branches):
            found += yield reader, branch, f"{path}/{index}"
        return found

    def _some_branch(self, reader: Union, writer: Type, path: str) -> Walk:
        for branch in reader.branches:
            if not (yield branch, writer, ""):
                return NOTHING
        return [missing_branch(writer, path)]

    def _enums(self, reader: Enum, writer: Enum, path: str) -> Findings:
        found = names(reader, writer, path)
        unknown = set(writer.symbols).difference(reader.symbols)
        if unknown and reader.default is None:
            found.append(difference("MISSING_ENUM_SYMBOLS", f"{path}/symbols", f"[{', '.join(sorted(unknown))}]"))
        return found

    def _fixed(self, reader: Fixed, writer: Fixed, path: str) -> Findings:
        found = names(reader, writer, path)
        if reader.size != writer.size:
            info = f"expected: {writer.size}, found: {reader.size}"
            found.append(difference("FIXED_SIZE_MISMATCH", f"{path}/size", info))
        return found


def names(reader: Named, writer: Named, path: str) -> Findings:
    """Whether the names match: the simple ones, or the writer's full one among the reader's aliases."""
    if reader.name == writer.name or writer.full in reader.aliases:
        return []
    return [difference("NAME_MISMATCH", f"{path}/name", f"expected: {writer.full}")]


def mismatch(reader: Type, writer: Type, path: str) -> Difference:
    """That one type cannot read the other at all."""
    info = f"reader type: {reader.kind.upper()} not compatible with writer type: {writer.kind.upper()}"
    return difference("TYPE_MISMATCH", path, info)


def missing_branch(writer: Type, path: str) -> Difference:
    """That no branch of the reader's union reads the type."""
    return difference("MISSING_UNION_BRANCH", path, f"reader union lacking writer type: {writer.kind.upper()}")


def difference(name: str, path: str, info: str) -> Difference:
    """A breaking difference; the root's path is a slash."""
    return Difference(name, path or "/", compatible=False, info=info)
