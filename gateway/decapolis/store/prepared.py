"""Statements of the hot path: written in SQLAlchemy Core, compiled once, run on the driver's own cursor.

Going through Core's execution costs some ten times what SQLite itself needs for such a statement. Values go in and come out as
the driver has them: JSON as text, booleans of SQLite as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import JSON, ClauseElement, Connection, Text, bindparam, cast
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """One statement; its parameters are given by position, in the order in which they were named here."""

    def __init__(self, statement: ClauseElement | Callable[[str], ClauseElement], *names: str) -> None:
        """A statement, or a function from a dialect's name to its own form of one."""
        self._statement = statement
        self._names = names
        self._compiled: dict[str, tuple[str, Sequence[int] | None]] = {}

    def rows(self, connection: Connection, *values: Any) -> list[Any]:
        """Runs it and answers all rows."""
        cursor = self._run(connection, values)
        try:
            found: list[Any] = cursor.fetchall()
        finally:
            cursor.close()
        return found

    def first(self, connection: Connection, *values: Any) -> Any:
        """Runs it and answers the first row, None where there is none."""
        found = self.rows(connection, *values)
        return found[0] if found else None

    def count(self, connection: Connection, *values: Any) -> int:
        """Runs it and answers how many rows it changed."""
        cursor = self._run(connection, values)
        try:
            changed: int = cursor.rowcount
        finally:
            cursor.close()
        return changed

    def _run(self, connection: Connection, values: tuple[Any, ...]) -> Any:
        text, order = self._text(connection)
        parameters: Any = (
            dict(zip(self._names, values, strict=True)) if order is None else [values[index] for index in order]
        )
        driver: Any = connection.dialect.dbapi
        cursor = connection.connection.cursor()
        try:
            cursor.execute(text, parameters)
        except driver.IntegrityError as error:
            cursor.close()
            raise IntegrityError(text, None, error) from error
        except driver.OperationalError as error:
            cursor.close()
            raise OperationalError(text, None, error) from error
        return cursor

    def _text(self, connection: Connection) -> tuple[str, Sequence[int] | None]:
        """The text for this database, and in which order its placeholders want the values (None: by name)."""
        known = self._compiled.get(connection.dialect.name)
        if known is None:
            statement = self._statement
            if not isinstance(statement, ClauseElement):
                statement = statement(connection.dialect.name)
            compiled = statement.compile(dialect=connection.dialect)
            if not isinstance(compiled, SQLCompiler):
                raise TypeError(f"{statement} is not a statement")
            known = self._compiled[connection.dialect.name] = (compiled.string, self._order(compiled))
        return known

    def _order(self, compiled: SQLCompiler) -> Sequence[int] | None:
        if compiled.positiontup is None:
            return None
        return [self._names.index(name) for name in compiled.positiontup]


def json_text(name: str, dialect: str) -> Any:
    """A parameter for a JSON column that is given as text; SQLite keeps JSON as just that."""
    given = bindparam(name, type_=Text)
    return cast(given, JSON) if dialect == "postgresql" else given
