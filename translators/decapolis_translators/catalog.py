"""What a catalog must be able to say: it holds tables and columns, and the gateway holds documents for it.

A catalog is no registry: nobody can put a version of a schema there and read the same bytes back. So its contract is smaller
than `contract.Translator`'s. The gateway keeps documents, versions and ids; the catalog is given a copy of them where it has
a place for one (`mirror`), and its tables follow the newest document (`plan`, `apply`).
"""

from __future__ import annotations

import builtins
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import Field

from decapolis_formats import Schema
from decapolis_formats.options import Dialect
from decapolis_formats.types import Loss, Model, Struct

from .contract import Capabilities, Ping, TranslatorConfig


class Projection(StrEnum):
    """What becomes of a subject's table when its document changes."""

    TABLE = "table"
    """The table is made and altered."""
    ATTACH = "attach"
    """The table is somebody else's: it is compared with, never changed."""
    NONE = "none"
    """There is no table; the document is everything."""


class OnDrift(StrEnum):
    """What a write does when somebody altered the table since the last one."""

    REFUSE = "refuse"
    ADOPT = "adopt"
    IGNORE = "ignore"


class CatalogConfig(TranslatorConfig):
    """What every catalog is configured with."""

    projection: Projection = Field(
        default=Projection.TABLE, description="alter tables, only compare, or keep documents"
    )
    projection_wait: float = Field(default=2.0, ge=0, le=3.5, description="seconds that an answer waits for its table")
    on_drift: OnDrift = Field(default=OnDrift.REFUSE, description="when somebody altered the table by hand")
    tables: tuple[str, ...] = Field(default=("*",), description="globs: the tables that are shown as subjects")
    drop_on_permanent_delete: bool = Field(
        default=False, description="drop a table that the gateway made when its subject is deleted for good"
    )


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the catalog spells it."""

    name: str
    type: str
    nullable: bool = True
    doc: str | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it is now: its columns in the catalog's words and in the type model, and whose it is."""

    name: str
    columns: tuple[Column, ...]
    model: Struct
    subject: str | None = None
    """The subject that the gateway made it for; None for a table of somebody else."""
    kind: str | None = None
    native_ref: str | None = None
    doc: str | None = None

    @property
    def fingerprint(self) -> str:
        """Changes exactly when a name, a type, an order or a nullability does; comments do not count."""
        said = [[column.name, column.type, column.nullable] for column in self.columns]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a table: repeating it changes nothing more."""

    what: str
    path: str
    text: str
    """What people see: the statement, or the change in words."""
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What must be done so that a table shows a document, and why it cannot be where it cannot."""

    table: str
    steps: tuple[Step, ...] = ()
    impossible: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One version of a subject with its public id, as a catalog is given it to keep."""

    subject: str
    version: int
    public_id: int
    schema: Schema
    deleted: bool = False
    created_ms: int | None = None


ConfigT = TypeVar("ConfigT", bound=CatalogConfig)


class Catalog(ABC, Generic[ConfigT]):
    """One catalog, spoken to in its own tongue.

    The guarantees 1, 2, 4 and 5 of `contract.Translator` hold here too: safe for concurrent use, opened without a network,
    only errors of `decapolis_translators.errors`, no retries and no caching. Absence is None, never an error.
    """

    type: ClassVar[str]
    Config: ClassVar[builtins.type[CatalogConfig]]
    sql_dialect: ClassVar[Dialect] = Dialect.ANSI
    """How its engine spells tables."""

    def __init__(self, registry_id: str, config: ConfigT) -> None:
        self.registry_id = registry_id
        self.settings = config

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """The formats whose documents it can show, and what it lacks and why; what the gateway adds is not among it."""

    @abstractmethod
    async def open(self) -> None:
        """Prepares clients and pools, without a call over the network."""

    @abstractmethod
    async def close(self) -> None:
        """Gives everything back."""

    @abstractmethod
    async def ping(self) -> Ping:
        """Asks the cheapest question that proves credentials."""

    # --- tables

    @abstractmethod
    def table_of(self, subject: str) -> str:
        """The full name of the table that a subject has; SubjectRefused where it can have none.

        Two subjects never have one table.
        """

    def admit(self, subject: str, schema: Schema) -> None:
        """Refuses what can never be held here, before anything is written; pure, nothing is asked or changed.

        SubjectRefused where the subject has no table; types whose place for copies is narrow raise TooLarge.
        """
        self.table_of(subject)

    @abstractmethod
    def subject_of(self, table: str) -> str:
        """Under which subject a table that nobody registered is shown."""

    @abstractmethod
    async def tables(self) -> list[str]:
        """The full names of all tables that the configured globs expose, sorted."""

    @abstractmethod
    async def table(self, name: str) -> Table | None:
        """One table as it is now, None where there is none."""

    @abstractmethod
    def plan(self, subject: str, wanted: Model, current: Table | None) -> Plan:
        """What must be done so that the subject's table shows a model; pure, nothing is asked or changed."""

    @abstractmethod
    async def apply(self, table: str, step: Step) -> None:
        """Does one step. Incompatible where the engine refuses it after all, WriteConflict where the table moved."""

    @abstractmethod
    async def drop(self, table: str) -> None:
        """Drops a table that the gateway made; nothing where it is gone."""

    # --- the copy of the documents

    @abstractmethod
    async def mirror(self, document: Document) -> None:
        """Keeps a copy of a version, or brings the one that is there up to date."""

    @abstractmethod
    async def mirrored(self) -> Sequence[Document]:
        """Every copy that is there, for the time when the gateway's store is lost; empty where there is no place."""

    @abstractmethod
    async def unmirror(self, subject: str, version: int) -> None:
        """Removes a copy for good; nothing where there is none."""
