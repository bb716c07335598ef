"""From any of the eight formats to any other one, with the list of what was lost or guessed.

>>> from decapolis_formats import Format
>>> from decapolis_formats.transform import transform
>>> source = '{"type": "record", "name": "User", "fields": [{"name": "id", "type": {"type": "int", "logicalType": "date"}}]}'
>>> print(transform(source, Format.AVRO, Format.PARQUET).text)
message User {
  required int32 id (DATE);
}
<BLANKLINE>
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Final, Protocol, cast

from .extras import MissingLibrary, library
from .fitting import fitted
from .holds import Holds
from .model import Dependency, Format
from .options import NO_WISHES, Options
from .renaming import called, full_name, renamed
from .types import Loss, Model, Named, Reading, Type

_NEEDED: Final = {Format.ICEBERG: "pyiceberg.schema", Format.SQL_DDL: "sqlglot"}
_PAYLOADS: Final = (Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF)
DEFAULT_NAME: Final = "Record"


class Reader(Protocol):
    """What each format's `to_model` exports."""

    def read(self, text: str, dependencies: Sequence[Dependency], options: Options) -> Reading:
        """The model of a text; InvalidSchema where it is none of the format."""


class Printer(Protocol):
    """What each format's `from_model` exports."""

    def holds(self, options: Options) -> Holds:
        """What the format can hold."""

    def write(self, model: Model, options: Options) -> str:
        """The text of a model that fits."""

    def spelled(self, type: Type, options: Options) -> str:
        """A type in a few words of the format."""


@dataclass(frozen=True, slots=True)
class Transformed:
    """The text in the target format, and what was lost or guessed on the way."""

    text: str
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class Support:
    """Whether a pair of formats can be transformed, and the reason where it cannot."""

    supported: bool
    reason: str = ""


def transform(
    text: str,
    source: Format,
    target: Format,
    options: Options = NO_WISHES,
    dependencies: Sequence[Dependency] = (),
) -> Transformed:
    """The schema in another format, or with other names in its own one.

    InvalidSchema where the text does not hold, MissingLibrary where the format's library is not installed.
    """
    reading = read_model(text, source, options, dependencies)
    model, losses = renamed(reading.model, options)
    model, more = _without_namespace(model, source, target, options)
    if options.payload is None and source in _PAYLOADS:
        options = replace(options, payload=source)
    printed = print_model(model, target, options)
    return Transformed(printed.text, tuple(dict.fromkeys((*reading.losses, *losses, *more, *printed.losses))))


def read_model(
    text: str, format: Format, options: Options = NO_WISHES, dependencies: Sequence[Dependency] = ()
) -> Reading:
    """The type model of a text of the format."""
    return reader_of(format).read(text, dependencies, options)


def print_model(model: Model, format: Format, options: Options = NO_WISHES) -> Transformed:
    """A model as a text of the format, and what that lost."""
    printer = printer_of(format)
    name = full_name(options.name or DEFAULT_NAME, options.namespace or "")
    fits, losses = fitted(model, printer.holds(options), name=name)
    return Transformed(printer.write(fits, options), losses)


def reader_of(format: Format) -> Reader:
    """What reads a format; loaded at first use."""
    return cast("Reader", import_module(f"decapolis_formats.{format.value}.to_model"))


def printer_of(format: Format) -> Printer:
    """What prints a format; loaded at first use."""
    return cast("Printer", import_module(f"decapolis_formats.{format.value}.from_model"))


def supported(source: Format, target: Format) -> Support:
    """Whether the pair can be transformed here: all can where the libraries of both are installed."""
    for format in (source, target):
        if format in _NEEDED:
            try:
                library(_NEEDED[format], format.value)
            except MissingLibrary as missing:
                return Support(supported=False, reason=str(missing))
    return Support(supported=True)


def _without_namespace(
    model: Model, source: Format, target: Format, options: Options
) -> tuple[Model, tuple[Loss, ...]]:
    """A table is not named by a namespace of types, unless that is wished: catalogs and schemas are no packages."""
    if target is not Format.SQL_DDL or source is Format.SQL_DDL or options.namespace is not None:
        return model, ()
    space, _, last = model.root.name.rpartition(".") if isinstance(model.root, Named) else ("", "", "")
    if not space or not isinstance(model.root, Named) or last in model.definitions:
        return model, ()
    loss = Loss("", f"the namespace {space}", "a table's name is that of the record alone")
    return called(model, {model.root.name: last}), (loss,)
