"""A catalog in memory: tables of columns, an engine with strict limits, and a place for copies of documents.

What the gateway must be able to live with, in its smallest form. It can be told to fail before or after it acted, at any of
its calls, as a catalog does whose answer is lost.
"""

from __future__ import annotations

import asyncio
import builtins
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Literal

from decapolis_formats import Format
from decapolis_formats.types import Field, Model, Struct
from decapolis_translators.catalog import Catalog, CatalogConfig, Column, Document, Plan, Step, Table
from decapolis_translators.columns import Kind, changes
from decapolis_translators.contract import Capabilities, Ping
from decapolis_translators.errors import Incompatible, SubjectRefused, Unreachable

_DONE = {Kind.ADD: "add", Kind.DROP: "drop", Kind.RELAX: "relax", Kind.DOC: "comment"}


@dataclass
class _Made:
    fields: list[Field]
    subject: str | None = None


@dataclass
class Warehouse:
    """What a plain catalog holds, and how it misbehaves."""

    tables: dict[str, _Made] = field(default_factory=dict)
    copies: dict[tuple[str, int], Document] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    writes: int = 0
    down: bool = False
    slow: float = 0.0
    """Seconds that every change of a table takes."""
    fail_at: tuple[str, int, Literal["before", "after"]] | None = None

    def made_by_hand(self, name: str, *fields: Field) -> None:
        """Somebody else makes or alters a table."""
        known = self.tables.get(name)
        self.tables[name] = _Made(list(fields), known.subject if known else None)


WAREHOUSES: dict[str, Warehouse] = {}


class PlainCatalogConfig(CatalogConfig):
    """Which warehouse is meant."""

    warehouse: str


class PlainCatalog(Catalog[PlainCatalogConfig]):
    """Speaks to a warehouse."""

    type: ClassVar[str] = "plain_catalog"
    Config: ClassVar[builtins.type[CatalogConfig]] = PlainCatalogConfig

    def __init__(self, registry_id: str, config: PlainCatalogConfig) -> None:
        super().__init__(registry_id, config)
        self._warehouse = WAREHOUSES.setdefault(config.warehouse, Warehouse())

    @property
    def capabilities(self) -> Capabilities:
        """Documents of the three formats."""
        return Capabilities(frozenset({Format.AVRO, Format.JSON_SCHEMA, Format.PROTOBUF}))

    async def open(self) -> None:
        """Nothing to prepare."""

    async def close(self) -> None:
        """Nothing to give back."""

    async def _called(self, name: str, when: Literal["before", "after"]) -> None:
        await asyncio.sleep(0)
        warehouse = self._warehouse
        if when == "before":
            warehouse.calls[name] += 1
        if warehouse.down:
            raise Unreachable("the warehouse does not answer")
        if warehouse.fail_at is None or (warehouse.fail_at[0], warehouse.fail_at[2]) != (name, when):
            return
        _, left, side = warehouse.fail_at
        warehouse.fail_at = (name, left - 1, side) if left else None
        if not left:
            raise Unreachable(f"the answer to {name} was lost", sent=when == "after")

    async def ping(self) -> Ping:
        """Whether the warehouse is there."""
        await self._called("ping", "before")
        return Ping(version="1")

    # --- tables

    def table_of(self, subject: str) -> str:
        """`main.<subject>`, a three-part name as it is."""
        if not subject or subject in {".", ".."} or subject.startswith(":") or not subject.isprintable():
            raise SubjectRefused(f"A plain catalog has no table for a subject called {subject!r}")
        return subject if subject.startswith("main.") else f"main.{subject}"

    def subject_of(self, table: str) -> str:
        """The table's own name."""
        return table

    async def tables(self) -> list[str]:
        """The names that the globs expose."""
        await self._called("tables", "before")
        names = self._warehouse.tables
        return sorted(name for name in names if any(fnmatchcase(name, glob) for glob in self.settings.tables))

    async def table(self, name: str) -> Table | None:
        """One table."""
        await self._called("table", "before")
        made = self._warehouse.tables.get(name)
        if made is None:
            return None
        columns = tuple(Column(each.name, _spelled(each), each.nullable, each.doc) for each in made.fields)
        return Table(name, columns, Struct(tuple(made.fields)), made.subject, "plain")

    def plan(self, subject: str, wanted: Model, current: Table | None) -> Plan:
        """Columns can be added when they are nullable, dropped, relaxed and commented; types stay."""
        root = wanted.meaning(wanted.root)
        assert isinstance(root, Struct)
        name = self.table_of(subject)
        fields = [replace(each, id=None) for each in root.fields]
        if current is None:
            step = Step("create", "", f"create {name}", {"subject": subject, "fields": fields})
            return Plan(name, (step,))
        steps, impossible = [], []
        for change in changes(current.model, Struct(tuple(fields))):
            done = _DONE.get(change.kind)
            if done is None or (change.kind is Kind.ADD and change.after is not None and not change.after.nullable):
                impossible.append(f"{change.kind} {change.name}")
            else:
                steps.append(Step(done, change.name, f"{done} {change.name}", {"field": change.after}))
        if current.subject is None:
            steps.append(Step("mark", "", f"mark {name}", {"subject": subject}))
        return Plan(name, tuple(steps), tuple(impossible))

    async def apply(self, table: str, step: Step) -> None:
        """Does one step."""
        await self._called("apply", "before")
        if self._warehouse.slow:
            await asyncio.sleep(self._warehouse.slow)
        self._warehouse.writes += 1
        if step.what == "create":
            self._warehouse.tables.setdefault(table, _Made(list(step.arguments["fields"]), step.arguments["subject"]))
        else:
            self._altered(self._warehouse.tables[table], step)
        await self._called("apply", "after")

    @staticmethod
    def _altered(made: _Made, step: Step) -> None:
        if step.what == "mark":
            made.subject = step.arguments["subject"]
            return
        at = next((number for number, each in enumerate(made.fields) if each.name == step.path), None)
        after: Any = step.arguments["field"]
        if step.what == "add" and at is None:
            made.fields.append(after)
        elif step.what == "drop" and at is not None:
            del made.fields[at]
        elif step.what in {"relax", "comment"} and at is not None:
            made.fields[at] = after
        elif step.what in {"relax", "comment"}:
            raise Incompatible(f"there is no column {step.path}")

    async def drop(self, table: str) -> None:
        """Drops a table."""
        await self._called("drop", "before")
        self._warehouse.writes += 1
        self._warehouse.tables.pop(table, None)

    # --- copies

    async def mirror(self, document: Document) -> None:
        """Keeps a copy."""
        await self._called("mirror", "before")
        self._warehouse.copies[(document.subject, document.version)] = document
        await self._called("mirror", "after")

    async def mirrored(self) -> Sequence[Document]:
        """Every copy."""
        await self._called("mirrored", "before")
        return list(self._warehouse.copies.values())

    async def unmirror(self, subject: str, version: int) -> None:
        """Removes a copy."""
        await self._called("unmirror", "before")
        self._warehouse.copies.pop((subject, version), None)


def _spelled(each: Field) -> str:
    return type(each.type).__name__.lower() + str(getattr(each.type, "bits", ""))
