"""A Protobuf schema read once: its tree, the types it sees, and its texts, made when asked for."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Final

from decapolis_formats.errors import InvalidSchema
from decapolis_formats.model import Dependency, Format

from .nodes import File
from .normalizing import normal_file
from .parsing import read_file
from .printing import printed
from .resolving import LOCAL, Source, Types

_REMEMBERED_LENGTH: Final = 100_000


class ProtobufSchema:
    """The reading of one text together with its references; nothing about it changes."""

    def __init__(self, text: str, dependencies: tuple[Dependency, ...], file: File) -> None:
        self.text = text
        self.dependencies = dependencies
        self.file = file

    @property
    def format(self) -> Format:
        """Always Protobuf."""
        return Format.PROTOBUF

    @cached_property
    def types(self) -> Types:
        """Every type that names in this schema may mean."""
        return Types((*_sources(self.dependencies), Source("", self.file, LOCAL)))

    @cached_property
    def canonical(self) -> str:
        """The text that is stored."""
        return printed(self.file)

    @cached_property
    def normal(self) -> File:
        """The tree in its normal order; InvalidSchema where a name means nothing."""
        return normal_file(self.file, self.types)

    @cached_property
    def normalized(self) -> str:
        """The text of the tree in its normal order."""
        return printed(self.normal)

    @cached_property
    def serialized(self) -> bytes:
        """The FileDescriptorProto; it loads in a pool that has the dependencies."""
        from .descriptors import MAIN_NAME, file_descriptor
        from .pools import OptionsIn

        descriptor = file_descriptor(self.file, MAIN_NAME, self.types, OptionsIn(self.file, self.types))
        return descriptor.SerializePartialToString(deterministic=True)


def read_schema(text: str, dependencies: Sequence[Dependency] = ()) -> ProtobufSchema:
    """Reads .proto source or the base64 of a FileDescriptorProto; its names may still mean nothing."""
    known = tuple(dependencies)
    schema = ProtobufSchema(text, known, _file(text, known))
    _ = schema.types  # a reference that cannot be read is found now, not in the middle of a comparison
    return schema


def _file(text: str, dependencies: tuple[Dependency, ...]) -> File:
    try:
        return read_file(text)
    except InvalidSchema as not_source:
        data = _decoded(text)
        if data is None:
            raise
        from .from_descriptor import file_from_descriptor
        from .pools import interpreter_for

        try:
            return file_from_descriptor(data, interpreter_for(data, _sources(dependencies)))
        except InvalidSchema as no_descriptor:
            raise InvalidSchema(f"{not_source}; nor is it a descriptor in base64: {no_descriptor}") from None


def _decoded(text: str) -> bytes | None:
    stripped = text.strip()
    try:
        data = b64decode(stripped + "=" * (-len(stripped) % 4), validate=True)
    except (NotBase64, ValueError):
        return None
    return data or None


def _sources(dependencies: tuple[Dependency, ...]) -> Iterator[Source]:
    for dependency in dependencies:
        origin = None if dependency.indirect else (dependency.subject, dependency.version)
        yield Source(dependency.name, _dependency_file(dependency), origin)


def _dependency_file(dependency: Dependency) -> File:
    try:
        if len(dependency.text) > _REMEMBERED_LENGTH:
            return _file(dependency.text, ())
        return _remembered_file(dependency.text)
    except InvalidSchema as unreadable:
        raise InvalidSchema(f"The reference {dependency.name} cannot be read: {unreadable}") from None


@lru_cache(maxsize=256)
def _remembered_file(text: str) -> File:
    """Trees of references, because many schemas import the same few files."""
    return _file(text, ())
