"""Statements of SQL as we write them: every identifier quoted; literals bound where Snowflake binds, else escaped.

Snowflake binds values in queries and changes of rows. Where tables are changed, comments and defaults can only stand in the
text.
"""

from __future__ import annotations

from dataclasses import dataclass

Bound = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, the values of its question marks, and whether it may change something."""

    text: str
    bound: tuple[Bound, ...] = ()
    write: bool = False

    @property
    def changes_tables(self) -> bool:
        """Whether it is one that defines tables: what the engine refuses then is a change that it cannot make."""
        return self.write and self.text.startswith(("CREATE ", "ALTER ", "COMMENT ", "DROP "))

    def bindings(self) -> dict[str, dict[str, str | None]]:
        """The values as the SQL API wants them: by number, as texts with their type."""
        return {str(number): _binding(value) for number, value in enumerate(self.bound, 1)}


def _binding(value: Bound) -> dict[str, str | None]:
    match value:
        case bool():
            return {"type": "BOOLEAN", "value": "true" if value else "false"}
        case int():
            return {"type": "FIXED", "value": str(value)}
        case _:
            return {"type": "TEXT", "value": value}


def identifier(name: str) -> str:
    """A name in double quotes: exactly as it is written, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def dotted(*names: str) -> str:
    """A qualified name."""
    return ".".join(map(identifier, names))


_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def literal(text: str) -> str:
    """A text in single quotes, in which a backslash escapes and no quote ends it early."""
    return "'" + "".join(_ESCAPES.get(character, character) for character in text) + "'"
