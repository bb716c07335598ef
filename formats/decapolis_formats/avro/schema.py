"""What parsing gives: the root type, and the text and references it came from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.model import Dependency, Format

from .json_text import has_half_pair, load
from .nodes import Named, Type
from .printing import Canonical
from .reading import Reader

MAX_MESSAGE = 1_000


class AvroSchema:
    """A schema read once: immutable for everybody outside this package, safe to share and to cache."""

    format = Format.AVRO

    def __init__(self, text: str, dependencies: Sequence[Dependency], root: Type, known: frozenset[str]) -> None:
        self.text = text
        self.dependencies = tuple(dependencies)
        self.root = root
        self.known = known

    @cached_property
    def canonical(self) -> str:
        """The canonical text, printed at first use."""
        return Canonical(self.known).text(self.root)


def parsed(text: str, dependencies: Sequence[Dependency], *, strict: bool) -> AvroSchema:
    """The schema of a text; references are read before it, by the same rules, in their order."""
    try:
        return _parsed(text, dependencies, strict=strict)
    except InvalidSchema as invalid:
        message = str(invalid)
        if len(message) <= MAX_MESSAGE:
            raise
        # a name may be as long as the text
        raise InvalidSchema(f"{message[:MAX_MESSAGE]}...") from None


def _parsed(text: str, dependencies: Sequence[Dependency], *, strict: bool) -> AvroSchema:
    reader = Reader(strict=strict)
    known = set()
    for dependency in dependencies:
        try:
            root = reader.read(load(dependency.text))
        except InvalidSchema as invalid:
            raise InvalidSchema(f"The reference {dependency.name!r} cannot be read: {invalid}") from None
        if isinstance(root, Named):
            known.add(root.full)
    schema = AvroSchema(text, dependencies, reader.read(load(text)), frozenset(known))
    # definitions move to the first use of their names, which may nest them deeper than the text did
    canonical = schema.canonical if reader.forward_names or ("\\" in text and "\\u" in text) else ""
    if strict and has_half_pair(canonical):
        raise InvalidSchema("The schema holds half of a surrogate pair, which no UTF-8 text can carry")
    return schema
