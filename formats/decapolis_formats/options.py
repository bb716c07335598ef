"""What a caller may wish of a transformation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .model import Format


class Naming(StrEnum):
    """How the fields of the result are spelled."""

    AS_IS = "as_is"
    SNAKE = "snake"
    CAMEL = "camel"


class Dialect(StrEnum):
    """The dialects of SQL that tables are read and written in."""

    ANSI = "ansi"
    BIGQUERY = "bigquery"
    DATABRICKS = "databricks"
    SNOWFLAKE = "snowflake"


@dataclass(frozen=True, slots=True)
class Options:
    """Wishes for one transformation; each has a value that asks for nothing.

    `field_mappings`: new names by field name or by path.  `name`, `namespace`: of the result's root.  `select`:
    which table, message or component of a source that has several.  `dialect`, `source_dialect`: of SQL.
    `iceberg_version`: of Iceberg's format.  `payload`: how messages of AsyncAPI are written.
    """

    field_mappings: Mapping[str, str] = field(default_factory=dict)
    naming: Naming = Naming.AS_IS
    name: str | None = None
    namespace: str | None = None
    select: str | None = None
    dialect: Dialect = Dialect.ANSI
    source_dialect: Dialect | None = None
    iceberg_version: int = 2
    payload: Format | None = None

    @property
    def read_dialect(self) -> Dialect:
        """The dialect of a source in SQL: its own where that is said, else that of the result."""
        return self.source_dialect or self.dialect


NO_WISHES = Options()
