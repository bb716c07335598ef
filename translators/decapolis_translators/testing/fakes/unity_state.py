"""What the fakes of Unity Catalog hold: catalogs, schemas, tables, functions and files, and who may have which name."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .asgi import Problem

_NAME = re.compile(r"[a-zA-Z0-9_@-]{1,255}")
_clock = itertools.count(1_700_000_000_000)


def now_ms() -> int:
    """A time that never stands still, so that no two changes share an etag."""
    return next(_clock)


def problem(status: int, code: str, message: str) -> Problem:
    """A refusal in the envelope of the classic API."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code, "metadata": {}}
    return Problem(status, {"error_code": code, "message": message, "details": [info]})


@dataclass
class HeldColumn:
    """A column; the type is Spark's JSON (camelCase), not text."""

    name: str
    type: Any
    nullable: bool = True
    comment: str | None = None
    holds_nulls: bool = False


@dataclass
class HeldTable:
    """A table."""

    name: str
    table_type: str
    format: str
    columns: list[HeldColumn]
    comment: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    location: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: int = field(default_factory=now_ms)
    updated_at: int = field(default_factory=now_ms)
    rows: int = 0

    def touch(self) -> None:
        """Notes a change."""
        self.updated_at = now_ms()

    def column(self, name: str) -> HeldColumn | None:
        """A column by its name in any letter case."""
        return next((each for each in self.columns if each.name.lower() == name.lower()), None)


@dataclass
class HeldSchema:
    """A schema."""

    tables: dict[str, HeldTable] = field(default_factory=dict)
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class UnityState:
    """Everything, and whether names are folded to lower case."""

    folds: bool = False
    """Databricks does."""
    catalogs: dict[str, dict[str, HeldSchema]] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """By the folder of a volume, `main/sr/copies`."""

    def fold(self, name: str) -> str:
        """A name as it is kept."""
        return name.lower() if self.folds else name

    def make_schema(self, catalog: str, schema: str) -> HeldSchema:
        """A schema and its catalog, made where they are missing; for tests."""
        return self.catalogs.setdefault(catalog, {}).setdefault(schema, HeldSchema())

    def schema(self, catalog: str, name: str) -> HeldSchema:
        """A schema, or what the classic API says without it."""
        schemas = self.catalogs.get(self.fold(catalog))
        if schemas is None:
            raise problem(404, self.code("CATALOG"), f"Catalog '{catalog}' does not exist.")
        found = schemas.get(self.fold(name))
        if found is None:
            raise problem(404, self.code("SCHEMA"), f"Schema '{catalog}.{name}' does not exist.")
        return found

    def code(self, what: str) -> str:
        """How each product calls what is missing."""
        return f"{what}_DOES_NOT_EXIST" if self.folds else f"{what}_NOT_FOUND"

    def table(self, full_name: str) -> HeldTable:
        """A table by its full name, which is split at its dots and must have three parts."""
        parts = full_name.split(".")
        if len(parts) != 3:
            raise problem(400, "INVALID_ARGUMENT", f"Invalid table name: {full_name}")
        found = self.schema(parts[0], parts[1]).tables.get(self.fold(parts[2]))
        if found is None:
            raise problem(404, self.code("TABLE"), f"Table '{full_name}' does not exist.")
        return found

    def all_tables(self, catalog: str) -> Iterator[tuple[str, HeldTable]]:
        """Every table of a catalog by its full name, sorted."""
        for schema, held in sorted(self.catalogs[catalog].items()):
            for name, table in sorted(held.tables.items()):
                yield f"{catalog}.{schema}.{name}", table


def demand_name(name: Any, what: str) -> str:
    """A legal name of an object of SQL."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise problem(400, "INVALID_ARGUMENT", f"{what} name is not legal: {name!r:.80}")
    return name


def page(names: list[str], query: dict[str, str], most: int) -> tuple[list[str], str | None]:
    """Those behind the token, which is the last name of a full page, so that another, empty one may follow."""
    given = query.get("max_results")
    if given is not None and (not given.isdecimal() or int(given) < 0):
        raise problem(400, "INVALID_ARGUMENT", "maxResults must be greater than or equal to 0")
    size = min(int(given), most) if given and int(given) else most
    token = query.get("page_token", "")
    left = sorted(name for name in names if name > token)[:size]
    return left, left[-1] if len(left) == size else None
