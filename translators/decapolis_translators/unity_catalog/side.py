"""What both dialects share: reading and dropping a table by its full name."""

from __future__ import annotations

from abc import ABC, abstractmethod

from decapolis_translators.catalog import Plan, Step
from decapolis_translators.errors import NotPermitted, RegistryFault
from decapolis_translators.http import Call

from .calls import API, UnityCalls, segment
from .config import UnityConfig
from .faults import Asked, NotThere
from .tables import UnityTable, Wanted, table_in


def missing_parent(table: str) -> NotPermitted:
    """What is said where a table's catalog or schema does not exist."""
    schema = table.rpartition(".")[0]
    return NotPermitted(f"Schema {schema} does not exist: create it, or say `create_schemas: true`")


class Side(ABC):
    """One dialect of Unity Catalog."""

    def __init__(self, config: UnityConfig, calls: UnityCalls) -> None:
        self.config = config
        self.calls = calls
        self._orphans: set[str] = set()

    @abstractmethod
    async def prepare(self, *, anew: bool = False) -> None:
        """Finds out what must be known before a plan is made."""

    @abstractmethod
    async def names(self) -> list[str]:
        """The full names of all tables of the catalog."""

    @abstractmethod
    def plan(self, name: str, subject: str, wanted: Wanted, current: UnityTable | None) -> Plan:
        """What must be done so that the table shows the document."""

    @abstractmethod
    async def apply(self, table: str, step: Step) -> None:
        """Does one step of such a plan."""

    async def ping(self) -> None:
        """Proves the credentials, and that the catalog is there."""
        catalog = self.config.catalog
        asked = Asked(f"the catalog {catalog}", f"USE CATALOG on {catalog}")
        try:
            await self.calls.told(Call("GET", f"{API}/catalogs/{segment(catalog)}"), asked)
        except NotThere:
            raise RegistryFault(f"Catalog '{catalog}' does not exist") from None
        await self.prepare(anew=True)

    async def table(self, name: str) -> UnityTable | None:
        """One table as it is now."""
        await self.prepare()
        schema = name.rpartition(".")[0]
        asked = Asked(f"the table {name}", f"SELECT on {name}")
        try:
            said = await self.calls.told(Call("GET", f"{API}/tables/{segment(name)}"), asked)
        except NotThere as absent:
            (self._orphans.add if absent.parent else self._orphans.discard)(schema)
            return None
        self._orphans.discard(schema)
        return table_in(said, name)

    def is_orphan(self, name: str) -> bool:
        """Whether the last look at the table found that not even its schema exists."""
        return name.rpartition(".")[0] in self._orphans

    async def drop(self, table: str) -> None:
        """Drops a table; nothing where it is gone."""
        asked = Asked(f"to drop {table}", f"ownership of {table}", write=True)
        try:
            await self.calls.sent(Call("DELETE", f"{API}/tables/{segment(table)}", write=True), asked)
        except NotThere:
            return
