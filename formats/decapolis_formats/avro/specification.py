"""Can a reader read a writer's data as the Avro specification has it, where the reference says otherwise?

What differs is listed with examples in docs/compatibility-avro.md.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain

from decapolis_formats.model import CompareOptions, Difference

from .comparing import (
    AMBIGUOUS_FIELD,
    NOTHING,
    Comparison,
    Findings,
    Pair,
    Walk,
    difference,
    missing_branch,
    names,
)
from .defaults import fits
from .logical import logical_type
from .nodes import ABSENT, READS, Field, Fixed, Named, Primitive, Record, Type, Union

# Says of a pair that is being walked that it fails, without telling twice why.
_REFUTED = Difference("REFUTED", "", compatible=False)


class SpecificationComparison(Comparison):
    """A comparison under `strict_semantics`."""

    def __init__(self, options: CompareOptions) -> None:
        super().__init__(options)
        self._assumed: set[Pair] = set()
        self._refuted: set[Pair] = set()

    def run(self, reader: Type, writer: Type) -> Findings:
        """Every difference, once no pair is left that was wrongly taken for readable while it was walked."""
        while True:
            self._findings.clear()
            self._assumed.clear()
            found = super().run(reader, writer)
            wrong = {pair for pair in self._assumed if self._findings[pair][1]} - self._refuted
            if not wrong:
                return [each for each in found if each is not _REFUTED]
            self._refuted |= wrong

    def _known(self, pair: Pair, first_path: str, found: Findings | None, path: str) -> Findings:
        if found is None:
            self._assumed.add(pair)
            return [_REFUTED] if pair in self._refuted else NOTHING
        self._spend(len(found))
        return [_moved(each, first_path, path) for each in found]

    def _primitives(self, reader: Primitive, writer: Primitive, path: str) -> Findings:
        return super()._primitives(reader, writer, path) or _logical(reader, writer, path)

    def _fixed(self, reader: Fixed, writer: Fixed, path: str) -> Findings:
        return super()._fixed(reader, writer, path) + _logical(reader, writer, path)

    def _records(self, reader: Record, writer: Record, path: str) -> Walk:
        found = names(reader, writer, path)
        self._spend(len(reader.fields))
        sources = [_sources(field, writer) for field in reader.fields]
        claims = Counter(chain.from_iterable(sources))
        for position, (field, hits) in enumerate(zip(reader.fields, sources, strict=True)):
            at = f"{path}/fields/{position}"
            if len(hits) > 1:
                info = f"field {field.name} matches {', '.join(hits)} of {writer.full}"
                found.append(difference(AMBIGUOUS_FIELD, at, info))
                continue
            if not (hits and claims[hits[0]] == 1) and not _has_default(field):
                found.append(difference("READER_FIELD_MISSING_DEFAULT_VALUE", at, field.name))
            if hits and not _same_primitive(field.type, theirs := writer.by_name[hits[0]].type):
                found += yield field.type, theirs, f"{at}/type"
        return found

    def _branch_reads(self, reader: Union, writer: Type) -> bool:
        branch = self._first_match(reader, writer)
        return branch is not None and not self._with_primitive(branch, writer, "")

    def _some_branch(self, reader: Union, writer: Type, path: str) -> Walk:
        branch = self._first_match(reader, writer)
        if branch is None or (yield branch, writer, ""):
            return [missing_branch(writer, path)]
        return NOTHING

    def _first_match(self, reader: Union, writer: Type) -> Type | None:
        """The branch that the writer's data is resolved against: the one of its full name, else the first."""
        self._spend(len(reader.branches))
        matching = [branch for branch in reader.branches if _matches(branch, writer)]
        if isinstance(writer, Named):
            for branch in matching:
                if isinstance(branch, Named) and branch.full == writer.full:
                    return branch
        return matching[0] if matching else None


def _moved(found: Difference, first_path: str, path: str) -> Difference:
    if found is _REFUTED or first_path == path:
        return found
    inner = "" if found.path == "/" else found.path[len(first_path) :]
    return difference(found.type, path + inner, found.info)


def _sources(field: Field, writer: Record) -> list[str]:
    """The writer's fields that a reader's one answers to; its own name among its aliases says nothing new."""
    if not field.aliases:
        return [field.name] if field.name in writer.by_name else []
    candidates = dict.fromkeys((field.name, *field.aliases))
    return [name for name in candidates if name in writer.by_name]


def _same_primitive(reader: Type, writer: Type) -> bool:
    return isinstance(reader, Primitive) and reader is writer


def _has_default(field: Field) -> bool:
    return field.default is not ABSENT and fits(field.type, field.default, exactly=True)


def _matches(reader: Type, writer: Type) -> bool:
    if isinstance(reader, Primitive):
        return writer.kind in READS[reader.kind] and not _logical(reader, writer, "")
    if isinstance(reader, Named) and isinstance(writer, Named):
        return reader.kind == writer.kind and not names(reader, writer, "")
    return reader.kind == writer.kind


def _logical(reader: Type, writer: Type, path: str) -> Findings:
    """Two different logical types mean different things by the same value; none on one side leaves it raw."""
    mine, theirs = logical_type(reader), logical_type(writer)
    if mine is None or theirs is None or mine == theirs:
        return NOTHING
    info = f"reader type: {_spelled(mine)} not compatible with writer type: {_spelled(theirs)}"
    return [difference("TYPE_MISMATCH", path, info)]


def _spelled(logical: tuple[object, ...]) -> str:
    name, *parameters = logical
    return f"{name}({', '.join(map(str, parameters))})" if parameters else str(name)
