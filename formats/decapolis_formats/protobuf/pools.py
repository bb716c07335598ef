"""Descriptor pools of a schema and all it needs; custom options read and written by their declarations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from google.protobuf import text_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as RuntimeMessage
from google.protobuf.message_factory import GetMessageClass

from .descriptors import MAIN_NAME, file_descriptor, no_options
from .nodes import File, Option
from .optiondescriptors import Interpreter, text_field
from .resolving import Prefixes, Source, Types
from .visibility import available_files


def interpreter_for(data: bytes, sources: Iterable[Source]) -> Interpreter:
    """Reads custom options by what references, known files and the file itself declare."""
    loaded: list[DescriptorPool] = []

    def interpret(options: RuntimeMessage) -> RuntimeMessage:
        if not loaded:
            loaded.append(_pool_around(data, tuple(sources)))
        try:
            return _declared_class(loaded[0], options).FromString(options.SerializePartialToString())
        except DecodeError:
            return options  # whoever wrote it had other declarations

    return interpret


def _pool_around(data: bytes, sources: Sequence[Source]) -> DescriptorPool:
    descriptor = FileDescriptorProto.FromString(data)
    own = File(imports=tuple(descriptor.dependency))
    types = Types((*sources, Source("", own, None)))
    pool = _pool(own, types)
    _add(pool, descriptor)
    return pool


def pool_of(file: File, types: Types) -> DescriptorPool:
    """A pool of the file and all it needs, without options; what the runtime refuses is left out of it."""
    pool = _pool(file, types)
    _add(pool, file_descriptor(file, MAIN_NAME, types, no_options))
    return pool


def _pool(file: File, types: Types) -> DescriptorPool:
    pool = DescriptorPool()
    for descriptor in dependency_descriptors(file, types):
        _add(pool, descriptor)
    return pool


def dependency_descriptors(file: File, types: Types) -> list[FileDescriptorProto]:
    """The descriptors of all files that `file` needs, directly or not, in an order in which they load."""
    available = available_files(types)
    made: dict[str, FileDescriptorProto] = {}
    ordered: dict[str, FileDescriptorProto] = {}
    waiting = [
        "google/protobuf/descriptor.proto",
        *file_descriptor(file, MAIN_NAME, types, no_options).dependency,
    ]
    while waiting:
        name = waiting[-1]
        if name in ordered:
            waiting.pop()
            continue
        if name not in made:
            made[name] = file_descriptor(available[name], name, types, no_options)
            waiting.extend(each for each in made[name].dependency if each not in made)
        else:
            ordered[name] = made[name]
            waiting.pop()
    return list(ordered.values())


def _add(pool: DescriptorPool, descriptor: FileDescriptorProto) -> None:
    try:
        pool.AddSerializedFile(descriptor.SerializePartialToString())
    except TypeError:
        # the runtime refuses what the dialect takes; then the options that it declares stay unread
        return


def _declared_class(pool: DescriptorPool, options: RuntimeMessage) -> type[RuntimeMessage]:
    return GetMessageClass(pool.FindMessageTypeByName(options.DESCRIPTOR.full_name))


class OptionsIn:
    """Writes options into descriptors, custom ones checked by the runtime; what it refuses is left out."""

    def __init__(self, file: File, types: Types) -> None:
        self._file = file
        self._types = types
        self._pool: DescriptorPool | None = None

    def __call__(self, options: Sequence[Option], target: Any, prefixes: Prefixes) -> None:
        custom = [option for option in options if option.custom]
        for option in options:
            if not option.custom:
                _merge(_as_text(option, option.name, self._types, prefixes), target, None)
        if custom:
            self._write_custom(custom, target, prefixes)

    def _write_custom(self, options: Sequence[Option], target: Any, prefixes: Prefixes) -> None:
        if self._pool is None:
            self._pool = pool_of(self._file, self._types)
        declared = _declared_class(self._pool, target)()
        for option in options:
            extension = self._types.extension(option.name, prefixes)
            if extension is not None:
                text = _as_text(option, f"[{extension[0]}]", self._types, prefixes)
                _merge(text, declared, self._pool)
        target.MergeFromString(declared.SerializePartialToString(deterministic=True))


def _as_text(option: Option, name: str, types: Types, prefixes: Prefixes) -> str:
    def full(key: str) -> str:
        extension = types.extension(key[1:-1], prefixes) if key.startswith("[") else None
        return f"[{extension[0]}]" if extension else key

    opened = "".join(f" {{ {part}" for part in option.path)
    return f"{name}{opened}{text_field(option.value, full)}{' }' * len(option.path)}"


def _merge(text: str, target: RuntimeMessage, pool: DescriptorPool | None) -> None:
    try:
        text_format.Merge(text, target, descriptor_pool=pool)
    except (text_format.ParseError, DecodeError, ValueError, KeyError):
        return


def descriptors_in_order(file: File, types: Types) -> Iterator[FileDescriptorProto]:
    """The dependencies' descriptors, then the file's own: a whole set for a pool."""
    yield from dependency_descriptors(file, types)
    yield file_descriptor(file, MAIN_NAME, types, OptionsIn(file, types))
