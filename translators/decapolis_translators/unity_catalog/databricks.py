"""Databricks: tables are read through REST and altered through statements."""

from __future__ import annotations

from typing import Final

from decapolis_translators.catalog import Plan, Step
from decapolis_translators.errors import CredentialsRefused, RegistryFault, WriteConflict

from .calls import API, UnityCalls
from .config import UnityConfig
from .delta_plan import DeltaPlan
from .faults import Asked, NotThere
from .side import Side, missing_parent
from .statements import Statements
from .tables import UnityTable, Wanted

PAGE: Final = 10_000
"""The most summaries that one answer holds."""


class DatabricksSide(Side):
    """Speaks to a workspace of Databricks."""

    def __init__(self, config: UnityConfig, calls: UnityCalls) -> None:
        super().__init__(config, calls)
        self._statements = Statements(config, calls)
        self._looked = False

    async def prepare(self, *, anew: bool = False) -> None:
        """Looks for a warehouse where none is configured, once, and again with every ping."""
        if self._looked and not anew:
            return
        try:
            await self._statements.find()
        except CredentialsRefused as refused:  # who may not look for a warehouse may still read tables
            self._statements.why_not = str(refused)
        self._looked = True

    async def names(self) -> list[str]:
        """From the summaries of all schemas at once."""
        catalog = self.config.catalog
        query = {"catalog_name": catalog, "max_results": str(PAGE)}
        asked = Asked("the list of tables", f"USE CATALOG on {catalog}")
        try:
            tables = await self.calls.pages(f"{API}/table-summaries", query, "tables", asked)
        except NotThere:
            raise RegistryFault(f"Catalog '{catalog}' does not exist") from None
        return [str(each.get("full_name")) for each in tables]

    def plan(self, name: str, subject: str, wanted: Wanted, current: UnityTable | None) -> Plan:
        """Statements, each of which changes one thing."""
        plan = DeltaPlan(name, subject, wanted, self.config).run(current)
        if plan.steps and not plan.impossible and self._statements.why_not is not None:
            return Plan(name, (), (self._statements.why_not,), plan.losses)
        return plan

    async def apply(self, table: str, step: Step) -> None:
        """Runs the statement of a step."""
        try:
            await self._statements.run(step.text, table)
        except NotThere as absent:
            if absent.parent:
                raise missing_parent(table) from None
            raise WriteConflict(f"Table {table} was altered or dropped meanwhile: {absent}") from None
