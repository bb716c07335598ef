"""The parse tree of a Parquet schema, and its text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PHYSICAL: Final = frozenset(("boolean", "int32", "int64", "int96", "float", "double", "binary", "fixed_len_byte_array"))
REPETITIONS: Final = frozenset(("required", "optional", "repeated"))


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a column means, as `DECIMAL(9,2)`."""

    name: str
    parameters: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({','.join(self.parameters)})" if self.parameters else self.name


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or a group where `children` are not None; `length` is that of fixed columns."""

    repetition: str
    physical: str
    name: str
    length: int | None = None
    annotation: Annotation | None = None
    id: int | None = None
    children: tuple[Column, ...] | None = None

    @property
    def means(self) -> str:
        """The name of the annotation, empty where there is none."""
        return self.annotation.name if self.annotation else ""


@dataclass(frozen=True, slots=True)
class Message:
    """A whole schema."""

    name: str
    columns: tuple[Column, ...]


def printed(message: Message) -> str:
    """The text of a schema, two blanks of indent."""
    lines = [line for column in message.columns for line in _lines(column, "  ")]
    return "\n".join([f"message {message.name} {{", *lines, "}", ""])


def _lines(column: Column, indent: str) -> list[str]:
    if column.children is None:
        return [f"{indent}{head(column)};"]
    inner = [line for child in column.children for line in _lines(child, indent + "  ")]
    return [f"{indent}{head(column)} {{", *inner, f"{indent}}}"]


def head(column: Column) -> str:
    """A column up to its semicolon or brace."""
    return f"{column.repetition} {declared(column, column.name)}{'' if column.id is None else f' = {column.id}'}"


def declared(column: Column, name: str) -> str:
    """A column's type around its name."""
    length = "" if column.length is None else f"({column.length})"
    annotation = "" if column.annotation is None else f" ({column.annotation})"
    return f"{column.physical}{length} {name}{annotation}"
